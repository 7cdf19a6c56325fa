"""From the pipeline to the wire: events in samples become messages in seconds.

Stateless. Figures are rounded here and nowhere else, so live, replayed and analysed calls read the same to the digit.
"""

from functools import singledispatch

from audio.frame import to_seconds
from audio.speech.level import Level
from audio.speech.turns import Overlap, TurnEnded, TurnStarted
from coach.types import Cue, Detection, Direction, Dynamics, Evidence, JudgedTrend, Pace, ShownTrend, Trend
from models.tone.types import ToneReading
from models.words.types import Transcript
from server.pipeline.core import Event
from server.protocol.events import AnyDurable, AnyEphemeral
from server.protocol.events.cues import CueMessage, DetectionMessage
from server.protocol.events.tone import EvidenceMessage, LiveTrendMessage, ToneMessage, TrendMessage
from server.protocol.events.turns import (
    DynamicsMessage,
    LevelMessage,
    OverlapMessage,
    TurnEndedMessage,
    TurnStartedMessage,
)
from server.protocol.events.words import PaceMessage, PartialWordsMessage, WordMessage, WordsMessage


@singledispatch
def message(event: Event) -> AnyDurable | AnyEphemeral:
    """The message that tells of an event of the pipeline."""
    raise TypeError(f"Expected an event of the pipeline; a {type(event).__name__} came.")


@message.register
def _(event: Level) -> LevelMessage:
    return LevelMessage(to_seconds(event.at), event.channel, round(event.dbfs, 1), event.clipped)


@message.register
def _(event: TurnStarted) -> TurnStartedMessage:
    return TurnStartedMessage(to_seconds(event.at), event.channel, event.index, to_seconds(event.start))


@message.register
def _(event: TurnEnded) -> TurnEndedMessage:
    turn = event.turn
    return TurnEndedMessage(
        to_seconds(event.at), turn.channel, turn.index, to_seconds(turn.start), to_seconds(turn.end), event.cut
    )


@message.register
def _(event: Overlap) -> OverlapMessage:
    return OverlapMessage(to_seconds(event.at), to_seconds(event.start), to_seconds(event.end), event.starter)


@message.register
def _(event: Transcript) -> WordsMessage | PartialWordsMessage:
    at, start, end = to_seconds(event.at), to_seconds(event.turn.start), to_seconds(event.turn.end)
    if not event.final:
        confirmed = len(" ".join(word.text for word in event.words[: event.confirmed]))
        return PartialWordsMessage(at, event.channel, event.turn.index, start, event.text, confirmed)
    words = [
        WordMessage(word.text, to_seconds(word.start), to_seconds(word.end), _figure(word.probability))
        for word in event.words
    ]
    return WordsMessage(at, event.channel, event.turn.index, start, end, event.text, words)


@message.register
def _(event: ToneReading) -> ToneMessage:
    figures = (event.anger, event.arousal, event.valence, event.confidence)
    return ToneMessage(to_seconds(event.at), event.reason, *(None if x is None else _figure(x) for x in figures))


@message.register
def _(event: Dynamics) -> DynamicsMessage:
    return DynamicsMessage(
        at=to_seconds(event.at),
        agent_talk=to_seconds(event.agent_talk),
        customer_talk=to_seconds(event.customer_talk),
        agent_share=_figure(event.agent_share),
        agent_speaking=event.agent_speaking,
        customer_speaking=event.customer_speaking,
        silence=to_seconds(event.silence),
        monologue=to_seconds(event.monologue),
        talk_overs=[(to_seconds(start), to_seconds(end)) for start, end in event.talk_overs],
        reply_delay=None if event.reply_delay is None else to_seconds(event.reply_delay),
    )


@message.register
def _(event: ShownTrend) -> LiveTrendMessage:
    return LiveTrendMessage(*_trend(event.trend))


@message.register
def _(event: JudgedTrend) -> TrendMessage:
    shown = (_figure(event.shown.value), event.shown.direction) if event.shown else (None, None)
    return TrendMessage(*_trend(event.trend), *shown)


@message.register
def _(event: Pace) -> PaceMessage:
    return PaceMessage(
        to_seconds(event.at), round(event.now, 1), None if event.usual is None else round(event.usual, 1)
    )


@message.register
def _(event: Detection) -> DetectionMessage:
    return DetectionMessage(
        to_seconds(event.at), event.rule, event.kind, event.say, event.advice, _evidence(event.evidence)
    )


@message.register
def _(event: Cue) -> CueMessage:
    found = event.detection
    return CueMessage(
        at=to_seconds(event.at),
        until=to_seconds(event.until),
        fate=event.fate,
        detected_at=to_seconds(found.at),
        rule=found.rule,
        kind=found.kind,
        say=found.say,
        advice=found.advice,
        evidence=_evidence(found.evidence),
    )


def _trend(trend: Trend) -> tuple[float, float, Direction, float, list[EvidenceMessage]]:
    evidence = _evidence(trend.evidence)
    return to_seconds(trend.at), _figure(trend.value), trend.direction, _figure(trend.confidence), evidence


def _evidence(reasons: tuple[Evidence, ...]) -> list[EvidenceMessage]:
    return [
        EvidenceMessage(it.name, it.text, _figure(it.value), to_seconds(it.start), to_seconds(it.end)) for it in reasons
    ]


def _figure(value: float) -> float:
    return round(float(value), 4)
