"""uvicorn's websocket, with a keepalive that takes backpressure for what it is.

In: the bytes of one connection. Out: the same, as uvicorn makes of them. uvicorn closes a connection whose pong is
overdue; but while a feed is made to wait nothing of it is read, its pong included, and a follower that reads slowly
comes late to the ping. So a connection is dead only if nothing at all came of it while it was read, and nothing that
waited to be written went out. An extension in the scope lets an endpoint ask whether the other end is there, and send
many messages in one write, which for short ones costs a tenth. Lives on the event loop.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

_EXTENSION = "websocket.calmline"


class PatientWebSocket(WebSocketsSansIOProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sign = False  # of life, since the last ping
        self._unsent = 0  # bytes that waited to be written when it was sent
        self._asked: dict[bytes, asyncio.Future[bool]] = {}  # by the payload of their ping

    async def answers(self, within_s: float) -> bool:
        """Whether the other end answers a ping, or cannot be told from one that does because it is not being read."""
        if self.disconnected or self.close_sent or self.transport.is_closing():
            return False
        payload, answer = secrets.token_bytes(8), self.loop.create_future()
        self._asked[payload] = answer
        self.conn.send_ping(payload)
        self.transport.write(b"".join(self.conn.data_to_send()))
        try:
            async with asyncio.timeout(within_s):
                return bool(await answer)
        except TimeoutError:
            return self.read_paused
        finally:
            self._asked.pop(payload, None)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # it has none where the handshake was refused
            self.scope["extensions"][_EXTENSION] = {"answers": self.answers, "send_texts": self.send_texts}

    def data_received(self, data: bytes) -> None:
        self._sign = True
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        for answer in self._asked.values():
            if not answer.done():
                answer.set_result(False)
        super().connection_lost(exc)

    def handle_pong(self, event: Frame) -> None:
        answer = self._asked.get(bytes(event.data))
        if answer is None:
            super().handle_pong(event)
        elif not answer.done():
            answer.set_result(True)

    def resume_writing(self) -> None:
        self._sign = True
        super().resume_writing()

    def send_keepalive_ping(self) -> None:
        self._sign = self.read_paused  # whatever comes was not read, and may still wait to be
        self._unsent = self.transport.get_write_buffer_size()
        super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        """The pong is overdue: close, or ask again where there was another sign of life."""
        if self._sign or self.read_paused or self.transport.get_write_buffer_size() < self._unsent:
            self.send_keepalive_ping()
        else:
            super().keepalive_timeout()
            if self.transport.get_write_buffer_size():  # to close would wait for ever until it is read
                self.transport.abort()

    async def send(self, message: ASGISendEvent) -> None:
        await self.writable.wait()
        self._stop_if_gone()
        await super().send(message)

    async def send_texts(self, texts: Sequence[str]) -> None:
        """Send messages in one write, once what was sent before has gone out. Raises `ClientDisconnected`."""
        await self.writable.wait()
        self._stop_if_gone()
        for text in texts:
            self.conn.send_text(text.encode())
        self.transport.write(b"".join(self.conn.data_to_send()))

    def _stop_if_gone(self) -> None:
        """Raises `ClientDisconnected` as soon as it is known; uvicorn first notices with the next turn of the loop."""
        if self.handshake_complete and (self.disconnected or self.close_sent or self.transport.is_closing()):
            raise ClientDisconnected


def answers(scope: Any) -> Callable[[float], Awaitable[bool]]:
    """How to ask whether the other end of a websocket answers within some seconds."""
    ask: Callable[[float], Awaitable[bool]] = scope["extensions"][_EXTENSION]["answers"]
    return ask


def send_texts(scope: Any) -> Callable[[Sequence[str]], Awaitable[None]]:
    """How to send many messages in one write. Raises `OSError` where the other end is gone."""
    send: Callable[[Sequence[str]], Awaitable[None]] = scope["extensions"][_EXTENSION]["send_texts"]
    return send
