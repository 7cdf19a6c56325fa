"""Reading from the store for whoever looks on: one read at a time, on a thread of its own.

A thousand followers that come at once, or all who load a long call, wait for each other here, and not for the threads
on which live calls are written down. After each read the thread rests for as long as it took, so that it never holds
the interpreter's lock for more than half of the time. Keep what is read at a time small: whoever is next waits for it.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

PAGE = 100  # events that are read at a time for one who looks on


class _Reader:
    """The thread. It begins with the first read."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "reading")
        self._rests_until = 0.0

    async def read(self, read: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._rest_and_read, read)

    def _rest_and_read(self, read: Callable[[], _T]) -> _T:
        time.sleep(max(0.0, self._rests_until - time.monotonic()))
        began = time.monotonic()
        try:
            return read()
        finally:
            now = time.monotonic()
            self._rests_until = now + (now - began)


_reader = _Reader()


async def in_turn(read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """What `read` returns, once those that came before are done."""
    return await _reader.read(lambda: read(*args, **kwargs))
