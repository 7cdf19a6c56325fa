"""What is needed to go on when the file was deleted or replaced while it was open.

In: a path, or a connection to the file as it was, which stays readable, and one to the file that is there now. Out: who
a path leads to, and the calls that run, copied. What was over is left behind: whoever deleted the file wanted that.
Stateless.
"""

import json
import sqlite3
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

Identity: TypeAlias = tuple[int, int] | None  # of a file: its device and number there; None: it is not there

_COPIED = {"calls": "id", "events": "call", "verdicts": "call"}  # the column of each table that names the call


def identity(path: Path) -> Identity:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def copy_calls(old: sqlite3.Connection, new: sqlite3.Connection, rescue: Collection[str]) -> None:
    """Copy the calls that run, and those of the given ids, as far as the new file does not have them."""
    running = "SELECT id FROM calls WHERE state = 'live' OR id IN (SELECT value FROM json_each(?))"
    ids = {call for (call,) in old.execute(running, [json.dumps([*rescue])])}
    new.execute("BEGIN IMMEDIATE")
    try:
        ids -= {call for (call,) in new.execute("SELECT id FROM calls")}
        for call in ids:
            for table, key in _COPIED.items():
                rows = old.execute(f"SELECT * FROM {table} WHERE {key} = ?", [call])
                places = ", ".join("?" * len(rows.description))
                new.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
        new.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            new.execute("ROLLBACK")
        raise
