"""The telephone line: 24 kHz speech in, 8 kHz of narrow band out, and the noise that a line carries.

A handset's band (300-3400 Hz, as in ITU-T G.712), a microphone that a loud voice overdrives, a room behind each
speaker, and 8-bit mu-law (ITU-T G.711). Everything random comes from the generator that is handed in.
"""

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy import signal

from benchmarks.generators.voices import RATE

LINE_RATE = 8_000  # Hz
BAND = signal.butter(3, (290, 3450), "bandpass", fs=LINE_RATE, output="sos")
MURMUR = signal.butter(1, 500, "lowpass", fs=LINE_RATE, output="sos")
MU = 255


def on_the_line(speech: NDArray[np.float64], level: float, drive: float) -> NDArray[np.float64]:
    """Speech of one line [shape=(n,)] in the telephone band, at `level` dB re full scale while it is spoken."""
    narrow = signal.sosfilt(BAND, soxr.resample(speech, RATE, LINE_RATE))
    narrow /= active_rms(narrow)
    if drive:
        narrow = np.tanh(drive * narrow)
        narrow = signal.sosfilt(BAND, narrow / active_rms(narrow))
    return np.asarray(narrow * 10 ** (level / 20))


def active_rms(speech: NDArray[np.float64]) -> float:
    """RMS over the 20 ms frames within 30 dB of the loudest."""
    frame = LINE_RATE // 50
    power = np.square(speech[: len(speech) // frame * frame]).reshape(-1, frame).mean(axis=1)
    return float(np.sqrt(power[power > power.max() * 1e-3].mean()))


def room(samples: int, level: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """What is heard where nobody speaks: the slow, low murmur of a room, `level` dB re full scale."""
    swell_times = np.arange(0, samples + LINE_RATE, LINE_RATE // 2)
    swell = 1 + 0.3 * np.interp(np.arange(samples), swell_times, rng.standard_normal(len(swell_times)))
    murmur = signal.sosfilt(MURMUR, rng.standard_normal(samples)) * swell
    noise = signal.sosfilt(BAND, 0.3 * rng.standard_normal(samples) + 4 * murmur)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)) * 10 ** (level / 20))


def through_mu_law(samples: NDArray[np.float64]) -> NDArray[np.int16]:
    """The 16-bit samples that come out of an 8-bit mu-law line."""
    loud = np.sign(samples) * np.log1p(MU * np.minimum(np.abs(samples), 1)) / np.log1p(MU)
    steps = np.round(loud * 127) / 127
    linear = np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(MU)) / MU
    return np.asarray(np.round(linear * 32767), np.int16)
