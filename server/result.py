"""A call as a whole: what `GET /api/calls/{call}` answers, and what is written for an analysed call.

In: the numbered events of a call. Out: the same events, gathered by kind. Stateless.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec import Struct

from server import events
from server.protocol import CallInfo

Kind = TypeVar("Kind", bound=events.Durable)


class Result(Struct, frozen=True):
    """Everything in the order in which it was decided."""

    call: CallInfo
    turns: Sequence[events.TurnEnded]
    words: Sequence[events.Words]
    tone: Sequence[events.Tone]
    trend: Sequence[events.Trend]
    detections: Sequence[events.Detection]
    cues: Sequence[events.Cue]
    overlaps: Sequence[events.Overlap]
    dynamics: events.Dynamics | None  # as they were at the end
    notes: Sequence[events.Noted]
    errors: Sequence[events.Error]


def gather(call: CallInfo, told: Iterable[events.Durable]) -> Result:
    """The result of a call, from its events."""
    told = list(told)

    def of(kind: type[Kind]) -> list[Kind]:
        return [event for event in told if isinstance(event, kind)]

    return Result(
        call=call,
        turns=of(events.TurnEnded),
        words=of(events.Words),
        tone=of(events.Tone),
        trend=of(events.Trend),
        detections=of(events.Detection),
        cues=of(events.Cue),
        overlaps=of(events.Overlap),
        dynamics=next(reversed(of(events.Dynamics)), None),
        notes=of(events.Noted),
        errors=of(events.Error),
    )
