"""Escalation from sound alone: one trend for the customer, 0 calm .. 1 escalated, with every contribution named.

In: ticks. Out: a `Trend` for each. Contributions are log-odds over a caller at rest and add up: the tone reading
counts for itself; the voice against the customer's own calm usual only shades it (normalising by the speaker
destroys the reading of one who is angry from the first word to the last). Joy is as lively and as loud as anger, so
valence above usual takes back what the others gave. Of the last three readings of speech
the middle one counts, so one odd window changes nothing. The sum rises within seconds and falls slowly. While the
customer is silent, or there is no reading, it drifts back to rest and confidence falls; its direction never changes by
that alone. State: three readings, the sum, the baseline. Pure.
"""

import math
from collections import deque
from dataclasses import dataclass, field, replace

from audio.frame import SAMPLE_RATE, to_samples
from audio.ranges import LogOdds, MostLogOdds, Scale, Share, Span, Weight
from coach.escalation.baseline import BaselineSettings, CalmBaseline, Deviation
from coach.escalation.logodds import to_log_odds, to_probability
from coach.escalation.trend_direction import TrendDirection, TrendDirectionSettings
from coach.escalation.word_evidence import WordEvidenceSettings
from coach.types import Direction, Evidence, Tick, Trend
from models.tone.types import ToneReading


@dataclass(frozen=True, slots=True)
class EscalationSettings:
    """Weights are log-odds; times are seconds of stream time."""

    rest: LogOdds = -2.0  # log-odds of a caller of whom nothing is known: 0.12
    tone_most: MostLogOdds = 5.0  # most that the probability of anger adds: more would only take longer to forget
    arousal_weight: Weight = 6.0  # times arousal above ...
    aroused: Share = 0.55  # ... this: anger in an unmoved voice is more often the model's mistake ...
    arousal_most: MostLogOdds = 1.0  # ... but cold anger exists, so it adds or takes no more than this
    pleased_weight: Weight = 20.0  # times valence above the caller's usual, or, until that is known, above ...
    pleased: Share = 0.5  # ... this ...
    pleased_most: MostLogOdds = 2.0  # ... takes no more than this, nor more than the others gave
    shade: MostLogOdds = (
        0.1  # most that loudness, pitch or pace may add or take, each: joy raises them as much as anger
    )
    effort: MostLogOdds = 0.6  # the same for vocal effort, which unlike loudness no line and no distance changes
    loud_db: Scale = 8.0  # deviations that make up a full shade
    high_st: Scale = 4.0
    fast: Scale = 0.4  # 40 % more syllables a second
    hard_db: Scale = 6.0  # energy at 1000-3400 Hz against 300-1000 Hz
    rise_s: Span = 0.5  # time constants
    fall_s: Span = 6.0
    forget_s: Span = 45.0  # of silence or no reading
    doubt_s: Span = 20.0  # over which confidence falls without a reading
    baseline: BaselineSettings = field(default_factory=BaselineSettings)
    direction: TrendDirectionSettings = field(default_factory=TrendDirectionSettings)
    words: WordEvidenceSettings = field(default_factory=WordEvidenceSettings)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one window of speech adds to the log-odds, and why."""

    reasons: tuple[Evidence, ...]  # values are log-odds over rest
    confidence: float

    @property
    def total(self) -> float:
        return sum(reason.value for reason in self.reasons)


ODD_ONE_OUT = 3  # readings of which the middle one counts
WINDOW = 6  # ticks of speech that a reading rests on, 3 s ...
MEMORY = to_samples(10.0)  # ... unless they lie longer ago than this


class SoundEscalation:
    """The trend of one call's customer. `feed` every tick."""

    def __init__(self, settings: EscalationSettings | None = None) -> None:
        self._settings = settings or EscalationSettings()
        self._baseline = CalmBaseline(self._settings.baseline)
        self._readings: deque[_Reading] = deque(maxlen=ODD_ONE_OUT)
        self._levels: dict[str, float] = {}  # smoothed log-odds by reason
        self._reasons: dict[str, Evidence] = {}  # the last that counted, by name
        self._confidence = 0.0
        self._direction = TrendDirection(self._settings.direction)
        self._speech: deque[int] = deque(maxlen=WINDOW)  # where the last ticks with speech began
        self._last = 0  # stream time of the last tick

    def feed(self, tick: Tick) -> Trend:
        began, self._last = self._last, tick.at
        passed = (tick.at - began) / SAMPLE_RATE
        if tick.tone:
            self._speech.append(began)
        if tick.tone is None or tick.tone.anger is None:
            self._rest(passed)
        else:
            self._listen(self._read(tick, tick.tone, tick.tone.anger), passed)
            self._direction = self._direction.after(tick.at, self._value())
        known = self._confidence >= self._settings.direction.least_confidence
        return Trend(
            at=tick.at,
            value=self._value(),
            direction=self._direction.direction if known else Direction.UNKNOWN,
            confidence=self._confidence,
            evidence=tuple(replace(reason, value=self._levels[name]) for name, reason in self._reasons.items()),
        )

    def _listen(self, reading: _Reading, passed: float) -> None:
        """Move towards the middle one of the last readings: fast up, slowly down."""
        self._readings.append(reading)
        if len(self._readings) == 1:
            return
        counts = sorted(self._readings, key=lambda one: one.total)[(len(self._readings) - 1) // 2]
        rising = counts.total > sum(self._levels.values())
        part = -math.expm1(-passed / (self._settings.rise_s if rising else self._settings.fall_s))
        towards = {reason.name: reason.value for reason in counts.reasons}
        for name in self._levels.keys() | towards.keys():
            level = self._levels.get(name, 0.0)
            self._levels[name] = level + part * (towards.get(name, 0.0) - level)
        self._reasons |= {reason.name: reason for reason in counts.reasons}
        self._confidence = counts.confidence

    def _value(self) -> float:
        return to_probability(self._settings.rest + sum(self._levels.values()))

    def _rest(self, passed: float) -> None:
        """Nothing to go by: drift back to rest, ever less sure."""
        keep = math.exp(-passed / self._settings.forget_s)
        self._levels = {name: keep * level for name, level in self._levels.items()}
        self._confidence *= math.exp(-passed / self._settings.doubt_s)

    def _read(self, tick: Tick, tone: ToneReading, anger: float) -> _Reading:
        """One window of speech as reasons for and against."""
        settings = self._settings
        angry = min(max(to_log_odds(anger) - settings.rest, 0.0), settings.tone_most)
        parts = [("tone", _sounds(anger), angry)]
        if tone.arousal is not None:
            stirred = _within(settings.arousal_weight * (tone.arousal - settings.aroused), settings.arousal_most)
            parts.append(("arousal", f"arousal {100 * tone.arousal:.0f} %", max(stirred, -angry)))
        usual = self._baseline.feed(tick.prosody, tone) if tick.prosody else None
        if tone.valence is not None:
            given = sum(value for _, _, value in parts)
            parts.append(
                ("valence", f"valence {100 * tone.valence:.0f} %", -min(self._joy(tone.valence, usual), given))
            )
        if usual:
            parts += self._shades(usual)
        start = max(self._speech[0], tick.at - MEMORY)
        return _Reading(
            tuple(Evidence(name, text, value, start, tick.at) for name, text, value in parts), tone.confidence or 0.0
        )

    def _joy(self, valence: float, usual: Deviation | None) -> float:
        """Log-odds that a pleased voice takes back at most."""
        above = usual.valence if usual else valence - self._settings.pleased
        return min(max(self._settings.pleased_weight * above, 0.0), self._settings.pleased_most)

    def _shades(self, usual: Deviation) -> list[tuple[str, str, float]]:
        settings = self._settings
        loud = _against("voice", usual.loudness_db, "dB", "louder", "quieter")
        high = _against("voice", usual.pitch_st, "semitones", "higher", "lower")
        fast = _against("speech", 100 * usual.pace, "%", "faster", "slower")
        hard = _against("voice", usual.tilt_db, "dB", "more pressed", "softer")
        return [
            ("loudness", loud, self._shade(usual.loudness_db / settings.loud_db)),
            ("pitch", high, self._shade(usual.pitch_st / settings.high_st)),
            ("pace", fast, self._shade(usual.pace / settings.fast)),
            ("effort", hard, settings.effort * _within(usual.tilt_db / settings.hard_db, 1.0)),
        ]

    def _shade(self, share: float) -> float:
        return self._settings.shade * _within(share, 1.0)


def _within(value: float, most: float) -> float:
    return min(max(value, -most), most)


def _sounds(anger: float) -> str:
    return f"{'sounds' if anger >= 0.5 else 'does not sound'} angry ({100 * anger:.0f} %)"


def _against(what: str, deviation: float, unit: str, more: str, less: str) -> str:
    size = round(abs(deviation))
    return f"{what} {size} {unit.removesuffix('s') if size == 1 else unit} {more if deviation > 0 else less} than usual"
