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


@contextmanager
def only_server(folder: Path, address: str) -> Iterator[None]:
    """Hold the folder for the server at `address` while the context is open. Raises `StoreError`."""
    lock, where = FileLock(folder / "server.lock", mode=_FILE), folder / "server.address"
    try:
        make_private_folder(folder)
        lock.acquire(blocking=False)
    except Timeout as error:
        text = f"A server is running on the calls in {folder} already, at {_read(where)}: use that one, or stop it."
        raise StoreError(text) from error
    except OSError as error:
        raise StoreError(f"Expected a folder that calls can be kept in at {folder}: {error.strerror}.") from error
    try:
        with suppress(OSError):  # the lock counts; the address only helps
            make_private_file(where)
            where.write_text(address, encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            where.unlink()
        lock.release()


def _read(where: Path) -> str:
    try:
        return where.read_text(encoding="utf-8") or "an address that it has not told yet"
    except (OSError, UnicodeError):
        return "an address that cannot be read"
