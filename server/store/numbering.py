"""The numbers of a call's events, for live and analysed calls alike: they count from 1 without gaps.

In: messages. Out: durable ones as they are kept and sent, numbered; ephemeral ones are left out. Keeps the last number.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec import structs

from server.protocol.events.base import DurableMessage, Message
from server.protocol.messages import write


@dataclass(frozen=True, slots=True)
class Stored:
    """One event as it is kept and sent."""

    seq: int
    json: str


class Numbering:
    def __init__(self, last: int = 0) -> None:
        """`last` is the number of the newest event that the call has already."""
        self.last = last

    def number(self, messages: Iterable[Message]) -> list[Stored]:
        numbered = []
        for message in messages:
            if isinstance(message, DurableMessage):
                self.last += 1
                numbered.append(Stored(self.last, write(structs.replace(message, seq=self.last))))
        return numbered
