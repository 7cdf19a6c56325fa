"""What the words threads do next: final words before partial ones, then the turn whose words on screen are oldest.

A partial that waits is dropped when a newer one of its turn, or the final one, is asked for: it would be out of date
when it came. So where there is too much to do, partials thin out evenly over all calls, and final words, which are
never dropped, come late at worst. One partial of a turn is out at a time, so that none overtakes another. Pure; used by
one thread.
"""

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from audio.frame import Channel
from models.words import WordsJob

Ticket = TypeVar("Ticket")
TurnKey: TypeAlias = tuple[str, Channel, int]  # call, channel, number


@dataclass(frozen=True, slots=True)
class Entry(Generic[Ticket]):
    turn: TurnKey
    job: WordsJob
    ticket: Ticket  # who waits for it


class WordsQueue(Generic[Ticket]):
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

    def done(self, entry: Entry[Ticket]) -> None:
        if not entry.job.final:
            self._out.discard(entry.turn)

    def _next(self) -> int:
        self._count += 1
        return self._count
