"""The two lanes in which a call is judged: sound at once, words as soon as they are there.

In: the same row of moments, in stream order. Out: the customer's trend, and detections. The sound lane needs nothing
but ticks, so it never waits. The words lane gets each tick with the sound lane's trend, and each turn with its words;
an escalation that the sound lane has detected is not detected again within the same rise. State: trend, rule engines,
what was said lately. Pure, so the same call gives the same detections however late its words came.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from audio.frame import Channel, to_seconds
from coach.escalation.dedup import EscalationDedup, escalation
from coach.escalation.sound import EscalationSettings, SoundEscalation
from coach.escalation.trend_direction import TrendDirection
from coach.escalation.word_evidence import WordEvidence
from coach.practices.calming import Calming
from coach.practices.pace import AgentPace
from coach.practices.waiting import Waiting
from coach.practices.wording import Acknowledging, negative_wording
from coach.rule_engine import RuleEngine
from coach.rules import Rule
from coach.signals import SOUND
from coach.types import (
    Detection,
    Direction,
    Dynamics,
    Evidence,
    FinishedTurn,
    Moment,
    Pace,
    Signal,
    Signals,
    Tick,
    Trend,
)
from models.text_cues import TextCues, shipped_cues


class SoundLane:
    """What needs sound alone. `feed` every tick."""

    def __init__(self, rules: Iterable[Rule], settings: EscalationSettings | None = None) -> None:
        self._escalation = SoundEscalation(settings)
        self._rules = RuleEngine(rule for rule in rules if rule.signal in SOUND)

    def feed(self, tick: Tick) -> tuple[Trend, list[Detection]]:
        trend = self._escalation.feed(tick)
        return trend, self._rules.feed(tick.at, {**escalation(trend), **_of_turns(tick.dynamics)})


class WordsLane:
    """What needs words. `feed` every tick and every turn, in stream order, each with the sound lane's latest trend."""

    def __init__(
        self, rules: Iterable[Rule], settings: EscalationSettings | None = None, cues: TextCues | None = None
    ) -> None:
        settings, rules = settings or EscalationSettings(), tuple(rules)
        self._cues = cues or shipped_cues()
        self._rules = RuleEngine(rule for rule in rules if rule.signal not in SOUND)
        self._dedup = EscalationDedup([rule for rule in rules if rule.signal == "escalation"])
        self._said = WordEvidence(settings.words)
        self._direction = TrendDirection(settings.direction)
        self._calming = Calming()
        self._pace = AgentPace()
        self._waiting = Waiting()
        self._acknowledging = Acknowledging()

    def feed(self, moment: Moment, trend: Trend, by_sound: Sequence[Detection] = ()) -> list[Detection]:
        """Judge one moment. `by_sound`: what the sound lane detected at this tick. A turn of a mixed channel tells
        nothing: nobody knows whose it is."""
        if isinstance(moment, Tick):
            return self._tick(moment, trend, by_sound)
        if moment.turn.channel is Channel.AGENT:
            return self._rules.feed(moment.at, self._agent(moment))
        return self._customer(moment, trend) if moment.turn.channel is Channel.CUSTOMER else []

    @property
    def pace(self) -> Pace | None:
        """The agent's pace at their last turn with words; None while it is not known."""
        return self._pace.known

    def shade(self, trend: Trend) -> Trend:
        """The sound lane's trend with the words that have come so far, for the screen. Changes nothing."""
        shaded = self._said.shade(trend)
        if shaded is trend:
            return trend
        high = shaded.value >= self._direction.settings.escalated
        return replace(shaded, direction=Direction.ESCALATING if high else self._direction.direction)

    def _tick(self, tick: Tick, trend: Trend, by_sound: Sequence[Detection]) -> list[Detection]:
        self._dedup.note(by_sound)
        detections = self._judge(tick.at, trend, spoke=tick.tone is not None and tick.tone.anger is not None)
        return detections + self._rules.feed(tick.at, self._waiting.at(tick))

    def _customer(self, finished: FinishedTurn, trend: Trend) -> list[Detection]:
        cues = self._cues.find(finished.transcript)
        self._said.feed(cues)
        self._acknowledging.customer(cues)
        return self._judge(finished.at, replace(trend, at=finished.at), spoke=bool(finished.transcript.words))

    def _agent(self, finished: FinishedTurn) -> Signals:
        cues = self._cues.find(finished.transcript)
        self._waiting.feed(finished.turn, cues)
        self._calming.agent(cues)
        pace = self._pace.feed(finished.transcript)
        return {
            "unacknowledged": self._acknowledging.agent(finished.transcript, cues),
            "negative_wording": negative_wording(cues),
            **({"agent_pace": pace} if pace else {}),
        }

    def _judge(self, at: int, trend: Trend, spoke: bool) -> list[Detection]:
        """Judge the trend as words shade it. Its direction changes only where the customer spoke, never by silence."""
        if spoke:
            self._direction = self._direction.after(at, self._said.shade(trend).value)
        shaded = self.shade(trend)
        detections = self._dedup.feed(at, trend, shaded)
        return detections + self._rules.feed(at, {"calming": self._calming.at(shaded, self._direction)})


def _of_turns(dynamics: Dynamics) -> Signals:
    """The signals that turns alone tell."""
    spans = tuple(_talk_over(start, end) for start, end in dynamics.talk_overs)
    long, began = to_seconds(dynamics.monologue), max(dynamics.at - dynamics.monologue, 0)
    monologue = Evidence("monologue", f"{long:.0f} s without the customer", long, began, dynamics.at)
    return {"talk_over": Signal(len(spans), spans), "monologue": Signal(long, (monologue,))}


def _talk_over(start: int, end: int) -> Evidence:
    length = to_seconds(end - start)
    return Evidence("talk_over", f"spoke over the customer for {length:.1f} s", length, start, end)
