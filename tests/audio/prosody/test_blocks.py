import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import buzz

from audio.frame import SAMPLE_RATE, Samples, to_samples
from audio.prosody.blocks import BLOCK, LEAD_IN, Prosody, ProsodyBlock
from audio.prosody.pitch import HOPS

SOUND = np.concatenate(
    (buzz(130, 0.4), np.random.default_rng(5).normal(0, 0.05, 3000).astype(np.float32), buzz(220, 0.5))
)


def blocks(samples: Samples) -> list[ProsodyBlock]:
    prosody = Prosody()
    return prosody.feed(samples) + prosody.flush()


def column(samples: Samples, name: str) -> np.ndarray:
    return np.concatenate([getattr(block, name) for block in blocks(samples)])


@settings(max_examples=25)
@given(st.lists(st.integers(0, 4000), max_size=12))
def test_any_cut_gives_the_same_blocks(cuts: list[int]) -> None:
    prosody = Prosody()
    parts = [block for part in np.split(SOUND, np.cumsum(cuts)) for block in prosody.feed(part)] + prosody.flush()
    whole = blocks(SOUND)
    same(parts, whole)


@pytest.mark.parametrize("length", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 240, 5 * BLOCK + 241])
def test_blocks_cover_all_that_was_heard(length: int) -> None:
    found = blocks(np.zeros(length, np.float32))
    assert [block.start for block in found] == list(range(0, length, BLOCK))
    assert all(len(block.f0) == HOPS for block in found)


def test_a_block_comes_115_ms_after_its_end() -> None:
    prosody = Prosody()
    assert prosody.feed(np.zeros(BLOCK + to_samples(0.115) - 1, np.float32)) == []
    assert [block.start for block in prosody.feed(np.zeros(1, np.float32))] == [0]


def test_loudness_is_the_rms_in_db() -> None:
    sine = (0.1 * np.sin(2 * np.pi * 500 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)).astype(np.float32)
    np.testing.assert_allclose(column(sine, "loudness")[3:-3], -23.01, atol=0.05)
    np.testing.assert_allclose(column(np.zeros(SAMPLE_RATE, np.float32), "loudness"), -120)


def test_speech_after_a_silence_that_was_passed_over_is_measured_as_if_it_had_not_been() -> None:
    silence = np.random.default_rng(7).normal(0, 1e-3, 20 * BLOCK).astype(np.float32)
    spoken = np.concatenate((buzz(180, 0.5), silence[: 3 * BLOCK], buzz(120, 0.5)))
    whole, prosody = blocks(np.concatenate((silence, spoken))), Prosody()
    prosody.pass_over(silence[: 12 * BLOCK + 77])
    prosody.pass_over(silence[12 * BLOCK + 77 :])
    found = prosody.feed(spoken) + prosody.flush()
    assert found[0].start >= (20 - 1 - LEAD_IN) * BLOCK
    same(found[LEAD_IN:], [block for block in whole if block.start >= found[LEAD_IN].start])


def same(some: list[ProsodyBlock], others: list[ProsodyBlock]) -> None:
    for one, other in zip(some, others, strict=True):
        assert one.start == other.start
        for name in ("f0", "loudness", "tilt", "harmonicity", "syllable"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
