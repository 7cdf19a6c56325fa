from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import buzz, hear

from audio.frame import SAMPLE_RATE, Samples, to_samples
from audio.prosody import BLOCK, HOPS, Prosody, ProsodyBlock, ProsodySummary, ProsodyWindow
from models.training.corpora import clips

SOUND = np.concatenate(
    (buzz(130, 0.4), np.random.default_rng(5).normal(0, 0.05, 3000).astype(np.float32), buzz(220, 0.5))
)


def blocks(samples: Samples) -> list[ProsodyBlock]:
    prosody = Prosody()
    return prosody.feed(samples) + prosody.flush()


def column(samples: Samples, name: str) -> np.ndarray:
    return np.concatenate([getattr(block, name) for block in blocks(samples)])


def summary(samples: Samples) -> ProsodySummary:
    window = ProsodyWindow()
    for block in blocks(samples):
        window.feed(block, speaking=True)
    summed = window.summary()
    assert summed is not None
    return summed


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4000), max_size=12))
def test_any_cut_gives_the_same_blocks(cuts: list[int]) -> None:
    prosody = Prosody()
    parts = [block for part in np.split(SOUND, np.cumsum(cuts)) for block in prosody.feed(part)] + prosody.flush()
    whole = blocks(SOUND)
    assert len(parts) == len(whole)
    for one, other in zip(parts, whole, strict=True):
        assert one.start == other.start
        for name in ("f0", "loudness", "tilt", "harmonicity", "syllable"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


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


def test_a_clear_voice_is_more_harmonic_than_a_hoarse_one() -> None:
    clear = buzz(150, 1.0)
    hoarse = clear + np.random.default_rng(1).normal(0, np.std(clear) / 10**0.5, len(clear)).astype(np.float32)  # 10 dB
    assert summary(clear).harmonicity_db > 25
    assert summary(hoarse).harmonicity_db == pytest.approx(10, abs=2)


def test_tilt_tells_bright_from_dull() -> None:
    dull, bright = (buzz(200, 1.0, partials) for partials in (range(2, 5), range(6, 15)))
    assert summary(dull).tilt_db < -20
    assert summary(bright).tilt_db > 20


def test_an_angry_voice_is_louder_higher_and_brighter_than_the_same_voice_neutral(data: Path) -> None:
    for speaker in ("19", "20", "21", "22", "23", "24"):
        angry, neutral = (
            summary(np.concatenate([hear(data / path)[0] for path in said(speaker, emotion)]))
            for emotion in ("angry", "neutral")
        )
        assert angry.loudness_db > neutral.loudness_db, speaker
        assert angry.f0_hz > neutral.f0_hz, speaker
        assert angry.tilt_db > neutral.tilt_db, speaker


def said(speaker: str, emotion: str) -> list[Path]:
    corpus = clips("ravdess", "test")
    return [clip.path for clip in corpus if (clip.speaker, clip.emotion) == (speaker, emotion)][-2:]


def test_there_is_no_summary_of_less_than_a_second_of_speech() -> None:
    window = ProsodyWindow()
    spoken = blocks(buzz(150, 1.0))
    for block in spoken[:-1]:
        window.feed(block, speaking=True)
    window.feed(spoken[-1], speaking=False)
    assert window.summary() is None


def test_the_summary_rests_on_the_last_three_seconds_of_speech() -> None:
    low, high = buzz(100, 3.0), buzz(200, 3.0)
    summed = summary(np.concatenate((low, high)))
    assert summed.speech == to_samples(3.0)
    assert summed.f0_hz == pytest.approx(200, rel=0.01)
    assert summed.f0_range_st == pytest.approx(0, abs=0.1)


def test_speech_is_forgotten_after_ten_seconds_of_silence() -> None:
    window = ProsodyWindow()
    found = blocks(np.concatenate((buzz(150, 2.0), np.zeros(to_samples(9.5), np.float32))))
    for k, block in enumerate(found):
        window.feed(block, speaking=k < 20)
        assert (window.summary() is None) == (k < 9 or k > 109)


def test_a_whisper_has_loudness_but_no_pitch() -> None:
    whisper = summary(np.random.default_rng(2).normal(0, 0.1, 2 * SAMPLE_RATE).astype(np.float32))
    assert whisper.loudness_db == pytest.approx(-20, abs=0.5)
    assert whisper.f0_hz < 600
