"""A clean recording as it may reach the model live: a window cut anywhere, in some voice, room, crowd, over some line.

In: 16 kHz float32 and a random generator. Out: the same, changed. So few actors teach more voices and more lines.
Training and benchmarks only; about 10 ms a window.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr

from audio.frame import SAMPLE_RATE, Samples
from models.training.data.line import NOMINAL_DB, Codec, Line, carried
from models.training.data.noise import babble, in_a_room, line_noise, mixed

CODECS: tuple[Codec, ...] = ("mu-law", "a-law", "opus", "none")
BAD_LINE = Line("mu-law", lost=0.02)  # and a crowd 15 dB under the voice: what the figures for bad lines are read on
BAD_SNR_DB = 15.0


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How often and how far. Shares are of windows, 0..1; ranges are drawn from evenly."""

    seconds: tuple[float, float] = (1.0, 5.0)  # of a window
    speed: float = 0.12  # up to so much slower and lower, or faster and higher; natural logarithm
    room: float = 0.15
    noise: float = 0.6  # half of it babble, half of it the line's own
    snr_db: tuple[float, float] = (5.0, 25.0)
    codecs: tuple[float, ...] = (0.25, 0.15, 0.2, 0.4)  # shares of CODECS
    gain_db: tuple[float, float] = (-20.0, 10.0)  # against the nominal level
    gain_control: float = 0.15
    loss: float = 0.3  # windows that lose packets
    lost: tuple[float, float] = (0.005, 0.05)  # share of the packets
    bit_rates: tuple[int, ...] = (8_000, 12_000, 16_000, 24_000)  # of Opus
    clipping: float = 0.1  # windows whose loudest samples are cut off
    clipped: float = 0.01  # share of samples that are, at most


def speech_window(
    clip: Samples, crowd: Sequence[Samples], random: np.random.Generator, settings: Augmentation
) -> Samples:
    """A window of the clip as it may come in; `crowd` are the voices that babble is made of."""
    length = int(random.uniform(*settings.seconds) * SAMPLE_RATE)
    start = random.integers(max(1, len(clip) - length))
    speed = np.exp(random.uniform(-settings.speed, settings.speed))
    window: Samples = soxr.resample(clip[start : start + length], SAMPLE_RATE, SAMPLE_RATE * speed)
    if random.random() < settings.room:
        window = in_a_room(window, random)
    if random.random() < settings.noise:
        behind = babble(crowd, len(window), random) if random.random() < 0.5 else line_noise(len(window), random)
        window = mixed(window, behind, random.uniform(*settings.snr_db))
    if random.random() < settings.clipping:
        most = np.quantile(np.abs(window), 1 - random.uniform(0, settings.clipped))
        window = np.clip(window, -most, most)
    return carried(window, _some_line(random, settings), random)


def over_a_bad_line(voice: Samples, crowd: Sequence[Samples], random: np.random.Generator) -> Samples:
    """A crowd 15 dB under the voice, 8 kHz mu-law, 2 % of the packets lost."""
    return carried(mixed(voice, babble(crowd, len(voice), random), BAD_SNR_DB), BAD_LINE, random)


def _some_line(random: np.random.Generator, settings: Augmentation) -> Line:
    return Line(
        codec=CODECS[int(random.choice(len(CODECS), p=settings.codecs))],
        level_db=NOMINAL_DB + random.uniform(*settings.gain_db),
        gain_control=random.random() < settings.gain_control,
        lost=random.uniform(*settings.lost) if random.random() < settings.loss else 0.0,
        bit_rate=int(random.choice(settings.bit_rates)),
    )
