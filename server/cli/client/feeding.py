"""One call on its way to the server, over as many connections as it takes.

In: an `Outbox`, and what the server says. Out: everything it tells of the call, once and in order. Two tasks: one feeds
and reads the answers, one follows. Each tries again where its connection breaks, for a while; only what the server
refuses is final. Lives on an event loop of its own, in a thread beside that of the source.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, WebSocketException

from server.cli.client.link import Link, LinkError
from server.cli.client.outbox import Outbox
from server.protocol.events.base import DurableMessage
from server.protocol.events.call import CallEndedMessage
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import (
    AcceptedMessage,
    FromServer,
    StartMessage,
    StopMessage,
    TakenMessage,
    read_from_server,
    write,
)

Show: TypeAlias = Callable[[FromServer], None]  # an event of the call
Say: TypeAlias = Callable[[str], None]  # one line to whoever started us

PATIENCE_S = 60.0  # seconds without the server after which a call is given up
_ANSWER_S = 15.0  # seconds within which the server says whether it takes a call
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 2.0  # seconds between tries

_KEPT = "what it had stored is kept."

_BROKEN = (OSError, WebSocketException)  # how a connection ends that may be had again; a time-out is one of them
# For a call that has begun these pass.
_PASSING = {ErrorCode.CALL_BUSY, ErrorCode.AT_CAPACITY, ErrorCode.TOO_MANY_CONNECTIONS, ErrorCode.SHUTTING_DOWN}
_OVER = {ErrorCode.CALL_OVER, ErrorCode.CALL_EXISTS}


class Feeding:
    def __init__(
        self, link: Link, start: StartMessage, outbox: Outbox, show: Show, say: Say, patience_s: float = PATIENCE_S
    ) -> None:
        self.connected = False  # may be read from any thread
        self._link = link
        self._start = start
        self._outbox = outbox
        self._show = show
        self._say = say
        self._patience_s = patience_s
        self._accepted = asyncio.Event()  # once, by any connection
        self._stopped = False  # all was sent, and `stop` after it
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def run(self) -> None:
        """Feed and follow the call to its end. Raises `LinkError`, and whatever `show` raises."""
        asyncio.run(self._run())

    def give_up(self) -> None:
        """End at once, from any thread."""
        if self._loop and self._task:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._task.cancel)

    async def _run(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        tasks = [asyncio.create_task(self._feed()), asyncio.create_task(self._follow())]
        try:
            await asyncio.gather(*tasks)
        except asyncio.CancelledError:
            text = f"Call {self._start.call} was given up without the server at {self._link.address}; {_KEPT}"
            raise LinkError(text) from None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _feed(self) -> None:
        retry = _Retry(self._patience_s)
        while True:
            try:
                async with self._link.connect("/ws/feed") as connection:
                    if await self._is_over(connection):
                        return
                    retry.succeeded()
                    self._go_on()
                    await self._converse(connection)
                    return
            except _BROKEN as error:
                if not self._accepted.is_set():
                    text = (
                        f"The server at {self._link.address} does not take the call: {error or type(error).__name__}."
                    )
                    raise LinkError(text) from error
                if self.connected:
                    self._say(f"The server at {self._link.address} was lost; trying again.")
            finally:
                self.connected = False
            if not await retry.pause():
                raise LinkError(self._lost())

    def _go_on(self) -> None:
        if self._accepted.is_set():
            self._say("The server is back; the call goes on.")
        self.connected = True
        self._accepted.set()

    async def _is_over(self, connection: ClientConnection) -> bool:
        """Say which call this is. Whether it has ended already, as we had told it to."""
        with suppress(ConnectionClosed):  # what it said before it closed can still be read
            await connection.send(write(self._start))
        async with asyncio.timeout(_ANSWER_S):
            while True:
                match read_from_server(await connection.recv()):
                    case AcceptedMessage(taken=taken):
                        self._outbox.go_on_from(taken)
                        return False
                    case ErrorMessage(code=code) if self._stopped and code in _OVER:
                        return True
                    case ErrorMessage(code=code) as error if self._accepted.is_set() and code in _PASSING:
                        raise OSError(error.text)
                    case ErrorMessage(text=text):
                        raise LinkError(text)

    async def _converse(self, connection: ClientConnection) -> None:
        """Send, and read what is answered, until the call has ended."""
        sending = asyncio.create_task(self._send(connection))
        refusal: ErrorMessage | None = None
        try:
            while True:
                match read_from_server(await connection.recv()):
                    case CallEndedMessage():
                        return
                    case TakenMessage(taken=taken):
                        self._outbox.forget(taken)
                    case ErrorMessage() as error:
                        refusal = error
                        if error.code not in _PASSING:
                            await asyncio.to_thread(self._show, error)
        except WebSocketException:
            if refusal and connection.close_code and connection.close_code >= 4000:
                raise LinkError(refusal.text) from None
            raise
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, connection: ClientConnection) -> None:
        while (item := await self._outbox.next()) is not None:
            await connection.send(item if isinstance(item, bytes) else write(item))
        self._stopped = True
        await connection.send(write(StopMessage()))

    async def _follow(self) -> None:
        """Show all that is told of the call, from the first event to the last."""
        await self._accepted.wait()
        retry, after = _Retry(self._patience_s), 0
        while True:
            with suppress(*_BROKEN):
                async with self._link.connect(f"/ws/calls/{self._start.call}?after={after}") as connection:
                    async for text in connection:
                        message = read_from_server(text)
                        if isinstance(message, ErrorMessage) and not message.seq:
                            raise LinkError(message.text)
                        retry.succeeded()
                        await asyncio.to_thread(self._show, message)
                        if isinstance(message, DurableMessage):
                            after = message.seq
                        if isinstance(message, CallEndedMessage):
                            return
            if not await retry.pause():
                raise LinkError(self._lost())

    def _lost(self) -> str:
        return (
            f"The server at {self._link.address} went away during call {self._start.call} and did not come back "
            f"within {self._patience_s:g} s; {_KEPT}"
        )


class _Retry:
    """Pauses between tries, longer and longer, until patience is at its end."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._pause_s = _FIRST_PAUSE_S
        self._until: float | None = None  # event loop time

    def succeeded(self) -> None:
        self._pause_s, self._until = _FIRST_PAUSE_S, None

    async def pause(self) -> bool:
        """Wait for the next try; false if there is to be none."""
        now = asyncio.get_running_loop().time()
        self._until = self._until or now + self._patience_s
        if now >= self._until:
            return False
        await asyncio.sleep(min(self._pause_s, self._until - now))
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        return True
