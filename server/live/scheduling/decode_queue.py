"""What the words threads do next: final words before partial ones, then the turn whose words on screen are oldest.

Calls take turns with their finals. A partial that waits is dropped when a newer one of its turn, or the final one, is
asked for: it would be out of date when it came. So where there is too much to do, partials thin out evenly over all
calls, and final words, which are never dropped, come late at worst; where more of them wait than there are decoders,
those of like length go together, which takes a quarter less time. One partial of a turn is out at a time, so that none
overtakes another. Finals of calls that are ahead of the clock come after those of other calls, and alternate with their
partials. Pure; used by one thread.
"""

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from audio.frame import Channel
from models.words.short_context import context_of
from models.words.types import WordsJob
from server.live.scheduling.fair_queue import FairQueue

TOGETHER = 4  # final jobs in one go at most: more are no faster on one core
Ticket = TypeVar("Ticket")
TurnKey: TypeAlias = tuple[str, Channel, int]  # call, channel, number


@dataclass(frozen=True, slots=True)
class Entry(Generic[Ticket]):
    turn: TurnKey
    job: WordsJob
    ticket: Ticket  # who waits for it
    ahead: bool = False  # whether its call is fed faster than the clock


class DecodeQueue(Generic[Ticket]):
    """Call `done` for each entry that was taken out, once it is decoded."""

    def __init__(self) -> None:
        self._finals: FairQueue[Entry[Ticket]] = FairQueue()
        self._partials: dict[TurnKey, Entry[Ticket]] = {}
        self._served: dict[TurnKey, int] = {}  # of the turns that run: when a partial was last taken out, or first put
        self._out: set[TurnKey] = set()  # turns of which a partial is out
        self._count = 0
        self._partial_was_last = False  # where finals of calls ahead alternate with partials

    def put(self, call: str, job: WordsJob, ticket: Ticket, ahead: bool = False) -> Ticket | None:
        """Add a job of a call. Returns the ticket of the partial that it made superfluous, if there was one."""
        entry = Entry((call, job.turn.channel, job.turn.index), job, ticket, ahead)
        dropped = self._partials.pop(entry.turn, None)
        if job.final:
            self._finals.put(call, entry, ahead)
            self._served.pop(entry.turn, None)
        else:
            self._partials[entry.turn] = entry
            self._served.setdefault(entry.turn, self._next())
        return dropped.ticket if dropped else None

    def pop(self, ahead: bool = True) -> Entry[Ticket] | None:
        """The next job, or None if there is nothing that can be done now. Not `ahead`: no job of a call that is."""
        partial = self._next_partial(ahead)
        finals = len(self._finals) if ahead else self._finals.waiting(ahead=False)
        if finals and (partial is None or self._is_turn_of_finals(partial)):
            return self._finals.pop()
        if partial is None:
            return None
        self._served[partial.turn] = self._next()
        self._out.add(partial.turn)
        return self._partials.pop(partial.turn)

    def companions(self, entry: Entry[Ticket], decoders: int) -> list[Entry[Ticket]]:
        """Take out what is best decoded in one go with a final job: those like it, of a fair share of all that wait.

        Those of calls that are ahead of the clock never go with one of a call that is not.
        """
        if not entry.job.final:
            return []
        share = min(self._finals.waiting(entry.ahead) // decoders, TOGETHER - 1)
        context = context_of(len(entry.job.samples))
        return self._finals.pop_fitting(lambda other: context_of(len(other.job.samples)) == context, share, entry.ahead)

    def done(self, entry: Entry[Ticket]) -> None:
        if not entry.job.final:
            self._out.discard(entry.turn)

    def _next_partial(self, ahead: bool) -> Entry[Ticket] | None:
        """The partial that is next among partials: of calls that are not ahead, the turn that waited longest."""
        ready = [it for turn, it in self._partials.items() if turn not in self._out and (ahead or not it.ahead)]
        return min(ready, key=lambda entry: (entry.ahead, self._served[entry.turn]), default=None)

    def _is_turn_of_finals(self, partial: Entry[Ticket]) -> bool:
        if partial.ahead or self._finals.waiting(ahead=False):
            return True
        self._partial_was_last = not self._partial_was_last
        return not self._partial_was_last

    def _next(self) -> int:
        self._count += 1
        return self._count
