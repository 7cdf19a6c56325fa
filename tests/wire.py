"""Real websocket clients for the server's tests, that speak in messages."""

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from server.protocol.events.base import DurableMessage, Message
from server.protocol.messages import AcceptedMessage, AliveMessage, StartMessage, read_from_server

PATIENCE_S = 30  # a test that hangs fails after this long
Kind = TypeVar("Kind", bound=Message)


class Client:
    """One connection; use it as a context manager."""

    def __init__(self, address: str, path: str, **how: Any) -> None:
        url = address.replace("http", "ws", 1) + path
        self._connecting = connect(url, **{"compression": None, "max_queue": None, **how})
        self.socket: ClientConnection = self._connecting.__enter__()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._connecting.__exit__(None, None, None)

    def say(self, message: Message | str | bytes) -> None:
        """Send a message, or text or audio as it is."""
        self.socket.send(msgspec.json.encode(message).decode() if isinstance(message, Message) else message)

    def hear(self) -> Message:
        """The next message that tells anything."""
        while isinstance(message := self.hear_any(), AliveMessage):
            pass
        return message

    def hear_any(self) -> Message:
        return read_from_server(self.socket.recv(timeout=PATIENCE_S))

    def hear_one(self, kind: type[Kind], fitting: Callable[[Kind], bool] = lambda _: True) -> Kind:
        """The next message of a kind, that fits; those before it are passed over."""
        while True:
            message = self.hear()
            if isinstance(message, kind) and fitting(message):
                return message

    def hear_all(self) -> list[Message]:
        """Everything until the server closes."""
        told = []
        with suppress(ConnectionClosed):
            while True:
                told.append(self.hear())
        return told

    def drop(self) -> None:
        """Vanish, as a laptop does whose lid is closed: no goodbye."""
        self.socket.socket.close()


def a_feed(address: str, start: StartMessage, **how: Any) -> Client:
    """A feed that was accepted."""
    client = Client(address, "/ws/feed", **how)
    client.say(start)
    client.hear_one(AcceptedMessage)
    return client


def narrow(address: str) -> socket.socket:
    """A connection that holds little of what is not read, for `sock`."""
    where, made = urlsplit(address), socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect((where.hostname, where.port))
    return made


def numbers(messages: Sequence[Message]) -> list[int]:
    return [message.seq for message in messages if isinstance(message, DurableMessage)]
