"""How this customer speaks when calm: the "usual" that loudness, pitch and pace are held against.

In: prosody of speech, and how angry the tone model finds it. Out: how far loudness, pitch and pace are from usual.
State: one mean each. Learnt slowly and from calm speech only, so a caller who is angry from the first word never
becomes "usual"; until enough calm speech was heard there is no deviation at all. Pure.
"""

import math
from dataclasses import dataclass

from audio.prosody import ProsodySummary


@dataclass(frozen=True, slots=True)
class BaselineSettings:
    calm_anger: float = 0.3  # probability of anger under which speech counts as calm
    least: int = 8  # calm half-seconds before "usual" means anything
    memory: int = 120  # calm half-seconds of speech after which new ones weigh 1/120: a minute


@dataclass(frozen=True, slots=True)
class Deviation:
    """Now against usual; positive is louder, higher, faster."""

    loudness_db: float
    pitch_st: float
    pace: float  # ratio of syllable rates, less 1


class CalmBaseline:
    def __init__(self, settings: BaselineSettings | None = None) -> None:
        self._settings = settings or BaselineSettings()
        self._heard = 0
        self._loudness = self._pitch = self._rate = 0.0  # dB, semitones re 1 Hz, syllables/s

    def feed(self, prosody: ProsodySummary, anger: float) -> Deviation | None:
        """Hold the voice against its usual, then learn from it if it is calm. None before a usual is known."""
        deviation = self._deviation(prosody) if self._heard >= self._settings.least else None
        if anger < self._settings.calm_anger and prosody.f0_hz > 0:
            self._learn(prosody)
        return deviation

    def _deviation(self, prosody: ProsodySummary) -> Deviation:
        return Deviation(
            loudness_db=prosody.loudness_db - self._loudness,
            pitch_st=_semitones(prosody.f0_hz) - self._pitch if prosody.f0_hz > 0 else 0.0,
            pace=prosody.syllables_per_s / self._rate - 1 if self._rate > 0 else 0.0,
        )

    def _learn(self, prosody: ProsodySummary) -> None:
        self._heard += 1
        weight = 1 / min(self._heard, self._settings.memory)
        self._loudness += weight * (prosody.loudness_db - self._loudness)
        self._pitch += weight * (_semitones(prosody.f0_hz) - self._pitch)
        self._rate += weight * (prosody.syllables_per_s - self._rate)


def _semitones(hz: float) -> float:
    return 12 * math.log2(hz)
