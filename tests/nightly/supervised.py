"""`calmline serve` as a machine runs it: in a process of its own, with words, and begun again at once when it dies.

In: a data folder and a home for everything else. Out: its address, whether it serves at the moment, its processes to be
killed, and its log. Threads: one begins each process after the last, and one reads what each says.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

import psutil

PATIENCE_S = 60  # a test that hangs fails after this long
_SERVE = "from server.cli.main import main; main()"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class SupervisedServer:
    """Use it as a context manager; leaving it asks the server to end, as the system does."""

    def __init__(self, home: Path, data: Path, changed: threading.Condition, **settings: object) -> None:
        """`changed` is notified whenever the server is ready, and whenever it is gone."""
        self.ready = False
        self.exits: list[int] = []  # the status of each process that ended
        self._changed = changed
        self._port = _free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self._log = home / "server.log"
        folders = {f"XDG_{kind.upper()}_HOME": str(home / kind) for kind in ("config", "data", "cache")}
        given = {f"CALMLINE_SERVER_{name.upper()}": str(value) for name, value in settings.items()}
        self._env = os.environ | folders | given
        self._env |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "CALMLINE_SERVER_DATA_FOLDER": str(data)}
        self._closing = False
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._supervise, name="supervisor")

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.wait_until_ready()
        except BaseException:
            self._end(signal.SIGKILL)
            raise
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        self._end(signal.SIGKILL if kind else signal.SIGTERM)

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.ready, PATIENCE_S), f"the server is not ready:\n{self.log}"

    def kill(self) -> None:
        """kill -9; the next one begins at once."""
        with self._changed:
            self.ready = False
        assert self._process
        self._process.kill()

    def kill_words(self) -> bool:
        """kill -9 of the process that decodes words; false if there is none at the moment."""
        assert self._process
        try:
            children = psutil.Process(self._process.pid).children()
            words = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
            for child in words:
                child.kill()
        except psutil.NoSuchProcess:
            return False
        return bool(words)

    def resident(self) -> int:
        """Bytes of memory of the server's own process."""
        assert self._process
        return int(psutil.Process(self._process.pid).memory_info().rss)

    def _end(self, number: signal.Signals) -> None:
        self._closing = True
        if self._process:
            self._process.send_signal(number)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the server does not end"

    def _supervise(self) -> None:
        while not self._closing:
            command = [sys.executable, "-c", _SERVE, "serve", "--port", str(self._port)]
            self._process = process = subprocess.Popen(
                command, env=self._env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
            )
            reader = threading.Thread(target=self._read, args=(process,), name="what the server says")
            reader.start()
            status = process.wait()
            self._set_ready(False)
            self.exits.append(status)
            reader.join(PATIENCE_S)

    def _read(self, process: "subprocess.Popen[str]") -> None:
        """Until the last of its processes is gone."""
        assert process.stderr
        with process.stderr as said, self._log.open("a") as log:
            for line in said:
                log.write(line)
                log.flush()
                if "The agent's page is at" in line:
                    self._set_ready(True)

    def _set_ready(self, ready: bool) -> None:
        with self._changed:
            self.ready = ready
            self._changed.notify_all()
