"""Giving back the room of deleted calls, whose events are blanked where they stand (`server.store.deletion`).

Rows that are removed make SQLite join pages and leave copies of other rows behind; rebuilding the file wipes those. So
the two go together, and a process that was stopped in between is made up for by the next. Stateless.
"""

import sqlite3

FEWEST_BLANK = 10_000  # rows of deleted calls for which the file is not compacted yet

_BLANK = "call < '!'"  # of a row whose call was deleted: no id begins so


def compact(connection: sqlite3.Connection) -> None:
    """Remove blank rows and rebuild the file, where a quarter of it is blank."""
    (begun,) = connection.execute("PRAGMA user_version").fetchone()  # by a process that did not finish
    if begun or _is_worth_while(connection):
        connection.execute("PRAGMA user_version = 1")
        connection.execute(f"DELETE FROM events WHERE {_BLANK}")
        connection.execute("VACUUM")
        connection.execute("PRAGMA user_version = 0")


def _is_worth_while(connection: sqlite3.Connection) -> bool:
    (blank,) = connection.execute(f"SELECT count(*) FROM events WHERE {_BLANK}").fetchone()
    (rows,) = connection.execute("SELECT max(rowid) FROM events").fetchone()
    return bool(blank > FEWEST_BLANK and blank > rows / 4)
