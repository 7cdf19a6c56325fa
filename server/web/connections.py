"""uvicorn's HTTP connection, bounded: how many there may be at once, and how long the head of a request may take.

In: the bytes of one connection. Out: the same, as uvicorn makes of them. uvicorn itself waits for ever for the rest of
a head, answers what cannot be read in plain text, and logs a line for each. Beyond the most connections a new one is
told so and closed; it is read no further. Lives on the event loop.
"""

import asyncio
import logging
import sys
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from server.logs import Few
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import write

HEAD_S = 10.0  # seconds in which a head must have come, from the connection or from its first byte on
_LINGER_S = 1.0  # seconds that a client which is refused has to read why
_LINGERING = 64  # of them at once; more are closed at once
_HEADERS, _LINE = 128, 8192  # the most headers, and the most bytes of a line, that a websocket's handshake may have
_OTHERS = 256  # descriptors for all but connections: files, the store, models, threads
_ENOUGH = 65_536  # descriptors; systems that know no limit get this many
logger = logging.getLogger(__name__)
logger.addFilter(Few(most=1))


class Gate:
    """What the connections of one server share."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.lingering = 0  # connections that were refused and are not closed yet


class HttpConnection(H11Protocol):
    """One connection. Made with a `gate` by `behind`."""

    gate: Gate

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._refused = False  # since there are too many
        self._said_why = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.gate.most:
            self._turn_away()
        else:
            self._deadline = self.loop.call_later(HEAD_S, self._head_is_late)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._say_why()
            return
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE or not self.conn.trailing_data[0]:
            self._stop_waiting()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_S, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self.gate.lingering -= self._refused
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._stop_waiting()
        longest = max([len(event.target), *(len(name) + len(value) for name, value in event.headers)])
        if longest > _LINE - 64 or len(event.headers) > _HEADERS:
            self.answer(431, ErrorCode.TOO_LARGE, "Expected shorter and fewer headers; those that came are too large.")
        else:
            super().handle_websocket_upgrade(event)
            websocket: Any = self.transport.get_protocol()
            if not websocket.handshake_initiated:  # nobody would answer, nor ever close
                why = websocket.conn.handshake_exc.__cause__ or websocket.conn.handshake_exc
                text = f"Expected the handshake of a websocket; what came is none: {why}."
                self.answer(400, ErrorCode.BAD_MESSAGE, text)

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP; called where h11's error is handled."""
        error = sys.exc_info()[1]
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        self.answer(hint, ErrorCode.BAD_MESSAGE, f"Expected a request of HTTP/1.1; what came is none: {error}.")

    def answer(self, status: int, code: ErrorCode, text: str) -> None:
        """Answer what no application is asked about, and close."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            self.transport.write(_response(status, code, text))
        self.transport.close()

    def _turn_away(self) -> None:
        """Close, but once the client has asked: many read no answer to what they have not sent yet."""
        self.connections.discard(self)
        self._refused = True
        self.gate.lingering += 1
        logger.warning("%d connections are open, as many as there may be: more are refused", self.gate.most)
        if self.gate.lingering > _LINGERING:
            self._close_refused()
        else:
            self._deadline = self.loop.call_later(_LINGER_S, self._close_refused)

    def _say_why(self) -> None:
        """Answer, and take in what still comes: a system that closes on unread bytes takes its answer back."""
        if not self._said_why:
            self._said_why = True
            text = f"As many connections are open as this server allows ({self.gate.most}); try again later."
            self.transport.write(_response(503, ErrorCode.TOO_MANY_CONNECTIONS, text))
            self.transport.write_eof()

    def _close_refused(self) -> None:
        self._say_why()
        self.transport.close()

    def _head_is_late(self) -> None:
        self._deadline = None
        if self.conn.trailing_data[0]:
            text = f"Expected the whole head of a request within {HEAD_S:.0f} s; it did not come."
            self.answer(408, ErrorCode.TOO_SLOW, text)
        else:
            self.transport.close()

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def behind(gate: Gate) -> type[HttpConnection]:
    """The class of the connections that share a gate."""
    return type("GatedConnection", (HttpConnection,), {"gate": gate})


def room_for(most: int) -> int:
    """How many connections there can be, of `most` that are wanted: the descriptors of this process are raised to as
    many as the system lets it have, and some are left for everything else."""
    descriptors = _raised_limit()
    room = most if descriptors is None else min(most, max(1, descriptors - _OTHERS))
    if room < most:
        text = (
            "this process may have %d files open, so there may be %d connections, not %d: raise its limit (ulimit -n)"
        )
        logger.warning(text, descriptors, room, most)
    return room


def _raised_limit() -> int | None:
    """How many descriptors this process may have, after asking for all it may ask for; None where nobody counts."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return _ENOUGH if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # as macOS may, beyond a limit that it does not tell
        return soft
    return wanted


def _response(status: int, code: ErrorCode, text: str) -> bytes:
    body = write(ErrorMessage(code, text)).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
