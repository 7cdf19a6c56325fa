"""The writer of a server: the one thread that stores what its live calls find, in batches over all of them.

In: a call as it stands and its newest events, from the event loop; nothing there waits for the disk. Out: for each
attempt, how far the call is stored, or why not. What the store does not take stays here and is tried again, each time
a little later, until it does; then it was in order, per call. Readers may ask for what waits here. The thread begins
with the first event and is a daemon: a disk that hangs does not keep a server from stopping.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from types import NoneType
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import OperationalError

from server.protocol.calls import CallInfo
from server.store.calls import calls, events, to_row
from server.store.database import Database, NotStoredError
from server.store.numbering import Stored
from server.store.writing.spill import Spill

PATIENCE_S = 0.5  # that one attempt waits for another program's lock
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0  # between attempts
WATCH_S = 0.5  # between two looks at whether the file is still there
_PAGE = 2000  # events in a transaction

logger = logging.getLogger(__name__)

Progress: TypeAlias = Callable[[int, str | None], None]  # number of the newest event stored; why no more are


@dataclass(slots=True)
class _Waiting:
    """What the store does not have of a call."""

    call: CallInfo
    progress: Progress
    events: list[Stored] = field(default_factory=list)
    changes: int = 0  # counts what came, to know whether more did during an attempt
    pause_s: float = 0.0  # after the last attempt, if it failed
    due: float = 0.0  # time of the next attempt


def _ignore(stored: int, refusal: str | None) -> None:
    """Nobody is told."""


class Writer:
    """Every method may be called on any thread; `progress` is called on the writer's."""

    def __init__(self, database: Database, spill: Spill) -> None:
        self._database = database
        self._spill = spill
        self._spilling = threading.Lock()  # taken before `_changed`, where both are
        self._changed = threading.Condition()
        self._waiting: dict[str, _Waiting] = {}
        self._traces = False  # whether the log may still hold deleted text
        self._blanks = False  # whether there may be room to give back
        self._deadline: float | None = None  # set when the writer is to stop
        self._thread: threading.Thread | None = None
        self._spiller = ThreadPoolExecutor(1, "spill")

    def put(self, call: CallInfo, new: Sequence[Stored], progress: Progress = _ignore) -> None:
        """Store how a call stands, and its new events, as soon as can be."""
        with self._changed:
            waiting = self._waiting.setdefault(call.id, _Waiting(call, progress))
            waiting.call, waiting.progress = call, progress
            waiting.events += new
            waiting.changes += 1
            self._wake()

    def spill(self, call: CallInfo, unstored: Sequence[Stored]) -> "Future[None]":
        """Write events down beside the store, unless it has them by now."""
        try:
            return self._spiller.submit(self._spill_unstored, call, unstored)
        except RuntimeError:  # closed: what comes so late is written down here and now
            self._spill_unstored(call, unstored)
            done = Future[None]()
            done.set_result(None)
            return done

    def waiting(self, call: str) -> tuple[CallInfo, list[Stored]] | None:
        """What the store does not have of a call; None if it has all."""
        with self._changed:
            waiting = self._waiting.get(call)
            return None if waiting is None else (waiting.call, [*waiting.events])

    def ids(self) -> list[str]:
        """The calls of which the store does not have all."""
        with self._changed:
            return [*self._waiting]

    def left_over(self) -> list[tuple[CallInfo, list[Stored]]]:
        """What an earlier process could not store."""
        with self._spilling:
            return [*self._spill.read()]

    def forget(self, call: str) -> bool:
        """A call is deleted: whether anything of it waited. To be called while nobody else writes."""
        with self._spilling, self._changed:
            self._spill.discard(call)
            return self._waiting.pop(call, None) is not None

    def tidy(self) -> None:
        """Empty the store's log of deleted text as soon as nobody reads it, and give room back when all is stored."""
        with self._changed:
            self._traces = self._blanks = True
            self._wake()

    def close(self, patience_s: float) -> None:
        """Store what waits, for as long as `patience_s`; then write down the rest where the next start finds it."""
        with self._changed:
            self._deadline = monotonic() + patience_s
            for waiting in self._waiting.values():
                waiting.due = 0.0
            self._changed.notify()
        if self._thread is not None:
            self._database.interrupt()
            self._thread.join(patience_s + PATIENCE_S)
        self._leave_the_rest()
        self._spiller.shutdown(wait=False)

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
            self._thread.start()
        self._changed.notify()

    def _run(self) -> None:
        while not self._is_over():
            self._wait()
            with suppress(Exception):  # told by whoever has something to write
                self._database.check()
            due = self._due()
            if due and (error := self._attempt(due)) and len(due) > 1 and not _concerns_all(error):
                for call in due:  # one that cannot be stored holds up no other
                    self._attempt([call])
            self._tidy()

    def _tidy(self) -> None:
        if self._traces and self._database.wipe(PATIENCE_S):
            self._traces = False
        if self._blanks and not self.ids() and self._deadline is None:
            self._blanks = False
            with suppress(NotStoredError):  # next time
                self._database.compact()
                self._database.wipe(PATIENCE_S)

    def _is_over(self) -> bool:
        with self._changed:
            if self._deadline is None:
                return False
            return not (self._waiting or self._traces) or monotonic() > self._deadline

    def _wait(self) -> None:
        """Until something is to be stored, or it is time to look at the file."""
        with self._changed:
            until = min((waiting.due for waiting in self._waiting.values()), default=monotonic() + WATCH_S)
            if (pause := min(until - monotonic(), WATCH_S)) > 0 and self._deadline is None:
                self._changed.wait(pause)
            elif pause > 0 and (self._waiting or self._traces):
                self._changed.wait(min(pause, FIRST_PAUSE_S))

    def _due(self) -> list[str]:
        with self._changed:
            return [call for call, waiting in self._waiting.items() if waiting.due <= monotonic()]

    def _attempt(self, due: Sequence[str]) -> Exception | None:
        """Store what waits of these calls, a page at most; what the store said if it refused."""
        told: dict[str, tuple[CallInfo, list[Stored], int]] = {}
        try:
            with self._database.writing(due, PATIENCE_S) as connection:
                told = self._page(due)
                for call, new, _ in told.values():
                    store_call(connection, call, new)
        except Exception as error:  # noqa: BLE001 whatever it is, the call goes on
            self._refused(due, error)
            return error
        for call, new, changes in told.values():
            self._stored(call.id, new, changes)
        return None

    def _page(self, due: Sequence[str]) -> dict[str, tuple[CallInfo, list[Stored], int]]:
        """For each call: how it stands, events up to a page in all, and how much had come by now."""
        room, page = _PAGE, {}
        with self._changed:
            for call in due:
                if room > 0 and (waiting := self._waiting.get(call)):  # else it was deleted
                    new = waiting.events[:room]
                    room -= len(new)
                    page[call] = waiting.call, new, waiting.changes
        return page

    def _stored(self, call: str, new: Sequence[Stored], changes: int) -> None:
        with self._spilling, self._changed:
            if (waiting := self._waiting.get(call)) is None:
                return
            del waiting.events[: len(new)]
            waiting.pause_s = waiting.due = 0.0
            if not waiting.events and waiting.changes == changes:
                del self._waiting[call]
                self._spill.discard(call)
        if new:
            waiting.progress(new[-1].seq, None)

    def _refused(self, due: Sequence[str], error: Exception) -> None:
        with self._changed:
            refused = [self._waiting[call] for call in due if call in self._waiting]
            if not isinstance(error, NotStoredError) and any(waiting.pause_s == 0 for waiting in refused):
                logger.error("the store failed", exc_info=error)  # once, not at each attempt
            for waiting in refused:
                waiting.pause_s = min(max(2 * waiting.pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
                waiting.due = monotonic() + waiting.pause_s
        for waiting in refused:
            waiting.progress(0, str(error))

    def _spill_unstored(self, call: CallInfo, unstored: Sequence[Stored]) -> None:
        with self._spilling:
            if self.waiting(call.id) is not None:
                self._spill.append(call, unstored)

    def _leave_the_rest(self) -> None:
        """Write what still waits beside the store, and say so."""
        with self._changed:
            rest = [(waiting.call, [*waiting.events]) for waiting in self._waiting.values()]
        for call, unstored in rest:
            count = f"{len(unstored)} events of call {call.id}"
            try:
                with self._spilling:
                    path = self._spill.append(call, unstored)
            except (OSError, ValueError) as error:
                logger.error("%s were not stored, and cannot be written down elsewhere either: %s.", count, error)
            else:
                logger.warning("%s were not stored yet; they wait in %s for the next start.", count, path)


def _concerns_all(error: Exception) -> bool:
    """Whether it is the store that refused, as with a lock or a full disk, and not something about one call."""
    return isinstance(error, NotStoredError) and isinstance(error.__cause__, OperationalError | OSError | NoneType)


def store_call(connection: sa.Connection, call: CallInfo, new: Sequence[Stored]) -> None:
    """Write how a call stands, and those of the events that the store does not have yet."""
    row = to_row(call)
    connection.execute(insert(calls).values(row).on_conflict_do_update(index_elements=["id"], set_=row))
    store_events(connection, call.id, new)


def store_events(connection: sa.Connection, call: str, new: Sequence[Stored]) -> None:
    """Write those of the events that the store does not have yet; they come in order, so the newest tells."""
    last = last_event(connection, call)
    if rows := [{"call": call, "seq": event.seq, "json": event.json} for event in new if event.seq > last]:
        connection.execute(sa.insert(events), rows)


def last_event(connection: sa.Connection, call: str) -> int:
    """The number of a call's newest event, 0 if it has none."""
    newest: int | None = connection.scalar(sa.select(sa.func.max(events.c.seq)).where(events.c.call == call))
    return newest or 0
