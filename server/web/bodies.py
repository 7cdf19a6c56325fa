"""Takes the bodies of requests, before anybody asks who sent them: whole, small and soon, or not at all.

One ASGI layer. No request of ours needs more than a line, so a body is held in memory until it is complete; one that is
too large is refused as soon as that is known, by its declared length before a byte of it is read. Stateless.
"""

import asyncio
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.protocol.events.errors import ErrorCode
from server.web.answers import refusal

_LARGEST = {"/api/login": 4096}  # bytes, by path
_LARGEST_ELSEWHERE = 1024
_BODY_S = 10.0  # seconds that a body may take to come
_LINGER_S = 1.0  # seconds in which a client that is refused may still send, to have time to read why
_LINGER = 2**20  # bytes that it may send in that time


class _TooLargeError(Exception):
    """More comes than is taken."""


class Bodies:
    """Hands on requests with the bodies that they came with, and answers for those it does not take."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if "transfer-encoding" not in headers and headers.get("content-length", "0").strip("0") == "":
            return await self._app(scope, receive, send)
        most = _LARGEST.get(scope["path"], _LARGEST_ELSEWHERE)
        try:
            if _declared(headers) > most:
                raise _TooLargeError
            async with asyncio.timeout(_BODY_S):
                body = await _read(receive, most)
        except _TooLargeError:
            text = f"Expected a body of at most {most} bytes; more came."
            await _turn_away(refusal(413, ErrorCode.TOO_LARGE, text), receive, send)
        except TimeoutError:
            text = f"Expected the whole body within {_BODY_S:.0f} s; it did not come."
            await _turn_away(refusal(408, ErrorCode.TOO_SLOW, text), receive, send)
        else:
            if body is not None:
                await self._app(scope, _replay(body, receive), send)


def _declared(headers: Headers) -> int:
    """The length that a request says its body has. h11 lets nothing but digits through."""
    return int(headers.get("content-length", "0")[:20])


async def _read(receive: Receive, most: int) -> bytes | None:
    """The whole body, or None if the client went away. Raises `_TooLargeError`."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > most:
            raise _TooLargeError
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Tells an application of a body that has come, and then of what comes after it."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return left.pop() if left else await receive()

    return replayed


async def _turn_away(answer: Response, receive: Receive, send: Send) -> None:
    """Answer and close, but not at once: a system that closes on unread bytes takes its answer back."""
    answer.headers["connection"] = "close"
    await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    left = _LINGER
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while left > 0 and (message := await receive())["type"] != "http.disconnect":
                left -= len(message.get("body", b""))
    await send({"type": "http.response.body", "body": b""})
