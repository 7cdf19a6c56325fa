"""How this customer speaks when calm: the "usual" that the voice is held against.

In: prosody of speech, and what the tone model reads in it. Out: how far the voice is from usual, in loudness, pitch,
pace, effort and valence. State: one mean each. Learnt slowly and from calm speech only, so a caller who is angry from
the first word never becomes "usual"; until there was enough calm speech there is no deviation at all. Pure.
"""

import math
from dataclasses import astuple, dataclass
from typing import Annotated

from msgspec import Meta

from audio.prosody.window import ProsodySummary
from audio.ranges import Share
from models.tone.types import ToneReading


@dataclass(frozen=True, slots=True)
class BaselineSettings:
    calm_anger: Share = 0.3  # probability of anger under which speech counts as calm
    least: Annotated[int, Meta(ge=1, le=10_000)] = 8  # calm half-seconds before "usual" means anything
    memory: Annotated[int, Meta(ge=1, le=100_000)] = (
        120  # calm half-seconds of speech after which new ones weigh 1/120: a minute
    )


@dataclass(frozen=True, slots=True)
class Deviation:
    """Now against usual; positive is louder, higher, faster, harder, more pleased."""

    loudness_db: float
    pitch_st: float
    pace: float  # ratio of syllable rates, less 1
    tilt_db: float  # of the spectrum: rises with vocal effort, whatever the level
    valence: float


@dataclass(frozen=True, slots=True)
class _Voice:
    """What is learnt, half-second by half-second."""

    loudness: float  # dB re full scale
    pitch: float  # semitones re 1 Hz
    rate: float  # syllables/s
    tilt: float  # dB
    valence: float


class CalmBaseline:
    def __init__(self, settings: BaselineSettings | None = None) -> None:
        self._settings = settings or BaselineSettings()
        self._heard = 0
        self._usual = _Voice(0, 0, 0, 0, 0)

    def feed(self, prosody: ProsodySummary, tone: ToneReading) -> Deviation | None:
        """Hold the voice against its usual, then learn from it if it is calm. None before a usual is known."""
        now = _voice(prosody, tone)
        deviation = self._deviation(now, prosody.f0_hz > 0) if self._heard >= self._settings.least else None
        if tone.anger is not None and tone.anger < self._settings.calm_anger and prosody.f0_hz > 0:
            self._learn(now)
        return deviation

    def _deviation(self, now: _Voice, voiced: bool) -> Deviation:
        usual = self._usual
        return Deviation(
            loudness_db=now.loudness - usual.loudness,
            pitch_st=now.pitch - usual.pitch if voiced else 0.0,
            pace=now.rate / usual.rate - 1 if usual.rate > 0 else 0.0,
            tilt_db=now.tilt - usual.tilt,
            valence=now.valence - usual.valence,
        )

    def _learn(self, now: _Voice) -> None:
        self._heard += 1
        weight = 1 / min(self._heard, self._settings.memory)
        before = astuple(self._usual)
        self._usual = _Voice(*(old + weight * (new - old) for old, new in zip(before, astuple(now), strict=True)))


def _voice(prosody: ProsodySummary, tone: ToneReading) -> _Voice:
    return _Voice(
        loudness=prosody.loudness_db,
        pitch=12 * math.log2(prosody.f0_hz) if prosody.f0_hz > 0 else 0.0,
        rate=prosody.syllables_per_s,
        tilt=prosody.tilt_db,
        valence=tone.valence or 0.0,  # None only where nothing is made of it
    )
