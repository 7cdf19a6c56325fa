"""Real speech as the rooms hear it, telephone lines, and the notation in which tests write who speaks when."""

from pathlib import Path

import numpy as np
import soxr

from audio.frame import SAMPLE_RATE, Samples
from audio.intake import Intake
from audio.sources.files import open_recording
from audio.speech.turns import Voice
from audio.speech.vad import WINDOW


def hear(path: Path) -> tuple[Samples, ...]:
    """The channels of a recording, through our own decoder and intake."""
    recording = open_recording(path)
    intake = Intake(recording.rate, recording.layout)
    parts = [part for block in recording.blocks() for part in intake.feed(block)] + intake.flush()
    return tuple(np.concatenate([samples for c, samples in parts if c is channel]) for channel in recording.layout)


def over_a_phone(samples: Samples) -> Samples:
    """The same after an 8 kHz line with 8 bits of mu-law."""
    line = soxr.resample(samples, SAMPLE_RATE, 8_000).clip(-1, 1)
    code = np.round(np.sign(line) * np.log1p(255 * np.abs(line)) / np.log(256) * 127) / 127
    heard = np.sign(code) * (256 ** np.abs(code) - 1) / 255
    return np.asarray(soxr.resample(heard.astype(np.float32), 8_000, SAMPLE_RATE)[: len(samples)])


def buzz(f0: float, seconds: float, partials: range = range(1, 20)) -> Samples:
    """A voice of the simplest kind: equal partials of one pitch."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    waves = [np.sin(2 * np.pi * k * f0 * t + k * k) for k in partials if k * f0 < 7_000]
    return (0.2 * np.sum(waves, axis=0) / np.sqrt(len(waves))).astype(np.float32)


def voices(pattern: str) -> list[Voice]:
    """A window for each character: "#" speech, "-" a doubt that goes on but does not begin, "." none."""
    probability = {"#": 0.95, "-": 0.4, ".": 0.02}
    return [Voice((k + 1) * WINDOW, probability[mark]) for k, mark in enumerate(pattern)]
