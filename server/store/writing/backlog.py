"""What the store does not have yet: for each call how it stands and its events in order, and when to try again.

In: calls and events, from any thread. Out: to the writer, pages of what is due; to readers, what waits. A call that the
store refused is due again a little later each time. Every method holds the lock for moments only.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeAlias

from server.protocol.calls import CallInfo
from server.store.numbering import Stored

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0  # between attempts

Progress: TypeAlias = Callable[[int, str | None], None]  # number of the newest event stored; why no more are


@dataclass(frozen=True, slots=True)
class Page:
    """What is to be stored of a call in one go."""

    call: CallInfo
    events: list[Stored]
    changes: int  # that had come by then


@dataclass(slots=True)
class _Waiting:
    call: CallInfo
    progress: Progress
    events: list[Stored] = field(default_factory=list)
    changes: int = 0  # counts what came, to know whether more did during an attempt
    pause_s: float = 0.0  # after the last attempt, if it failed
    due: float = 0.0  # time of the next attempt


class Backlog:
    def __init__(self) -> None:
        self.changed = threading.Condition()  # notified of whatever comes
        self._waiting: dict[str, _Waiting] = {}

    def put(self, call: CallInfo, new: Sequence[Stored], progress: Progress) -> None:
        with self.changed:
            waiting = self._waiting.setdefault(call.id, _Waiting(call, progress))
            waiting.call, waiting.progress = call, progress
            waiting.events += new
            waiting.changes += 1
            self.changed.notify()

    def waiting(self, call: str) -> tuple[CallInfo, list[Stored]] | None:
        """What waits of a call; None if nothing does."""
        with self.changed:
            waiting = self._waiting.get(call)
            return None if waiting is None else (waiting.call, [*waiting.events])

    def ids(self) -> list[str]:
        with self.changed:
            return [*self._waiting]

    def forget(self, call: str) -> bool:
        """A call is deleted: whether anything of it waited."""
        with self.changed:
            return self._waiting.pop(call, None) is not None

    def due(self) -> list[str]:
        with self.changed:
            return [call for call, waiting in self._waiting.items() if waiting.due <= monotonic()]

    def next_due_s(self, longest: float) -> float:
        """Seconds until something is due, `longest` at most."""
        first = min((waiting.due for waiting in self._waiting.values()), default=float("inf"))
        return max(0.0, min(first - monotonic(), longest))

    def hurry(self) -> None:
        """All is due now."""
        with self.changed:
            for waiting in self._waiting.values():
                waiting.due = 0.0
            self.changed.notify()

    def pages(self, due: Sequence[str], room: int) -> list[Page]:
        """A page of each of these calls, `room` events in all; those that were deleted are left out."""
        pages = []
        with self.changed:
            for call in due:
                if room > 0 and (waiting := self._waiting.get(call)):
                    pages.append(Page(waiting.call, waiting.events[:room], waiting.changes))
                    room -= len(pages[-1].events)
        return pages

    def stored(self, page: Page) -> tuple[bool, Progress | None]:
        """A page is stored: whether nothing of its call waits any more, and who is to be told."""
        with self.changed:
            if (waiting := self._waiting.get(page.call.id)) is None:
                return True, None
            del waiting.events[: len(page.events)]
            waiting.pause_s = waiting.due = 0.0
            done = not waiting.events and waiting.changes == page.changes
            if done:
                del self._waiting[page.call.id]
            return done, waiting.progress

    def refused(self, due: Sequence[str]) -> tuple[bool, list[Progress]]:
        """The store took nothing of these calls: whether that is new for any of them, and who is to be told."""
        with self.changed:
            refused = [self._waiting[call] for call in due if call in self._waiting]
            new = any(waiting.pause_s == 0 for waiting in refused)
            for waiting in refused:
                waiting.pause_s = min(max(2 * waiting.pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
                waiting.due = monotonic() + waiting.pause_s
            return new, [waiting.progress for waiting in refused]
