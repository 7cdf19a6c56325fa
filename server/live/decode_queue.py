"""What the words threads do next: final words before partial ones, then the turn whose words on screen are oldest.

A partial that waits is dropped when a newer one of its turn, or the final one, is asked for: it would be out of date
when it came. So where there is too much to do, partials thin out evenly over all calls, and final words, which are
never dropped, come late at worst; where more of them wait than there are decoders, those of like length go together,
which takes a quarter less time. One partial of a turn is out at a time, so that none overtakes another. Pure; used by
one thread.
"""

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from audio.frame import Channel
from models.words.short_context import context_of
from models.words.types import WordsJob

TOGETHER = 4  # final jobs in one go at most: more are no faster on one core
Ticket = TypeVar("Ticket")
TurnKey: TypeAlias = tuple[str, Channel, int]  # call, channel, number


@dataclass(frozen=True, slots=True)
class Entry(Generic[Ticket]):
    turn: TurnKey
    job: WordsJob
    ticket: Ticket  # who waits for it


class DecodeQueue(Generic[Ticket]):
    """Each entry that is taken out is to be told as `done`."""

    def __init__(self) -> None:
        self._finals: deque[Entry[Ticket]] = deque()
        self._partials: dict[TurnKey, Entry[Ticket]] = {}
        self._served: dict[TurnKey, int] = {}  # of the turns that run: when a partial was last taken out, or first put
        self._out: set[TurnKey] = set()  # turns of which a partial is out
        self._count = 0

    def put(self, call: str, job: WordsJob, ticket: Ticket) -> Ticket | None:
        """Add a job of a call. Returns the ticket of the partial that it made superfluous, if there was one."""
        entry = Entry((call, job.turn.channel, job.turn.index), job, ticket)
        dropped = self._partials.pop(entry.turn, None)
        if job.final:
            self._finals.append(entry)
            self._served.pop(entry.turn, None)
        else:
            self._partials[entry.turn] = entry
            self._served.setdefault(entry.turn, self._next())
        return dropped.ticket if dropped else None

    def pop(self) -> Entry[Ticket] | None:
        """The next job, or None if there is nothing that can be done now."""
        if self._finals:
            return self._finals.popleft()
        ready = [turn for turn in self._partials if turn not in self._out]
        if not ready:
            return None
        turn = min(ready, key=lambda turn: self._served[turn])
        self._served[turn] = self._next()
        self._out.add(turn)
        return self._partials.pop(turn)

    def companions(self, entry: Entry[Ticket], decoders: int) -> list[Entry[Ticket]]:
        """Take out what is best decoded in one go with a final job: those like it, of a fair share of all that wait."""
        if not entry.job.final:
            return []
        share = min(len(self._finals) // decoders, TOGETHER - 1)
        context = context_of(len(entry.job.samples))
        alike, rest = list[Entry[Ticket]](), deque[Entry[Ticket]]()
        for other in self._finals:
            fits = len(alike) < share and context_of(len(other.job.samples)) == context
            (alike if fits else rest).append(other)
        self._finals = rest
        return alike

    def done(self, entry: Entry[Ticket]) -> None:
        if not entry.job.final:
            self._out.discard(entry.turn)

    def _next(self) -> int:
        self._count += 1
        return self._count
