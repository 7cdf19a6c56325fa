"""A call as a whole: what `GET /api/calls/{call}` answers, and what is written for an analysed call.

In: the numbered events of a call. Out: the same events, gathered by kind. Stateless.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec import Struct

from server.protocol.calls import CallInfo
from server.protocol.events.base import DurableMessage
from server.protocol.events.call import NotedMessage
from server.protocol.events.cues import CueMessage, DetectionMessage
from server.protocol.events.errors import ErrorMessage
from server.protocol.events.tone import ToneMessage, TrendMessage
from server.protocol.events.turns import DynamicsMessage, OverlapMessage, TurnEndedMessage
from server.protocol.events.words import WordsMessage

Kind = TypeVar("Kind", bound=DurableMessage)


class Result(Struct, frozen=True):
    """Everything in the order in which it was decided."""

    call: CallInfo
    turns: Sequence[TurnEndedMessage]
    words: Sequence[WordsMessage]
    tone: Sequence[ToneMessage]
    trend: Sequence[TrendMessage]
    detections: Sequence[DetectionMessage]
    cues: Sequence[CueMessage]
    overlaps: Sequence[OverlapMessage]
    dynamics: DynamicsMessage | None  # as they were at the end
    notes: Sequence[NotedMessage]
    errors: Sequence[ErrorMessage]


def gather(call: CallInfo, events: Iterable[DurableMessage]) -> Result:
    """The result of a call, from its events."""
    events = list(events)

    def of(kind: type[Kind]) -> list[Kind]:
        return [event for event in events if isinstance(event, kind)]

    return Result(
        call=call,
        turns=of(TurnEndedMessage),
        words=of(WordsMessage),
        tone=of(ToneMessage),
        trend=of(TrendMessage),
        detections=of(DetectionMessage),
        cues=of(CueMessage),
        overlaps=of(OverlapMessage),
        dynamics=next(reversed(of(DynamicsMessage)), None),
        notes=of(NotedMessage),
        errors=of(ErrorMessage),
    )
