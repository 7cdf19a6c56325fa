"""The command line as a person runs it: real processes, in a home of their own."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 120  # a test that hangs fails after this long


class CommandLine:
    """Runs `calmline` with nothing of this machine's own settings, calls or sound, `under` another program."""

    def __init__(self, home: Path, under: Sequence[str] = ()) -> None:
        self.home = home
        self._under = under
        self.data = home / "data" / "calmline"
        folders = {f"XDG_{kind.upper()}_HOME": str(home / kind) for kind in ("config", "data", "cache")}
        self.env = os.environ | folders | {"HOME": str(home)}

    def run(self, *words: object, **env: str) -> subprocess.CompletedProcess[str]:
        """Runs to the end."""
        return subprocess.run(
            self._command(words), env=self.env | env, cwd=self.home, capture_output=True, text=True, timeout=PATIENCE_S
        )

    def start(self, *words: object, errors_too: bool = False) -> subprocess.Popen[str]:
        """Goes on beside the test, which reads its standard output; its errors are there too, or in `errors`."""
        with (self.home / "errors").open("w") as errors:
            return subprocess.Popen(
                self._command(words),
                env=self.env,
                cwd=self.home,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if errors_too else errors,
                text=True,
            )

    @contextmanager
    def running(self, *words: object) -> Iterator[subprocess.Popen[str]]:
        """Goes on while the context is open; read its output and its errors from `stdout`.

        Killed where the test fails, and where it lasts too long, so that a test that waits for its output ends.
        """
        with self.start(*words, errors_too=True) as process:
            guard = threading.Timer(PATIENCE_S, process.kill)
            guard.start()
            try:
                yield process
            except BaseException:
                process.kill()
                raise
            finally:
                guard.cancel()

    @property
    def errors(self) -> str:
        return (self.home / "errors").read_text()

    def _command(self, words: tuple[object, ...]) -> list[str]:
        return [*self._under, sys.executable, "-m", "server.cli", *map(str, words)]
