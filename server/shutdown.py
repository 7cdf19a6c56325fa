"""The end of a server's process: within ten seconds, whatever hangs, and at once where it is asked for twice.

A model, a disk or a page may hang in ways that no thread can be freed from, and Python waits for its threads for ever.
So a thread of its own, begun before anything can hang, ends the process when its time is up. What was shown is stored
or written down beside the store by then. A stop in order is up to the server; this is for where it does not come to it.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import NoReturn

DEADLINE_S = 9.5  # seconds from the signal to the end of the process
logger = logging.getLogger(__name__)


class Deadline:
    """Ends the process when it is due; `clean_up` runs just before, and must not wait for anything."""

    def __init__(self, clean_up: Callable[[], None]) -> None:
        self._clean_up = clean_up
        self._set = threading.Event()
        self._met = threading.Event()
        threading.Thread(target=self._watch, name="deadline", daemon=True).start()

    def set(self) -> None:
        """Now the time runs. May be called in a signal handler."""
        self._set.set()

    def meet(self) -> None:
        """All is done: the process ends by itself."""
        self._met.set()
        self._set.set()

    def leave(self, sentence: str) -> NoReturn:
        """End the process now, as something was left undone."""
        logger.error("%s", sentence)
        self.leave_at_once()

    def leave_at_once(self) -> NoReturn:
        self._clean_up()
        os._exit(1)

    def _watch(self) -> None:
        self._set.wait()
        if not self._met.wait(DEADLINE_S):
            self.leave(f"The server did not stop within {DEADLINE_S} s; it was ended with something still running.")
