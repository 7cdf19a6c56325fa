"""What can happen to a server while calls run: its processes die, its store is locked, full, deleted or replaced.

In: the server, its calls, numbered chance. Each trouble is done to the real thing: signals, another SQLite connection,
a disk (a tmpfs of its own) that is filled to the last byte, folders that are removed. A lock and a full disk last
while the next troubles come; all that a test must do in the end is `make_good`.
"""

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random
from threading import Condition

from nightly.callers import Caller
from nightly.supervised import SupervisedServer

PATIENCE_S = 120.0  # a test that hangs fails after this long
LONGEST_LOCK_S, LONGEST_FULL_S = 12.0, 6.0


class Troubles:
    """All that can happen. `disk` is what the data folder is on, where that can be filled."""

    def __init__(
        self,
        server: SupervisedServer,
        callers: Sequence[Caller],
        data: Path,
        disk: Path | None,
        changed: Condition,
        chance: Random,
    ) -> None:
        self._server = server
        self._callers = callers
        self._data = data
        self._disk = disk
        self._changed = changed
        self._chance = chance
        self._number = 0
        self._lasting: list[threading.Thread] = []
        self._over = threading.Event()
        self.kinds: dict[str, Callable[[], None]] = {
            "kill server": self._kill_server,
            "kill words": self._kill_words,
            "lock": self._lock,
            "delete folder": self._delete_folder,
            "replace folder": self._replace_folder,
        }
        if disk is not None:
            self.kinds["fill disk"] = self._fill_disk
        else:
            print("no disk is filled: this user cannot mount one that is small")

    def make_good(self) -> None:
        """Let go of locks, and give room back."""
        self._over.set()
        for thread in self._lasting:
            thread.join()

    def wait(self, what: str, true: Callable[[], bool]) -> None:
        """Until something is so, looked at with every event that is seen."""
        with self._changed:
            assert self._changed.wait_for(true, PATIENCE_S), f"{what}: not within {PATIENCE_S:g} s"

    def wait_until_all_go_on(self, by_s: float) -> None:
        """Until each call was heard that much further."""
        goals = {caller: caller.at + by_s for caller in self._callers}
        self.wait("the calls go on", lambda: all(caller.at >= goal for caller, goal in goals.items()))

    def _kill_server(self) -> None:
        self._server.kill()
        self._server.wait_until_ready()

    def _kill_words(self) -> None:
        self.wait("words are decoded", self._server.kill_words)

    def _lock(self) -> None:
        lasts_s, kind = self._chance.uniform(0.5, LONGEST_LOCK_S), self._chance.choice(["IMMEDIATE", "EXCLUSIVE"])

        def hold() -> None:
            with suppress(sqlite3.Error), self._connected("rw", 10.0) as other:
                other.execute(f"BEGIN {kind}")
                self._over.wait(lasts_s)
                other.execute("ROLLBACK")

        self._last(hold)

    def _fill_disk(self) -> None:
        assert self._disk
        self._number += 1
        lasts_s, filler = self._chance.uniform(0.5, LONGEST_FULL_S), self._disk / f"filler-{self._number}"

        def fill() -> None:
            with suppress(OSError), filler.open("wb", buffering=0) as file:
                for size in (2**20, 2**12, 1):
                    with suppress(OSError):
                        while file.write(bytes(size)):
                            pass
            self._over.wait(lasts_s)
            filler.unlink()

        self._last(fill)

    def _delete_folder(self) -> None:
        """What is deleted while no process has it open is gone, so its calls run, and nothing else comes before the
        server has put them back."""
        self._in_order(lambda: shutil.rmtree(self._data, ignore_errors=True))

    def _replace_folder(self) -> None:
        """By an empty one, as where an older backup is put in its place."""
        self._number += 1

        def replace() -> None:
            self._data.rename(self._data.with_name(f"moved-{self._number}"))
            self._data.mkdir(mode=0o700)

        self._in_order(replace)

    def _in_order(self, remove: Callable[[], None]) -> None:
        self._server.wait_until_ready()
        self.wait_until_all_go_on(1.0)
        seen = {caller.id: max(caller.seen) for caller in self._callers}
        remove()
        self.wait("the folder is made again", lambda: all(self._last_stored(call) >= seen[call] for call in seen))
        shutil.rmtree(self._data.with_name(f"moved-{self._number}"), ignore_errors=True)

    def _last_stored(self, call: str) -> int:
        with suppress(sqlite3.Error), self._connected("ro", 0.0) as store:
            (last,) = store.execute("SELECT max(seq) FROM events WHERE call = ?", (call,)).fetchone()
            return int(last or 0)
        return 0

    @contextmanager
    def _connected(self, mode: str, patience_s: float) -> Iterator[sqlite3.Connection]:
        """As another program is. Raises `sqlite3.Error`."""
        path = f"{(self._data / 'calmline.db').as_uri()}?mode={mode}"
        with closing(sqlite3.connect(path, uri=True, timeout=patience_s, isolation_level=None)) as connection:
            yield connection

    def _last(self, trouble: Callable[[], None]) -> None:
        thread = threading.Thread(target=trouble)
        self._lasting.append(thread)
        thread.start()


@contextmanager
def a_small_disk(at: Path, size: str = "96m") -> Iterator[Path | None]:
    """A disk of a test's own, which it may fill; None where this user cannot mount one."""
    at.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "calmline-test", str(at)]
    try:
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        yield None
        return
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)
