"""How a mood sounds: the pace asked of the voice, then WORLD resynthesis of pitch, effort and loudness.

In and out: 24 kHz speech of one phrase. Raised voices differ from calm ones in a higher and livelier pitch,
more energy above 1 kHz, a first formant that rises with the open jaw, less breath, and stronger stresses
(Lombard and anger speech: Traunmueller and Eriksson, JASA 2000; Banse and Scherer, JPSP 1996).
"""

from dataclasses import dataclass

import numpy as np
import pyworld  # type: ignore[import-not-found]
from numpy.typing import NDArray

from server.demo.script import Mood
from server.demo.voices import RATE


@dataclass(frozen=True, slots=True)
class Delivery:
    speed: float  # of the voice's own pace
    pause: float  # seconds between phrases
    level: float  # dB re full scale, of the speech on the line
    pitch: float = 0.0  # semitones up
    liveliness: float = 1.0  # times the excursions of the pitch
    effort: float = 0.0  # dB more energy above 1 kHz
    stress: float = 1.0  # times the excursions of the loudness above its median
    drive: float = 0.0  # how far the handset's microphone is overdriven, 0 not at all

    @property
    def natural(self) -> bool:
        return self.pitch == 0 and self.liveliness == 1 and self.effort == 0 and self.stress == 1


DELIVERY = {
    Mood.KIND: Delivery(speed=0.78, pause=0.35, level=-25),
    Mood.RUSHED: Delivery(speed=1.12, pause=0.06, level=-23.5),
    Mood.CALM: Delivery(speed=0.88, pause=0.35, level=-28, pitch=-0.5, liveliness=0.85, effort=-1.0),
    Mood.ANNOYED: Delivery(speed=0.92, pause=0.15, level=-25.5, pitch=1.0, liveliness=1.1, effort=1.5),
    Mood.ANGRY: Delivery(
        speed=1.02, pause=0.18, level=-20, pitch=4.5, liveliness=1.45, effort=6, stress=1.25, drive=0.6
    ),
    Mood.FURIOUS: Delivery(
        speed=1.04, pause=0.16, level=-17.5, pitch=6, liveliness=1.6, effort=8, stress=1.3, drive=1.0
    ),
    Mood.SOFTENING: Delivery(speed=0.85, pause=0.4, level=-25, pitch=0.5, liveliness=0.95, effort=0.5),
    Mood.RELIEVED: Delivery(speed=0.86, pause=0.4, level=-28, pitch=-0.5, liveliness=0.9, effort=-1.5),
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
    envelope = opened(envelope, how.effort) * effort_gain(envelope.shape[1], how.effort)
    envelope *= stress_gain(envelope, how.stress)[:, None]
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


def stress_gain(envelope: NDArray[np.float64], stress: float) -> NDArray[np.float64]:
    """Power gain per frame [shape=(t,)] that widens how far loud frames stand above the median."""
    level = 10 * np.log10(envelope.mean(axis=1))
    above = np.clip(level - np.median(level), 0, None)
    smooth = np.convolve(above, np.hanning(15) / np.hanning(15).sum(), mode="same")
    return 10 ** ((stress - 1) * smooth / 10)
