from pathlib import Path

import numpy as np
import pytest
from sounds import buzz, hear

from audio.frame import FRAME, SAMPLE_RATE, Samples, to_samples
from audio.prosody.blocks import BLOCK, LATE, Prosody, ProsodyBlock
from audio.prosody.window import ProsodySummary, ProsodyWindow, summarise
from models.training.data.corpora import clips


def hear_all(window: ProsodyWindow, samples: Samples, speaking: bool = True) -> None:
    for start in range(0, len(samples), FRAME):
        window.feed(samples[start : start + FRAME], speaking)


def summary(samples: Samples) -> ProsodySummary:
    window = ProsodyWindow()
    hear_all(window, np.concatenate((samples, np.zeros(LATE + BLOCK, np.float32))))
    summed = window.summary()
    assert summed is not None
    return summed


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
    hear_all(window, buzz(150, 0.9 + LATE / SAMPLE_RATE))
    hear_all(window, buzz(150, 0.3), speaking=False)
    assert window.summary() is None


def test_the_summary_rests_on_the_last_three_seconds_of_speech() -> None:
    window = ProsodyWindow()
    hear_all(window, np.concatenate((buzz(100, 3.0), buzz(200, 3.4))))
    summed = window.summary()
    assert summed is not None
    assert summed.speech == to_samples(3.0)
    assert summed.f0_hz == pytest.approx(200, rel=0.01)
    assert summed.f0_range_st == pytest.approx(0, abs=0.1)


def test_speech_is_forgotten_after_ten_seconds_of_silence() -> None:
    window = ProsodyWindow()
    hear_all(window, buzz(150, 2.2))
    left = [window.summary() is not None]
    for _ in range(24):
        hear_all(window, np.zeros(to_samples(0.5), np.float32), speaking=False)
        left.append(window.summary() is not None)
    assert sum(left) == pytest.approx(19, abs=1)  # a second of the speech is younger than 10 s for 9.5 s or so
    assert left == sorted(left, reverse=True)


@pytest.mark.parametrize("asked_every_s", [0.1, 0.5, 2.0])
def test_measuring_only_around_speech_changes_nothing(recorded_call: Path, asked_every_s: float) -> None:
    samples = hear(recorded_call)[1][: 60 * SAMPLE_RATE]
    loud = [bool(np.abs(frame).max() > 0.03) for frame in samples.reshape(-1, FRAME)]
    window, every, summaries = ProsodyWindow(), to_samples(asked_every_s) // FRAME, 0
    measured = Prosody().feed(samples)
    for k, speaking in enumerate(loud):
        window.feed(samples[k * FRAME : (k + 1) * FRAME], speaking)
        if (k + 1) % every == 0:
            come = [block for block in measured if frame_of(block) <= k]
            spoken = [block for block in come if loud[frame_of(block)]]
            recent = [block for block in spoken[-30:] if block.start >= len(come) * BLOCK - to_samples(10)]
            assert window.summary() == (summarise(recent) if len(recent) >= 10 else None)
            summaries += len(recent) >= 10
    assert summaries > 10


def frame_of(block: ProsodyBlock) -> int:
    """The frame with which a block comes."""
    return -(-(block.start + BLOCK + LATE) // FRAME) - 1


def test_a_whisper_has_loudness_but_no_pitch() -> None:
    whisper = summary(np.random.default_rng(2).normal(0, 0.1, 2 * SAMPLE_RATE).astype(np.float32))
    assert whisper.loudness_db == pytest.approx(-20, abs=0.5)
    assert whisper.f0_hz < 600
