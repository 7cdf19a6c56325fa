"""The data folder as the system sees it: private to its user, and in the hands of one server at a time.

In: paths. Out: folders of mode 0700, files of mode 0600, and a lock that names who holds it. The lock is the system's
own on an open file, so that of a process that died is free; the holder's address stands in a file beside it. A folder
that holds other things than calls is left as it was: only what we make in it is private.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from audio.errors import CalmlineError
from server.store.sqlite.rescue import identity

_FOLDER, _FILE = 0o700, 0o600


class StoreError(CalmlineError):
    """The store cannot be opened."""


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its user can look into, those above it too. Raises `OSError`."""
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(_FOLDER, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Make sure that there is a file which only its user can read; what it holds stays. Raises `OSError`."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, _FILE))
    close_to_others(path, _FILE)


def close_to_others(path: Path, mode: int) -> None:
    """Take everybody else's rights to a file or folder away, where there is one and it is ours."""
    with suppress(OSError):
        path.chmod(mode)


def take_over_folder(folder: Path, ours: Path) -> None:
    """Make the folder private if need be: one that we make, that is empty, or that holds our file `ours`."""
    make_private_folder(folder)
    if ours.exists() or not any(folder.iterdir()):
        close_to_others(folder, _FOLDER)


def private_opener(path: str, flags: int) -> int:
    """For `open(opener=...)`: what it makes only its user can read."""
    return os.open(path, flags, _FILE)


class Hold:
    """A folder in the hands of the server at `address`."""

    def __init__(self, folder: Path, address: str) -> None:
        """Raises `StoreError` where another server has it."""
        self._folder = folder
        self._path = folder / "server.lock"
        self._where = folder / "server.address"
        self._address = address
        self._lock = self._take()
        self._held = identity(self._path)

    def take_again(self) -> None:
        """Another folder has been put in place of this one: take that. Raises `StoreError`, and keeps what it had."""
        if not self._is_ours():
            old, self._lock = self._lock, self._take()
            self._held = identity(self._path)
            old.release()

    def release(self) -> None:
        if self._is_ours():
            with suppress(OSError):
                self._where.unlink()
        self._lock.release()

    def _is_ours(self) -> bool:
        """Whether the lock that is held is the one that others find."""
        return identity(self._path) == self._held

    def _take(self) -> FileLock:
        lock = FileLock(self._path, mode=_FILE, thread_local=False)  # it may be taken again on another
        try:
            make_private_folder(self._folder)
            lock.acquire(blocking=False)
        except Timeout as error:
            text = f"A server is running on the calls in {self._folder} already, at {_read(self._where)}: "
            raise StoreError(f"{text}use that one, or stop it.") from error
        except OSError as error:
            text = f"Expected a folder that calls can be kept in at {self._folder}: {error.strerror}."
            raise StoreError(text) from error
        with suppress(OSError):  # the lock counts; the address only helps
            make_private_file(self._where)
            self._where.write_text(self._address, encoding="utf-8")
        return lock


@contextmanager
def only_server(folder: Path, address: str) -> Iterator[Hold]:
    """Hold the folder for the server at `address` while the context is open. Raises `StoreError`."""
    hold = Hold(folder, address)
    try:
        yield hold
    finally:
        hold.release()


def _read(where: Path) -> str:
    try:
        return where.read_text(encoding="utf-8") or "an address that it has not told yet"
    except (OSError, UnicodeError):
        return "an address that cannot be read"
