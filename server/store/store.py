"""The store: calls and their events in one SQLite file, raw audio beside it where it was asked for.

What live calls find goes through the writer, on a thread of its own; what waits there can be read like all the rest.
Everything else is synchronous, one transaction a method, on any thread. Deleted text is overwritten, in the log too.
A call that was deleted does not come back, whoever still writes to it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from msgspec import structs
from platformdirs import user_data_path
from sqlalchemy.dialects.sqlite import insert

from audio.errors import CalmlineError
from server.protocol.calls import CallInfo, CallState, Verdict
from server.store.calls import calls, events, from_row, last_event, store_call, store_events, to_row, verdicts
from server.store.deletion import NotDeletedError, erase, remove_files
from server.store.folder import StoreError, only_server
from server.store.numbering import Stored
from server.store.sqlite.database import Database, NotReadError, NotStoredError
from server.store.writing.spill import Spill
from server.store.writing.writer import Writer

__all__ = ["CallDeletedError", "NotDeletedError", "NotReadError", "NotStoredError", "Store", "StoreError", "Stored"]
__all__ += ["default_folder", "only_server"]

PATIENCE_S = 5.0  # that a write waits for others to be done
_CLOSE_S = 3.0  # that the writer has for what waits when the store is closed
_ALERT = sa.text("""substr(json, 1, 19) = '{"type":"detection"'""")  # to the letter as the index in the migration


class CallDeletedError(CalmlineError):
    """A call was deleted while it was being analysed."""

    def __init__(self, call: str) -> None:
        super().__init__(f"Call {call} was deleted while it was being analysed; nothing of it is kept.")


def default_folder() -> Path:
    """The user's own data folder for Calmline."""
    return user_data_path("calmline", appauthor=False)


class Store:
    """Calls kept in `folder`, which is made if need be. Raises `StoreError`. Use it as a context manager."""

    def __init__(self, folder: Path, patience_s: float = PATIENCE_S) -> None:
        self.folder = folder
        self.database = Database(folder, patience_s)
        self.writer = Writer(self.database, Spill(self.database.folder))
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def engine(self) -> sa.Engine:
        return self.database.engine

    def close(self) -> None:
        """Store what still waits, within seconds; what cannot be is left for the next start. Not twice."""
        if not self._closed:
            self._closed = True
            self.writer.close(_CLOSE_S)
            self.database.close()

    @property
    def lost(self) -> int:
        """Events that could be stored nowhere by the time the store was closed."""
        return self.writer.lost

    def recover(self) -> None:
        """Take in what the last server left: events that it could not store, and calls that were live. For a server
        that has the folder to itself. Raises `NotReadError`."""
        for call, unstored in self.writer.left_over():
            newest = unstored[-1].seq if unstored else 0
            known = self.call(call.id)
            self.writer.put(call if known is None or newest > self.last(call.id) else known, unstored)
        for call in self._live():
            self.writer.put(structs.replace(call, state=CallState.INTERRUPTED), [])
        self.writer.tidy()

    def audio_path(self, call: str) -> Path:
        """Where the raw audio of a call is, if it was kept."""
        return self.folder / "audio" / f"{call}.wav"

    def keep(self, call: CallInfo, new: Sequence[Stored] = ()) -> None:
        """Write down how a call stands, and its new events: all of it or nothing. Raises `NotStoredError`."""
        with self.database.writing() as connection:
            store_call(connection, call, new)

    def extend(self, call: CallInfo, new: Sequence[Stored] = ()) -> None:
        """The same for a call that was kept before. Raises `CallDeletedError` if it is not there any more."""
        with self.database.writing([call.id]) as connection:
            update = sa.update(calls).where(calls.c.id == call.id).values(to_row(call))
            if connection.execute(update).rowcount == 0:
                raise CallDeletedError(call.id)
            store_events(connection, call.id, new)

    def delete(self, call: str) -> bool:
        """Forget a call, its events and its audio; false if there was none.

        Raises `NotDeletedError` and `NotStoredError`: then it is still listed, and can be deleted again.
        """
        remove_files(call, self.audio_path(call))
        with self.database.writing() as connection:
            waited = self.writer.forget(call)
            known = erase(connection, call)
        if known:
            self.database.wipe(PATIENCE_S)
            self.writer.tidy()
        return known or waited

    def calls(self, limit: int, before: str | None = None) -> list[CallInfo]:
        """The newest calls first; those older than call `before`, if it is given."""
        age = sa.tuple_(calls.c.started_at, calls.c.id)
        query = sa.select(calls).order_by(calls.c.started_at.desc(), calls.c.id.desc()).limit(limit)
        if before is not None:
            its_age = sa.select(calls.c.started_at, calls.c.id).where(calls.c.id == before)
            query = query.where(age < its_age.scalar_subquery())
        with self.database.reading() as connection:
            listed = [from_row(row) for row in connection.execute(query)]
        waiting = (self.writer.backlog.waiting(call.id) for call in listed)
        return [call if newer is None else newer[0] for call, newer in zip(listed, waiting, strict=True)]

    def call(self, call: str) -> CallInfo | None:
        if waiting := self.writer.backlog.waiting(call):
            return waiting[0]
        with self.database.reading() as connection:
            row = connection.execute(sa.select(calls).where(calls.c.id == call)).one_or_none()
        return None if row is None else from_row(row)

    def named(self, call: str) -> str | None:
        """The id of the call that is called so, upper and lower case alike: on some disks their files are the same."""
        query = sa.select(calls.c.id).where(sa.func.lower(calls.c.id) == call.lower())
        if waiting := [other for other in self.writer.backlog.ids() if other.lower() == call.lower()]:
            return waiting[0]
        with self.database.reading() as connection:
            return connection.execute(query.order_by(calls.c.id != call).limit(1)).scalar()

    def last(self, call: str) -> int:
        """The number of a call's newest event, 0 if it has none."""
        waiting = self.writer.backlog.waiting(call)
        if waiting and waiting[1]:
            return waiting[1][-1].seq
        with self.database.reading() as connection:
            return last_event(connection, call)

    def events(self, call: str, after: int = 0, limit: int | None = None) -> list[Stored]:
        """The events of a call that come after number `after`, in order."""
        waiting = self.writer.backlog.waiting(call)
        query = sa.select(events.c.seq, events.c.json).where(events.c.call == call, events.c.seq > after)
        with self.database.reading() as connection:
            read = [Stored(*row) for row in connection.execute(query.order_by(events.c.seq).limit(limit))]
        if waiting:
            last = read[-1].seq if read else after
            read += [event for event in waiting[1] if event.seq > last]
        return read[:limit]

    def alerts(self, of: Sequence[str]) -> dict[str, int]:
        """How many alerts there were in each of these calls; calls that had none are left out."""
        query = sa.select(events.c.call, sa.func.count().label("alerts")).where(events.c.call.in_(of), _ALERT)
        with self.database.reading() as connection:
            return {row.call: row.alerts for row in connection.execute(query.group_by(events.c.call))}

    def judge(self, call: str, alert: int, verdict: Verdict | None) -> bool:
        """Keep what a reviewer makes of alert number `alert`, None to take it back; false if there is no such alert.

        Raises `NotStoredError`, also where the alert itself is not stored yet.
        """
        self._refuse_if_waiting(call, alert)
        this = (events.c.call == call, events.c.seq == alert, _ALERT)
        with self.database.writing() as connection:
            if connection.execute(sa.select(events.c.seq).where(*this)).first() is None:
                return False
            if verdict is None:
                connection.execute(sa.delete(verdicts).where(verdicts.c.call == call, verdicts.c.seq == alert))
            else:
                row = {"call": call, "seq": alert, "verdict": verdict.value}
                new = insert(verdicts).values(row)
                connection.execute(new.on_conflict_do_update(index_elements=["call", "seq"], set_=row))
            return True

    def verdicts(self, call: str) -> dict[int, Verdict]:
        """What reviewers made of the alerts of a call, by the number of the alert."""
        query = sa.select(verdicts.c.seq, verdicts.c.verdict).where(verdicts.c.call == call)
        with self.database.reading() as connection:
            known = {verdict.value for verdict in Verdict}
            return {seq: Verdict(verdict) for seq, verdict in connection.execute(query) if verdict in known}

    def _live(self) -> list[CallInfo]:
        with self.database.reading() as connection:
            query = sa.select(calls).where(calls.c.state == CallState.LIVE.value)
            stored = {row.id: from_row(row) for row in connection.execute(query)}
        waiting = {call: found[0] for call in self.writer.backlog.ids() if (found := self.writer.backlog.waiting(call))}
        return [call for call in (stored | waiting).values() if call.state is CallState.LIVE]

    def _refuse_if_waiting(self, call: str, alert: int) -> None:
        waiting = self.writer.backlog.waiting(call)
        if waiting and any(event.seq == alert for event in waiting[1]):
            raise NotStoredError(f"Alert {alert} of call {call} is not stored itself yet; try again in a moment.")
