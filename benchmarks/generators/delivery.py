"""How a mood sounds: the pace asked of the voice, then WORLD resynthesis of pitch, effort and loudness.

In and out: 24 kHz speech of one phrase. Raised voices differ from calm ones in a higher and livelier pitch,
more energy above 1 kHz, a first formant that rises with the open jaw, less breath, a faster pace and clearer sounds
(Traunmüller and Eriksson, JASA 107, 2000; Banse and Scherer, JPSP 70, 1996).
"""

from dataclasses import dataclass

import numpy as np
import pyworld  # type: ignore[import-not-found]
from numpy.typing import NDArray

from benchmarks.generators.demo_script import Mood
from benchmarks.generators.voices import RATE


@dataclass(frozen=True, slots=True)
class Delivery:
    speed: float  # of the voice's own pace
    pause: float  # seconds between phrases
    level: float  # dB re full scale, of the speech on the line
    pitch: float = 0.0  # semitones up
    liveliness: float = 1.0  # times the excursions of the pitch
    effort: float = 0.0  # dB more energy above 1 kHz
    articulation: float = 1.0  # times the excursions of the spectrum about its mean: mumbled < 1 < clear
    drive: float = 0.0  # how far the handset's microphone is overdriven, 0 not at all

    @property
    def natural(self) -> bool:
        return self.pitch == 0 and self.liveliness == 1 and self.effort == 0 and self.articulation == 1


DELIVERY = {
    Mood.KIND: Delivery(speed=0.78, pause=0.35, level=-25),
    Mood.RUSHED: Delivery(speed=1.18, pause=0.06, level=-23.5),
    Mood.CALM: Delivery(speed=0.86, pause=0.35, level=-29, effort=-1.5, articulation=0.68),
    Mood.ANNOYED: Delivery(speed=0.98, pause=0.12, level=-25.5, pitch=0.8, liveliness=1.1, effort=1.5),
    Mood.ANGRY: Delivery(
        speed=1.16, pause=0.12, level=-18.5, pitch=3, liveliness=1.35, effort=6, articulation=1.5, drive=0.75
    ),
    Mood.FURIOUS: Delivery(
        speed=1.18, pause=0.1, level=-17, pitch=4, liveliness=1.5, effort=6, articulation=1.5, drive=0.75
    ),
    Mood.SOFTENING: Delivery(speed=0.88, pause=0.35, level=-26.5, effort=-0.5, articulation=0.78),
    Mood.RELIEVED: Delivery(speed=0.83, pause=0.4, level=-29, effort=-2, articulation=0.65),
}


def delivered(speech: NDArray[np.float32], how: Delivery) -> NDArray[np.float64]:
    """One phrase as `how` says, of the same length; the level is left to the line."""
    samples = speech.astype(np.float64)
    if how.natural:
        return samples
    f0, times = pyworld.harvest(samples, RATE, f0_floor=60, f0_ceil=500)
    f0 = pyworld.stonemask(samples, f0, times, RATE)
    envelope = pyworld.cheaptrick(samples, f0, times, RATE)
    breath = pyworld.d4c(samples, f0, times, RATE)
    envelope = articulated(opened(envelope, how.effort), how.articulation)
    envelope = envelope * effort_gain(envelope.shape[1], how.effort)
    spoken = pyworld.synthesize(raised(f0, how), envelope, breath ** (1 + max(0.0, how.effort) / 20), RATE)
    return np.asarray(spoken[: len(samples)])


def raised(f0: NDArray[np.float64], how: Delivery) -> NDArray[np.float64]:
    """The pitch track [shape=(t,), Hz, 0 unvoiced] higher and with wider excursions about its median."""
    voiced = f0 > 0
    if not voiced.any():
        return f0
    middle = np.median(f0[voiced])
    excursion = 12 * np.log2(f0[voiced] / middle)
    moved = np.zeros_like(f0)
    moved[voiced] = middle * 2 ** ((how.pitch + how.liveliness * excursion) / 12)
    return moved


def effort_gain(bins: int, effort: float) -> NDArray[np.float64]:
    """Power gain per bin [shape=(bins,)]: a shelf of `effort` dB that rises between 500 Hz and 2 kHz."""
    frequency = np.linspace(0, RATE / 2, bins)
    octaves = np.log2(np.maximum(frequency, 1.0) / 1000)
    return np.asarray(10 ** (effort / (1 + np.exp(-3 * octaves)) / 10))


def opened(envelope: NDArray[np.float64], effort: float) -> NDArray[np.float64]:
    """The envelope [shape=(t, bins)] with what lies below 1.2 kHz stretched upwards by 1 % per dB of effort."""
    if effort <= 0:
        return envelope
    frequency = np.linspace(0, RATE / 2, envelope.shape[1])
    stretch = 1 + 0.01 * effort * np.clip((1800 - frequency) / 600, 0, 1)
    source = frequency / stretch
    return np.stack([np.interp(source, frequency, row) for row in envelope])


def articulated(envelope: NDArray[np.float64], articulation: float) -> NDArray[np.float64]:
    """The envelope [shape=(t, bins)] with every bin's excursions about its mean in dB wider or narrower, as loud."""
    level = np.log(envelope + 1e-16)
    mean = level.mean(axis=0)
    clear = np.exp(mean + articulation * (level - mean))
    return np.asarray(clear * (envelope.sum(axis=1) / clear.sum(axis=1))[:, None])
