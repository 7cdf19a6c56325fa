"""The calls that benchmarks run on."""

import numpy as np
import pytest

from audio.frame import STEREO, Channel
from benchmarks.calls import DEMO_CALL, load_call
from benchmarks.laid_calls import lay_call
from models.training.corpora import Clip, clips


@pytest.fixture
def actors(data: object) -> tuple[list[Clip], list[Clip]]:
    """A customer and an agent, of the development speakers."""
    return tuple([clip for clip in clips("ravdess", "dev") if clip.speaker == who] for who in ("16", "17"))  # type: ignore[return-value]


def test_the_demo_call_has_both_speakers_at_16_khz() -> None:
    call = load_call(DEMO_CALL)
    assert tuple(call.channels) == STEREO
    assert 75 * 16_000 <= call.length <= 95 * 16_000


def test_anger_begins_at_the_onset_to_the_sample(actors: tuple[list[Clip], list[Clip]]) -> None:
    call, calm = lay_call(*actors, "angry", seed=3, turns=2), lay_call(*actors, None, seed=3, turns=2)
    assert call.onset is not None
    customer = call.channels[Channel.CUSTOMER]
    np.testing.assert_array_equal(customer[: call.onset], calm.channels[Channel.CUSTOMER][: call.onset])
    assert not np.array_equal(
        customer[call.onset : call.onset + 16_000], calm.channels[Channel.CUSTOMER][call.onset : call.onset + 16_000]
    )


def test_a_call_that_stays_calm_has_no_onset(actors: tuple[list[Clip], list[Clip]]) -> None:
    assert lay_call(*actors, None, seed=1, turns=1).onset is None


def test_one_speaks_at_a_time(actors: tuple[list[Clip], list[Clip]]) -> None:
    call = lay_call(*actors, None, seed=1, turns=2)
    assert not np.any((call.channels[Channel.AGENT] != 0) & (call.channels[Channel.CUSTOMER] != 0))


def test_an_emotion_that_an_actor_never_shows_is_refused(actors: tuple[list[Clip], list[Clip]]) -> None:
    with pytest.raises(ValueError, match="Expected clips of bored by ravdess 16; found none"):
        lay_call(*actors, "bored", seed=1)
