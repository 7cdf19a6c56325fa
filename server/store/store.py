"""The store: calls and their events in one SQLite file, raw audio beside it where it was asked for.

Synchronous; the live server calls it off the event loop. Every method is one transaction. WAL, synchronous=NORMAL:
what was committed survives a kill -9 of the process (a power cut may cost the last moments, never the file). Deleted
text is overwritten. Opening brings an older file up to date; a newer one is refused.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from msgspec import convert, structs, to_builtins
from platformdirs import user_data_path
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError

from audio.errors import CalmlineError
from server.protocol.calls import CallInfo, CallState, Verdict
from server.store.waveforms import peaks_path

_calls = sa.table("calls", *map(sa.column, CallInfo.__struct_fields__))
_events = sa.table("events", *map(sa.column, ("call", "seq", "json")))
_verdicts = sa.table("verdicts", *map(sa.column, ("call", "seq", "verdict")))
_ALERT = sa.text("""substr(json, 1, 19) = '{"type":"detection"'""")  # to the letter as the index in the migration


class StoreError(CalmlineError):
    """The store cannot be opened."""


class NotStoredError(CalmlineError):
    """The store did not take what it was given. Nothing that it held before is lost."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One event as it is kept and sent."""

    seq: int
    json: str


def default_folder() -> Path:
    """The user's own data folder for Calmline."""
    return user_data_path("calmline", appauthor=False)


class Store:
    """Calls kept in `folder`, which is made if need be. Raises `StoreError`. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = sa.create_engine(f"sqlite:///{folder / 'calmline.db'}")
        sa.event.listen(self.engine, "connect", _prepare)
        sa.event.listen(self.engine, "begin", _begin)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._migrate()
        except (OSError, DatabaseError) as error:
            reason = error.orig if isinstance(error, DatabaseError) else error.strerror
            raise StoreError(f"Expected a folder that calls can be kept in at {folder}: {reason}.") from error
        except CommandError as error:
            raise StoreError(f"The calls in {folder} were kept by a newer Calmline: update this one.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.engine.dispose()

    def audio_path(self, call: str) -> Path:
        """Where the raw audio of a call is, if it was kept."""
        return self.folder / "audio" / f"{call}.wav"

    def keep(self, call: CallInfo, events: Sequence[Stored] = ()) -> None:
        """Write down how a call stands, and its new events: all of it or nothing. Raises `NotStoredError`."""
        row = to_builtins(structs.replace(call, started_at=call.started_at.astimezone(UTC)))
        with self._writing() as connection:
            connection.execute(insert(_calls).values(row).on_conflict_do_update(index_elements=["id"], set_=row))
            if events:
                rows = [{"call": call.id, "seq": event.seq, "json": event.json} for event in events]
                connection.execute(sa.insert(_events), rows)

    def interrupt(self) -> None:
        """Mark the calls that were live when the last server stopped. Raises `NotStoredError`."""
        with self._writing() as connection:
            live = _calls.c.state == CallState.LIVE.value
            connection.execute(sa.update(_calls).where(live).values(state=CallState.INTERRUPTED.value))

    def delete(self, call: str) -> bool:
        """Forget a call, its events and its audio; false if there was none. Raises `NotStoredError`."""
        with self._writing() as connection:
            known = connection.execute(sa.delete(_calls).where(_calls.c.id == call)).rowcount > 0
        if known:
            self.audio_path(call).unlink(missing_ok=True)
            peaks_path(self.audio_path(call)).unlink(missing_ok=True)
        return known

    def calls(self, limit: int, before: str | None = None) -> list[CallInfo]:
        """The newest calls first; those older than call `before`, if it is given."""
        age = sa.tuple_(_calls.c.started_at, _calls.c.id)
        query = sa.select(_calls).order_by(_calls.c.started_at.desc(), _calls.c.id.desc()).limit(limit)
        if before is not None:
            its_age = sa.select(_calls.c.started_at, _calls.c.id).where(_calls.c.id == before)
            query = query.where(age < its_age.scalar_subquery())
        with self.engine.connect() as connection:
            return [_call(row) for row in connection.execute(query)]

    def call(self, call: str) -> CallInfo | None:
        with self.engine.connect() as connection:
            row = connection.execute(sa.select(_calls).where(_calls.c.id == call)).one_or_none()
        return None if row is None else _call(row)

    def named(self, call: str) -> str | None:
        """The id of the call that is called so, upper and lower case alike: on some disks their files are the same."""
        query = sa.select(_calls.c.id).where(sa.func.lower(_calls.c.id) == call.lower())
        with self.engine.connect() as connection:
            return connection.execute(query.order_by(_calls.c.id != call).limit(1)).scalar()

    def last(self, call: str) -> int:
        """The number of a call's newest event, 0 if it has none."""
        query = sa.select(sa.func.max(_events.c.seq)).where(_events.c.call == call)
        with self.engine.connect() as connection:
            return connection.execute(query).scalar() or 0

    def events(self, call: str, after: int = 0, limit: int | None = None) -> list[Stored]:
        """The events of a call that come after number `after`, in order."""
        query = sa.select(_events.c.seq, _events.c.json).where(_events.c.call == call, _events.c.seq > after)
        with self.engine.connect() as connection:
            return [Stored(*row) for row in connection.execute(query.order_by(_events.c.seq).limit(limit))]

    def alerts(self, calls: Sequence[str]) -> dict[str, int]:
        """How many alerts there were in each of these calls; calls that had none are left out."""
        query = sa.select(_events.c.call, sa.func.count().label("alerts")).where(_events.c.call.in_(calls), _ALERT)
        with self.engine.connect() as connection:
            return {row.call: row.alerts for row in connection.execute(query.group_by(_events.c.call))}

    def judge(self, call: str, alert: int, verdict: Verdict | None) -> bool:
        """Keep what a reviewer makes of alert number `alert`, None to take it back; false if there is no such alert.

        Raises `NotStoredError`.
        """
        this = (_events.c.call == call, _events.c.seq == alert, _ALERT)
        with self._writing() as connection:
            if connection.execute(sa.select(_events.c.seq).where(*this)).first() is None:
                return False
            if verdict is None:
                connection.execute(sa.delete(_verdicts).where(_verdicts.c.call == call, _verdicts.c.seq == alert))
            else:
                row = {"call": call, "seq": alert, "verdict": verdict.value}
                new = insert(_verdicts).values(row)
                connection.execute(new.on_conflict_do_update(index_elements=["call", "seq"], set_=row))
            return True

    def verdicts(self, call: str) -> dict[int, Verdict]:
        """What reviewers made of the alerts of a call, by the number of the alert."""
        query = sa.select(_verdicts.c.seq, _verdicts.c.verdict).where(_verdicts.c.call == call)
        with self.engine.connect() as connection:
            return {seq: Verdict(verdict) for seq, verdict in connection.execute(query)}

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        try:
            with self.engine.begin() as connection:
                yield connection
        except DatabaseError as error:
            raise NotStoredError(f"The store in {self.folder} does not take any more: {error.orig}.") from error

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        with self.engine.connect().execution_options(begin="IMMEDIATE") as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()


def _call(row: sa.Row[Any]) -> CallInfo:
    return convert(dict(row._mapping), CallInfo, strict=False)


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # SQLAlchemy says BEGIN itself, so that migrations are transactions too
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")
