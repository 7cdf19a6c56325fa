"""What the words thread does next: final words before partial ones, each in the order in which they were asked for.

A partial that waits is dropped when a newer one of its turn, or the final one, is asked for: it would be out of date
when it came. Final words are never dropped. Pure; used by one thread.
"""

from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

from models.words import WordsJob

Ticket = TypeVar("Ticket")


class WordsQueue(Generic[Ticket]):
    """Jobs with a ticket each, which says who waits for it."""

    def __init__(self) -> None:
        self._finals: deque[tuple[WordsJob, Ticket]] = deque()
        self._partials: dict[Hashable, tuple[WordsJob, Ticket]] = {}

    def put(self, call: str, job: WordsJob, ticket: Ticket) -> Ticket | None:
        """Add a job of a call. Returns the ticket of the partial that it made superfluous, if there was one."""
        turn = call, job.turn.channel, job.turn.index
        _, dropped = self._partials.pop(turn, (None, None))
        if job.final:
            self._finals.append((job, ticket))
        else:
            self._partials[turn] = job, ticket
        return dropped

    def pop(self) -> tuple[WordsJob, Ticket] | None:
        """The next job and its ticket, or None if there is nothing to do."""
        if self._finals:
            return self._finals.popleft()
        if self._partials:
            return self._partials.pop(next(iter(self._partials)))
        return None
