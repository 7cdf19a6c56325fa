"""A thread that calls take turns on.

In: work, each of a call, from the event loop. Out: asyncio futures of what it came to. State: the work that waits, in a
`FairQueue`. The thread asks for the next piece itself when it is free, so the order is that of the moment at which work
begins, and the event loop has no part in it.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from server.live.scheduling.fair_queue import FairQueue

Answer = TypeVar("Answer")


class FairThread:
    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, name)
        self._waiting: FairQueue[tuple[Future[Any], Callable[[], Any]]] = FairQueue()
        self._lock = threading.Lock()

    def run(self, call: str, work: Callable[[], Answer], ahead: bool = False) -> asyncio.Future[Answer]:
        """Do the work of a call when it is its turn. Cancelling the future leaves out what has not begun."""
        future: Future[Answer] = Future()
        with self._lock:
            self._waiting.put(call, (future, work), ahead)
        self._pool.submit(self._do_next)
        return asyncio.wrap_future(future)

    async def close(self, patience_s: float) -> bool:
        """Leave out what has not begun, and let the thread go. Returns whether it went within the seconds given."""
        last = asyncio.wrap_future(self._pool.submit(lambda: None))
        self._pool.shutdown(wait=False)
        done, _ = await asyncio.wait({last}, timeout=patience_s)
        return bool(done)

    def _do_next(self) -> None:
        with self._lock:
            future, work = self._waiting.pop()
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 whoever waits for it is told
            future.set_exception(error)
