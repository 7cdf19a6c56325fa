"""The writer of a server: the one thread that stores what its live calls find, in batches over all of them.

In: a call as it stands and its newest events, from the event loop; nothing there waits for the disk. Out: for each
attempt, how far the call is stored, or why not. What the store does not take stays here and is tried again, each time
a little later, until it does; then it was in order, per call. Readers may ask for what waits here. The thread begins
with the first event and is a daemon: a disk that hangs does not keep a server from stopping.
"""

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from time import monotonic
from types import NoneType

from sqlalchemy.exc import OperationalError

from server.protocol.calls import CallInfo
from server.store.calls import store_call
from server.store.numbering import Stored
from server.store.sqlite.database import Database, NotStoredError
from server.store.writing.backlog import FIRST_PAUSE_S, Backlog, Page, Progress
from server.store.writing.spill import Spill

PATIENCE_S = 0.5  # that one attempt waits for another program's lock
WATCH_S = 0.5  # between two looks at whether the file is still there
_PAGE = 2000  # events in a transaction

logger = logging.getLogger(__name__)


def _ignore(stored: int, refusal: str | None) -> None:
    """For a call whose progress nobody waits for."""


class Writer:
    """Every method may be called on any thread; `progress` is called on the writer's."""

    def __init__(self, database: Database, spill: Spill) -> None:
        self.backlog = Backlog()
        self._database = database
        self._spill = spill
        self._spilling = threading.Lock()  # taken before the backlog's, where both are
        self._spiller = ThreadPoolExecutor(1, "spill")
        self._traces = False  # whether the log may still hold deleted text
        self._blanks = False  # whether there may be room to give back
        self.lost = 0  # events that could neither be stored nor written down when the writer stopped
        self._deadline: float | None = None  # set when the writer is to stop
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, call: CallInfo, new: Sequence[Stored], progress: Progress = _ignore) -> None:
        """Store how a call stands, and its new events, as soon as can be."""
        self.backlog.put(call, new, progress)
        self._start()

    def spill(self, call: CallInfo, unstored: Sequence[Stored]) -> "Future[None]":
        """Write events down beside the store, unless it has them by now."""
        try:
            return self._spiller.submit(self._spill_unstored, call, unstored)
        except RuntimeError:  # closed: what comes so late is written down here and now
            self._spill_unstored(call, unstored)
            done = Future[None]()
            done.set_result(None)
            return done

    def left_over(self) -> list[tuple[CallInfo, list[Stored]]]:
        """What an earlier process could not store."""
        with self._spilling:
            return self._spill.read()

    def forget(self, call: str) -> bool:
        """A call is deleted: whether anything of it waited. To be called while nobody else writes."""
        with self._spilling:
            self._spill.discard(call)
            return self.backlog.forget(call)

    def tidy(self) -> None:
        """Empty the store's log of deleted text as soon as nobody reads it, and give room back when all is stored."""
        self._traces = self._blanks = True
        self._start()

    def close(self, patience_s: float) -> None:
        """Store what waits, for as long as `patience_s`; then write down the rest where the next start finds it."""
        self._deadline = monotonic() + patience_s
        self.backlog.hurry()
        if self._thread is not None:
            self._database.interrupt()
            self._thread.join(patience_s + PATIENCE_S)
        self._leave_the_rest()
        self._spiller.shutdown(wait=False)

    def _start(self) -> None:
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while not self._is_over():
            with self.backlog.changed:
                if pause := self.backlog.next_due_s(WATCH_S if self._deadline is None else FIRST_PAUSE_S):
                    self.backlog.changed.wait(pause)
            try:
                self._work()
            except Exception:
                logger.exception("the writer of the store failed, and goes on")

    def _is_over(self) -> bool:
        if self._deadline is None:
            return False
        return not (self.backlog.ids() or self._traces) or monotonic() > self._deadline

    def _work(self) -> None:
        with suppress(NotStoredError, OSError):  # told by whoever has something to write
            self._database.check()
        due = self.backlog.due()
        if due and (error := self._attempt(due)) and len(due) > 1 and not _concerns_all(error):
            for call in due:  # one that cannot be stored holds up no other
                self._attempt([call])
        if self._traces and self._database.wipe(PATIENCE_S):
            self._traces = False
        if self._blanks and self._deadline is None and not self.backlog.ids():
            self._blanks = False
            with suppress(NotStoredError):  # next time
                self._database.compact()
                self._database.wipe(PATIENCE_S)

    def _attempt(self, due: Sequence[str]) -> Exception | None:
        """Store what waits of these calls, a page at most; what the store said if it refused."""
        try:
            with self._database.writing(due, PATIENCE_S) as connection:
                pages = self.backlog.pages(due, _PAGE)
                for page in pages:
                    store_call(connection, page.call, page.events)
        except Exception as error:  # noqa: BLE001 whatever it is, the call goes on
            self._refused(due, error)
            return error
        for page in pages:
            self._stored(page)
        return None

    def _stored(self, page: Page) -> None:
        with self._spilling:
            done, progress = self.backlog.stored(page)
            if done:
                self._spill.discard(page.call.id)
        if progress and page.events:
            progress(page.events[-1].seq, None)

    def _refused(self, due: Sequence[str], error: Exception) -> None:
        new, waiting = self.backlog.refused(due)
        if new and not isinstance(error, NotStoredError):
            logger.error("the store failed", exc_info=error)  # once, not at each attempt
        for progress in waiting:
            progress(0, str(error))

    def _spill_unstored(self, call: CallInfo, unstored: Sequence[Stored]) -> None:
        with self._spilling:
            if self.backlog.waiting(call.id) is not None:
                self._spill.append(call, unstored)

    def _leave_the_rest(self) -> None:
        """Write what still waits beside the store, and say so."""
        for call, unstored in filter(None, map(self.backlog.waiting, self.backlog.ids())):
            count = f"{len(unstored)} events of call {call.id}"
            try:
                with self._spilling:
                    path = self._spill.append(call, unstored)
            except (OSError, ValueError) as error:
                self.lost += len(unstored)
                logger.error("%s were not stored, and cannot be written down elsewhere either: %s.", count, error)
            else:
                logger.warning("%s were not stored yet; they wait in %s for the next start.", count, path)


def _concerns_all(error: Exception) -> bool:
    """Whether it is the store that refused, as with a lock or a full disk, and not something about one call."""
    return isinstance(error, NotStoredError) and isinstance(error.__cause__, OperationalError | OSError | NoneType)
