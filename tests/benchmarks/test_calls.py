"""The calls that benchmarks run on."""

import numpy as np
import pytest

from audio.frame import STEREO, Channel
from benchmarks.calls import DEMO_CALL, load_call
from benchmarks.tone.laid_calls import ANGRY, CALM, CHEERFUL, HAPPY, Mood, lay_call
from models.training.data.corpora import Clip, clips


@pytest.fixture
def actors(data: object) -> tuple[list[Clip], list[Clip]]:
    """A customer and an agent, of the development speakers."""
    return tuple([clip for clip in clips("ravdess", "dev") if clip.speaker == who] for who in ("16", "17"))  # type: ignore[return-value]


def test_the_demo_call_has_both_speakers_at_16_khz() -> None:
    call = load_call(DEMO_CALL)
    assert tuple(call.channels) == STEREO
    assert 75 * 16_000 <= call.length <= 95 * 16_000


def test_anger_begins_at_the_onset_to_the_sample(actors: tuple[list[Clip], list[Clip]]) -> None:
    call = lay_call(*actors, (CALM, CALM, ANGRY), seed=3, per_turn=1)
    calm = lay_call(*actors, (CALM, CALM, CALM), seed=3, per_turn=1)
    assert call.onset is not None
    before, after = slice(call.onset), slice(call.onset, call.onset + 16_000)
    customer, same = call.channels[Channel.CUSTOMER], calm.channels[Channel.CUSTOMER]
    np.testing.assert_array_equal(customer[before], same[before])
    assert not np.array_equal(customer[after], same[after])


@pytest.mark.parametrize("mood", [CALM, HAPPY])
def test_a_call_without_anger_has_no_onset(actors: tuple[list[Clip], list[Clip]], mood: Mood) -> None:
    assert lay_call(*actors, (CALM, mood), seed=1, per_turn=1).onset is None


def test_one_who_is_angry_from_the_first_word_begins_after_the_agent(actors: tuple[list[Clip], list[Clip]]) -> None:
    call = lay_call(*actors, (ANGRY, ANGRY), seed=1, per_turn=1)
    customer = call.channels[Channel.CUSTOMER]
    assert call.onset
    assert not np.any(customer[: call.onset])
    assert np.any(customer[call.onset : call.onset + 160])


def test_loud_cheer_is_joy_played_with_full_strength_and_louder(actors: tuple[list[Clip], list[Clip]]) -> None:
    strong = [clip for clip in actors[0] if clip.intensity == "strong" or clip.emotion != "happy"]
    loud = lay_call(*actors, (CHEERFUL,), seed=1, per_turn=2).channels[Channel.CUSTOMER]
    plain = lay_call(strong, actors[1], (HAPPY,), seed=1, per_turn=2).channels[Channel.CUSTOMER]
    np.testing.assert_allclose(loud, 10 ** (6 / 20) * plain, rtol=1e-6)


def test_one_speaks_at_a_time(actors: tuple[list[Clip], list[Clip]]) -> None:
    call = lay_call(*actors, (CALM, CALM), seed=1, per_turn=3)
    assert not np.any((call.channels[Channel.AGENT] != 0) & (call.channels[Channel.CUSTOMER] != 0))


def test_an_emotion_that_an_actor_never_shows_is_refused(actors: tuple[list[Clip], list[Clip]]) -> None:
    with pytest.raises(ValueError, match="Expected clips of bored by ravdess 16; found none"):
        lay_call(*actors, (Mood("bored", ("bored",)),), seed=1, per_turn=1)
