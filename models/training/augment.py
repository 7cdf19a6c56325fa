"""What a clean recording becomes on its way through a phone, and what a phone carries besides speech.

In: 16 kHz float32 and a random generator. Out: the same, changed. So few actors teach more voices, and the model hears
in training what it will hear live: windows that begin and end anywhere, at any level, over any line. Training only.
"""

from collections.abc import Sequence

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from audio.frame import SAMPLE_RATE, Samples

Wave = NDArray[np.float32] | NDArray[np.float64]  # [shape=(n,)]

LINE_RATE = 8_000  # Hz, G.711
MU = 255
_LINE_BAND = butter(4, (300, 3400), "bandpass", fs=LINE_RATE, output="sos")  # Hz
_BELL = (350.0, 440.0, 480.0, 620.0)  # Hz, of dial, ringing and busy tones (ITU-T E.180, North America)


def speech_window(clip: Samples, random: np.random.Generator) -> Samples:
    """1 to 3.2 s from anywhere in the clip, in a voice up to 12 % slower and lower or faster and higher, with noise,
    and six times in ten over a telephone line."""
    length = int(random.uniform(1.0, 3.2) * SAMPLE_RATE)
    start = random.integers(max(1, len(clip) - length))
    window = soxr.resample(clip[start : start + length], SAMPLE_RATE, SAMPLE_RATE * np.exp(random.uniform(-0.12, 0.12)))
    if random.random() < 0.6:
        faint = root_mean_square(window) * 10 ** (-random.uniform(8, 35) / 20)
        window = window + faint * coloured_noise(len(window), random)
    return telephone(window, level_db=random.uniform(-40, -10)) if random.random() < 0.6 else window.astype(np.float32)


def telephone(samples: Wave, level_db: float = -20.0) -> Samples:
    """Through a G.711 line: 8 kHz, 300-3400 Hz, at `level_db` (RMS re full scale), mu-law."""
    narrow = sosfilt(_LINE_BAND, soxr.resample(samples, SAMPLE_RATE, LINE_RATE))
    narrow = np.clip(narrow / root_mean_square(narrow) * 10 ** (level_db / 20), -1, 1)
    code = np.round(127 * np.sign(narrow) * np.log1p(MU * np.abs(narrow)) / np.log1p(MU)) / 127
    decoded = np.sign(code) * np.expm1(np.abs(code) * np.log1p(MU)) / MU
    heard: Samples = soxr.resample(decoded, LINE_RATE, SAMPLE_RATE).astype(np.float32)
    return heard


def not_speech(clips: Sequence[Samples], random: np.random.Generator) -> Samples:
    """1 to 3.2 s of what a line carries besides speech: noise, hum, signal tones, music on hold, a far crowd."""
    length = int(random.uniform(1.0, 3.2) * SAMPLE_RATE)
    kind = random.integers(4)
    sound: Wave
    if kind == 0:
        sound = coloured_noise(length, random)
    elif kind == 1:
        sound = _signal_tones(length, random)
    elif kind == 2:
        sound = _music(length, random)
    else:
        sound = _speech_shaped_noise(clips[int(random.integers(len(clips)))], length, random)
    sound = sound + 10 ** (-random.uniform(10, 60) / 20) * coloured_noise(length, random)
    return telephone(sound, level_db=random.uniform(-40, -10)) if random.random() < 0.6 else sound.astype(np.float32)


def coloured_noise(length: int, random: np.random.Generator) -> Samples:
    """From white to brown noise at RMS 1."""
    spectrum = np.fft.rfft(random.standard_normal(length))
    spectrum /= np.arange(1, len(spectrum) + 1) ** random.uniform(0, 1)
    noise = np.fft.irfft(spectrum, length)
    return (noise / root_mean_square(noise)).astype(np.float32)


def root_mean_square(samples: Wave) -> float:
    return float(np.sqrt(np.mean(np.square(samples)) + 1e-12))


def _signal_tones(length: int, random: np.random.Generator) -> Wave:
    """Two tones, steady or in beats."""
    t = np.arange(length) / SAMPLE_RATE
    tones = np.sin(2 * np.pi * np.outer(random.choice(_BELL, 2, replace=False), t)).sum(axis=0)
    beat = random.uniform(0.2, 2.0)  # seconds
    return np.where(t % beat < beat / 2, tones, 0.0) if random.random() < 0.5 else tones


def _music(length: int, random: np.random.Generator) -> Wave:
    """Plucked or held chords of a few harmonics, two to six a second."""
    sound = np.zeros(length)
    step = int(SAMPLE_RATE / random.uniform(2, 6))
    decay = random.uniform(0.2, 3.0)  # seconds
    for start in range(0, length, step):
        t = np.arange(length - start) / SAMPLE_RATE
        for note in random.choice(np.arange(-20, 16), random.integers(1, 4), replace=False):
            pitch = 440 * 2 ** (note / 12)
            for harmonic in range(1, 6):
                sound[start:] += np.sin(2 * np.pi * harmonic * pitch * t) * np.exp(-t / decay) / harmonic**1.5
    return sound / root_mean_square(sound)


def _speech_shaped_noise(clip: Samples, length: int, random: np.random.Generator) -> Wave:
    """Noise with the long-term spectrum of a clip: a crowd too far away to be told apart."""
    spectrum = np.abs(np.fft.rfft(np.resize(clip, length)))
    noise = np.fft.irfft(spectrum * np.exp(2j * np.pi * random.random(len(spectrum))), length)
    return noise / root_mean_square(noise)
