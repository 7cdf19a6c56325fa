"""What a line carries besides speech: noise, hum, signal tones, music on hold, a far crowd.

In: voices that lend their spectrum, and a random generator. Out: 16 kHz float32, 1 to 5 s. So the model learns to say
"this is no speech". Training and tests only.
"""

from collections.abc import Sequence

import numpy as np

from audio.frame import SAMPLE_RATE, Samples
from models.training.data.line import Wave, root_mean_square, telephone
from models.training.data.noise import coloured_noise, line_noise

_BELL = (350.0, 440.0, 480.0, 620.0)  # Hz, of dial, ringing and busy tones (ITU-T E.180, North America)


def not_speech(voices: Sequence[Samples], random: np.random.Generator) -> Samples:
    """One of them, with noise, six times in ten over a telephone line."""
    length = int(random.uniform(1.0, 5.0) * SAMPLE_RATE)
    kind = random.integers(4)
    sound: Wave
    if kind == 0:
        sound = line_noise(length, random)
    elif kind == 1:
        sound = signal_tones(length, random)
    elif kind == 2:
        sound = music(length, random)
    else:
        sound = far_crowd(voices[int(random.integers(len(voices)))], length, random)
    sound = sound + 10 ** (-random.uniform(10, 60) / 20) * coloured_noise(length, random)
    return telephone(sound, level_db=random.uniform(-40, -10)) if random.random() < 0.6 else sound.astype(np.float32)


def signal_tones(length: int, random: np.random.Generator) -> Wave:
    """Two tones, steady or in beats."""
    t = np.arange(length) / SAMPLE_RATE
    tones = np.sin(2 * np.pi * np.outer(random.choice(_BELL, 2, replace=False), t)).sum(axis=0)
    beat = random.uniform(0.2, 2.0)  # seconds
    return np.where(t % beat < beat / 2, tones, 0.0) if random.random() < 0.5 else tones


def music(length: int, random: np.random.Generator) -> Wave:
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


def far_crowd(voice: Samples, length: int, random: np.random.Generator) -> Wave:
    """Noise with a voice's long-term spectrum: people too far away to be told apart."""
    spectrum = np.abs(np.fft.rfft(np.resize(voice, length)))
    noise = np.fft.irfft(spectrum * np.exp(2j * np.pi * random.random(len(spectrum))), length)
    return noise / root_mean_square(noise)
