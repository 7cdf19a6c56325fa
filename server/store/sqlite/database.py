"""The SQLite file of the store: opening it, one writer at a time, its traces, and a folder that vanishes under it.

In: a folder. Out: transactions. WAL, synchronous=NORMAL: what was committed survives a kill -9 of the process (a power
cut may cost the last moments, never the file). Readers never wait for a writer. Any thread may use it; of those that
write, one does at a time. Opening brings an older file up to date; a newer one is refused.

A file that is deleted or replaced while it is open stays readable to whoever has it open. So one connection is always
held; a writer that finds another file (or none) at the path makes a new one and copies the calls that run.
"""

import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from audio.errors import CalmlineError
from server.store.folder import StoreError, close_to_others, make_private_file, take_over_folder
from server.store.sqlite.compaction import compact
from server.store.sqlite.rescue import Identity, copy_calls, identity
from server.store.sqlite.upgrade import upgrade


class NotStoredError(CalmlineError):
    """The store did not take what it was given. Nothing that it held before is lost."""


class NotReadError(CalmlineError):
    """The store cannot be read at the moment."""


class Database:
    """`calmline.db` in a folder, which is made if need be. Raises `StoreError`."""

    def __init__(self, folder: Path, patience_s: float) -> None:
        """A writer waits `patience_s` for others to be done, in this program or another."""
        self.folder = folder.absolute()
        self.path = self.folder / "calmline.db"
        self.moves = 0  # times that the file was found deleted or replaced
        self.on_move: Callable[[], None] = lambda: None  # called then, while nobody else writes
        self._patience_s = patience_s
        self._lock = threading.Lock()  # held by whoever writes
        self.engine = sa.create_engine("sqlite://", creator=self._connect, poolclass=sa.QueuePool)
        sa.event.listen(self.engine, "begin", self._begin)
        try:
            self._held = self._open()
        except (OSError, sqlite3.Error, SQLAlchemyError) as error:
            raise StoreError(f"Expected a folder that calls can be kept in at {folder}: {_reason(error)}.") from error
        except CommandError as error:
            raise StoreError(f"The calls in {folder} were kept by a newer Calmline: update this one.") from error
        self._files = self._identities()

    def close(self) -> None:
        self.engine.dispose()
        self._held.close()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that reads. Raises `NotReadError`."""
        with suppress(NotStoredError, OSError):  # then what can be read is read
            self.check()
        try:
            with self.engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise NotReadError(f"The store in {self.folder} cannot be read: {_reason(error)}.") from error

    @contextmanager
    def writing(self, rescue: Collection[str] = (), patience_s: float | None = None) -> Iterator[sa.Connection]:
        """A transaction that writes: all of it or nothing. Raises `NotStoredError`.

        Where the file is gone, the calls `rescue` are copied to the new one, besides those that run.
        """
        patience_s = self._patience_s if patience_s is None else patience_s
        with self._alone(patience_s):
            try:
                self._follow_the_file(rescue)
                how = {"begin": "IMMEDIATE", "patience_s": patience_s}
                with self.engine.connect().execution_options(**how) as connection, connection.begin():
                    yield connection
                self._follow_the_file(rescue)
            except (OSError, sqlite3.Error, SQLAlchemyError) as error:
                text = f"The store in {self.folder} does not take any more: {_reason(error)}."
                raise NotStoredError(text) from error

    def check(self) -> None:
        """Notice at once that the file is gone, though nothing is to be written. Raises `NotStoredError`."""
        if identity(self.path) != self._files[""]:
            with self.writing():
                pass

    def wipe(self, patience_s: float) -> bool:
        """Empty the log of what was written, where deleted text still stands; false while somebody reads it."""
        try:
            with self._alone(patience_s):
                self._held.execute(f"PRAGMA busy_timeout={round(1000 * patience_s)}")
                busy, *_ = self._held.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                return not busy
        except (NotStoredError, sqlite3.Error):
            return False

    def compact(self) -> None:
        """Give back the room of deleted calls where it is worth while. Takes long for a large file; `interrupt` ends
        it. Raises `NotStoredError`."""
        with self._alone(self._patience_s):
            try:
                compact(self._held)
            except sqlite3.Error as error:
                text = f"The file {self.path} cannot be made smaller at the moment: {error}."
                raise NotStoredError(text) from error

    def interrupt(self) -> None:
        """End a compaction that runs."""
        self._held.interrupt()

    @contextmanager
    def _alone(self, patience_s: float) -> Iterator[None]:
        if not self._lock.acquire(timeout=patience_s):
            raise NotStoredError(f"The store in {self.folder} does not take any more: it is busy.")
        try:
            yield
        finally:
            self._lock.release()

    def _open(self) -> sqlite3.Connection:
        """Make the file if need be, and bring it up to date; a connection to it, which has it open."""
        take_over_folder(self.folder, self.path)
        make_private_file(self.path)
        held = self._connect()
        try:
            held.execute("PRAGMA journal_mode=WAL")
            upgrade(self.engine)
            held.execute("SELECT count(*) FROM alembic_version").fetchone()
        except BaseException:
            self.engine.dispose()
            held.close()
            raise
        for suffix in ("-wal", "-shm"):
            close_to_others(self._beside(suffix), 0o600)
        return held

    def _connect(self) -> sqlite3.Connection:
        """A connection to the file as it is: `mode=rw` never makes one."""
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?mode=rw",
            uri=True,
            timeout=self._patience_s,
            isolation_level=None,  # SQLAlchemy says BEGIN itself, so that migrations are transactions too
            check_same_thread=False,
        )
        try:
            for pragma in ("synchronous=NORMAL", "secure_delete=ON", "temp_store=MEMORY"):
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin(self, connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        raw: Any = connection.connection.driver_connection
        raw.execute(f"PRAGMA busy_timeout={round(1000 * options.get('patience_s', self._patience_s))}")
        raw.execute(f"BEGIN {options.get('begin', 'DEFERRED')}")

    def _follow_the_file(self, rescue: Collection[str]) -> None:
        """Where another file or none is at the path, go on there with the calls that run, and `rescue`."""
        if identity(self.path) == self._files[""]:
            return
        found = self._identities()
        for suffix in ("-wal", "-shm"):  # of the old file, if they outlived it: not to be taken for the new one's
            if found[suffix] is not None and found[suffix] == self._files[suffix]:
                self._beside(suffix).unlink(missing_ok=True)
        self.engine.dispose()
        new = self._open()
        try:
            copy_calls(self._held, new, rescue)
        except BaseException:
            new.close()
            raise
        self._held.close()
        self._held, self._files = new, self._identities()
        self.moves += 1
        self.on_move()

    def _identities(self) -> dict[str, Identity]:
        return {suffix: identity(self._beside(suffix)) for suffix in ("", "-wal", "-shm")}

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(getattr(error, "orig", None) or error)
