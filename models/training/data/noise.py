"""What else is heard beside a voice: people talking behind it, the line's own noise, the room.

In: 16 kHz float32 and a random generator. Out: the same, with it. Sounds made here have RMS 1 until `mixed` gives them
their level. Babble is made of the training corpus's own speakers, so that no other recording is needed.
"""

from collections.abc import Sequence

import numpy as np
from scipy.signal import fftconvolve

from audio.frame import SAMPLE_RATE, Samples
from models.training.data.line import Wave, root_mean_square

_DIRECT_S = 0.0025  # the direct sound of a room's response


def mixed(voice: Wave, noise: Wave, snr_db: float) -> Samples:
    """The voice, and the noise so far under it (RMS against RMS)."""
    level = root_mean_square(voice) / root_mean_square(noise) * 10 ** (-snr_db / 20)
    return np.asarray(voice + level * noise, np.float32)


def babble(voices: Sequence[Samples], length: int, random: np.random.Generator) -> Samples:
    """Three to eight of the voices at once, each from anywhere and as loud as the next. [shape=(length,)]"""
    together = np.zeros(length, np.float32)
    for index in random.choice(len(voices), min(len(voices), int(random.integers(3, 9))), replace=False):
        voice = voices[index]
        part = np.resize(np.roll(voice, -int(random.integers(len(voice)))), length)
        together += (part / root_mean_square(part)).astype(np.float32)
    return together / np.float32(root_mean_square(together))


def line_noise(length: int, random: np.random.Generator) -> Samples:
    """Hiss from white to brown, sometimes with the mains' hum in it. [shape=(length,)]"""
    noise = coloured_noise(length, random)
    if random.random() < 0.3:
        mains = random.choice((50.0, 60.0))  # Hz
        t = np.arange(length) / SAMPLE_RATE
        hum = sum(random.random() * np.sin(2 * np.pi * mains * k * t) for k in range(1, 12))
        noise = mixed(noise, np.asarray(hum, np.float32), random.uniform(-6, 6))
    return noise


def coloured_noise(length: int, random: np.random.Generator) -> Samples:
    """From white to brown noise at RMS 1. [shape=(length,)]"""
    spectrum = np.fft.rfft(random.standard_normal(length))
    spectrum /= np.arange(1, len(spectrum) + 1) ** random.uniform(0, 1)
    noise = np.fft.irfft(spectrum, length)
    return (noise / root_mean_square(noise)).astype(np.float32)


def in_a_room(voice: Wave, random: np.random.Generator) -> Samples:
    """The voice and its echo, which dies away by 60 dB in 0.15 to 0.6 s and is 3 to 15 dB fainter than the voice."""
    dies_s = random.uniform(0.15, 0.6)
    t = np.arange(int(dies_s * SAMPLE_RATE)) / SAMPLE_RATE
    echo = random.standard_normal(len(t)) * 10 ** (-3 * t / dies_s) * (t > _DIRECT_S)
    echo *= 10 ** (-random.uniform(3, 15) / 20) / np.sqrt(np.sum(np.square(echo)))
    echo[0] = 1
    return np.asarray(fftconvolve(voice, echo)[: len(voice)], np.float32)
