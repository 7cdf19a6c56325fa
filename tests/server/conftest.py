"""What the server's tests share: a running server, an open store, a call to keep in it, and a disk that is full."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from audio.speech.vad import load_vad
from coach.rules import load_rules
from models.tone.onnx_tone import OnnxTone
from server.app import ServerSettings
from server.live.registry import Engine
from server.pipeline.core import CoreSettings
from server.pipeline.models import Models
from server.protocol.calls import CallInfo, Layout
from server.serve import serving
from server.store.store import Store

FullDisk = Callable[[Store], AbstractContextManager[None]]
Locked = Callable[[Path], AbstractContextManager[None]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "new" / "folder") as opened:
        yield opened


@pytest.fixture
def call() -> CallInfo:
    started_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return CallInfo(id="a", agent="Kim", title=None, layout=Layout.MIXED, rate=8000, started_at=started_at)


@pytest.fixture
def full_disk() -> FullDisk:
    """A context in which a store's file cannot grow: SQLite's own limit, which it reports as it does a full disk."""

    @contextmanager
    def full(store: Store) -> Iterator[None]:
        def limit(connection: sqlite3.Connection, _: object) -> None:
            connection.execute("PRAGMA max_page_count = 1")  # which SQLite takes as: no larger than it is

        sa.event.listen(store.engine, "connect", limit)
        store.engine.dispose()
        yield
        sa.event.remove(store.engine, "connect", limit)
        store.engine.dispose()

    return full


@pytest.fixture
def locked() -> Locked:
    """A context in which another program holds the lock on a folder's calls, as a backup or a viewer would."""

    @contextmanager
    def lock(folder: Path) -> Iterator[None]:
        with closing(sqlite3.connect(folder / "calmline.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")

    return lock


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Everything real but words, which most tests of the wire have no use for."""
    return Engine(Models(load_vad(), OnnxTone(), None), load_rules(), CoreSettings())


@pytest.fixture
def settings(tmp_path: Path) -> ServerSettings:
    return ServerSettings(port=0, data_folder=str(tmp_path / "data"))


@pytest.fixture
def address(settings: ServerSettings, engine: Engine) -> Iterator[str]:
    """A running server."""
    with serving(settings, engine) as where:
        yield where
