"""Where events wait that the store has not taken yet, so that not even a kill -9 loses what somebody saw.

In: a call and its numbered events. Out: the same, when a server starts. A file a call, of JSON lines, in the data
folder; where that has no room or is gone, in another place of the same user's. Files are private, and go as soon as the
store has what they hold. What is written survives the process, not a power cut. One thread at a time.
"""

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import MsgspecError, Struct, json
from platformdirs import user_cache_path

from server.protocol.calls import CallInfo
from server.store.folder import make_private_folder, private_opener
from server.store.numbering import Stored

logger = logging.getLogger(__name__)


class _Line(Struct, frozen=True):
    """One write: the call as it stood, and events that the store did not have."""

    call: CallInfo
    events: list[Stored]


class Spill:
    def __init__(self, data_folder: Path) -> None:
        name = hashlib.sha256(os.fsencode(data_folder)).hexdigest()[:16]  # no two data folders share a place
        elsewhere = (
            user_cache_path("calmline", appauthor=False),
            Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
            / f"calmline-{getattr(os, 'getuid', int)()}",
        )
        self._folders = [data_folder / "unstored", *(place / "unstored" / name for place in elsewhere)]
        self._files: dict[str, set[Path]] = {}  # of each call

    def append(self, call: CallInfo, events: Sequence[Stored]) -> Path:
        """Write events down, in the first place that takes them. Raises `OSError` of the last one where none does."""
        line = json.encode(_Line(call, [*events])) + b"\n"
        for folder in self._folders:
            path = folder / f"{call.id}.jsonl"
            try:
                _append(path, line)
            except OSError as error:
                reason = error
            else:
                self._files.setdefault(call.id, set()).add(path)
                return path
        raise reason

    def discard(self, call: str) -> None:
        """The store has all of a call, or it was deleted."""
        for path in self._files.pop(call, ()):
            with suppress(OSError):
                path.unlink(missing_ok=True)
                path.parent.rmdir()  # where it was the last one

    def read(self) -> list[tuple[CallInfo, list[Stored]]]:
        """All that an earlier process left: each call as it stood last, and its events in order, wherever they lay."""
        found: dict[str, tuple[CallInfo, dict[int, Stored]]] = {}
        for path in [path for folder in self._folders for path in _files(folder)]:
            for line in _lines(path):
                self._files.setdefault(line.call.id, set()).add(path)
                call, events = found.get(line.call.id, (line.call, {}))
                events |= {event.seq: event for event in line.events}
                found[call.id] = (
                    max(call, line.call, key=lambda call: (call.ended_at is not None, call.duration)),
                    events,
                )
        return [(call, [events[seq] for seq in sorted(events)]) for call, events in found.values()]


def _lines(path: Path) -> Iterator[_Line]:
    """The lines of a file. What was broken off is left out, and said in the log."""
    with suppress(OSError):
        for line in path.read_bytes().splitlines():
            try:
                yield json.decode(line, type=_Line)
            except (MsgspecError, ValueError):
                logger.warning("A line in %s cannot be read; it was broken off while it was written.", path)


def _append(path: Path, line: bytes) -> None:
    """Add a line whole, or not at all. Raises `OSError`."""
    make_private_folder(path.parent)
    if not _is_ours(path.parent):
        raise PermissionError(f"{path.parent} belongs to somebody else")
    with open(path, "ab", buffering=0, opener=private_opener) as file:
        before = os.fstat(file.fileno()).st_size
        written = file.write(line)
        if written != len(line):
            file.truncate(before)
            raise OSError(f"{path} took {written} of {len(line)} bytes")


def _is_ours(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def _files(folder: Path) -> list[Path]:
    with suppress(OSError):
        if _is_ours(folder):
            return sorted(folder.glob("*.jsonl"))
    return []
