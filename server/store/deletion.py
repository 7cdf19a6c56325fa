"""Deleting a call so that no byte of it is left: its files, and its rows.

SQLite leaves copies behind where rows move between pages, `secure_delete` or not. Events never move: they are appended,
and blanked in place here. The list of calls is small, and written anew. The log of the file is the database's to empty.
Stateless; inside the caller's transaction.
"""

from pathlib import Path

import sqlalchemy as sa

from audio.errors import CalmlineError
from server.store.calls import calls, events, verdicts
from server.store.waveforms import remove_peaks

_BLANK = " "  # begins what is left of a deleted event: no id does


class NotDeletedError(CalmlineError):
    """A call that cannot be deleted yet, since a file of it cannot. It can be tried again."""


def remove_files(call: str, audio: Path) -> None:
    """Remove the audio of a call, and what was made of it. Raises `NotDeletedError`."""
    if audio.name != f"{call}.wav":
        return  # no id that a call can have: there is no file, and it may not name another one
    try:
        audio.unlink(missing_ok=True)
        remove_peaks(audio)
    except OSError as error:
        text = f"Call {call} is not deleted, since its audio cannot be removed ({error.strerror}); try again."
        raise NotDeletedError(text) from error


def erase(connection: sa.Connection, call: str) -> bool:
    """Erase the rows of a call; false if there are none."""
    known = connection.execute(sa.select(calls.c.id).where(calls.c.id == call)).first() is not None
    if known:
        _overwrite_events(connection, call)
        connection.execute(sa.delete(verdicts).where(verdicts.c.call == call))
        _rebuild_calls_without(connection, call)
    return known


def _overwrite_events(connection: sa.Connection, call: str) -> None:
    """Blank the events of a call where they stand, byte for byte, so that SQLite moves and copies nothing.

    A row that were removed would make SQLite join pages, and leave copies of other calls' text behind. Blank rows go
    when the file is compacted.
    """
    size = sa.func.length(sa.cast(events.c.json, sa.LargeBinary))
    blank = sa.func.substr(sa.func.hex(sa.func.zeroblob(size)), 1, size)
    nobody = sa.literal(_BLANK * len(call.encode()))
    connection.execute(sa.update(events).where(events.c.call == call).values(call=nobody, json=blank))


def _rebuild_calls_without(connection: sa.Connection, call: str) -> None:
    """Write the list of calls anew without this one: its rows change and move, so copies of any may be about."""
    connection.exec_driver_sql("CREATE TEMP TABLE others AS SELECT * FROM calls WHERE id <> ?", (call,))
    connection.exec_driver_sql("DELETE FROM calls")  # all of it: pages are wiped whole
    connection.exec_driver_sql("INSERT INTO calls SELECT * FROM others")
    connection.exec_driver_sql("DROP TABLE temp.others")
