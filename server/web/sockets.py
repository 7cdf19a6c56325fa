"""What the websockets have in common."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import wraps
from typing import TypeAlias

from starlette.websockets import WebSocket, WebSocketDisconnect

from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import AliveMessage, CloseCode, write
from server.store.store import NotReadError
from server.web.keepalive import send_texts

_Endpoint: TypeAlias = Callable[[WebSocket], Coroutine[object, object, None]]

_ALIVE = write(AliveMessage())
BEAT_S = 1.0  # half of the longest silence
_FEW = 20  # followers that need not rest
_EACH_S = 0.00025  # of rest, for each follower: a message, or some in one write, costs about 0.05 ms


class Crowd:
    """How many followers are not waiting for their other end to read. They share the event loop with live calls.

    Each rests between two messages, the longer the more there are, so that all together take about the same part of it;
    of levels they are told fewer.
    """

    def __init__(self) -> None:
        self.busy = 0

    @property
    def rest_s(self) -> float:
        """Seconds of rest for each of them."""
        return self.busy * _EACH_S if self.busy > _FEW else 0.0


class Line:
    """What a follower hears: never nothing for 2 s, so that a browser, which cannot ping, knows a dead connection."""

    def __init__(self, websocket: WebSocket) -> None:
        self._send = send_texts(websocket.scope)
        self._crowd: Crowd = websocket.app.state.crowd
        self._silent = True  # since the last beat

    async def send(self, *texts: str) -> None:
        """Send messages together. Raises `WebSocketDisconnect`."""
        self._silent = self._silent and not texts
        self._crowd.busy -= 1
        try:
            await self._write(texts)
        finally:
            self._crowd.busy += 1

    async def rest(self) -> None:
        """Leave the event loop to others for a while."""
        if self._crowd.rest_s:
            await asyncio.sleep(self._crowd.rest_s)

    async def beat(self) -> None:
        """Never returns."""
        self._crowd.busy += 1
        try:
            while True:
                self._silent = True
                await asyncio.sleep(BEAT_S)
                if self._silent:
                    await self._write([_ALIVE])
                    await asyncio.sleep(BEAT_S)
        finally:
            self._crowd.busy -= 1

    async def _write(self, texts: Sequence[str]) -> None:
        try:
            await self._send(texts)
        except OSError as error:
            raise WebSocketDisconnect(1006) from error


async def answer(websocket: WebSocket, code: ErrorCode, text: object) -> None:
    """Tell this client, and nobody else, what was wrong with what it sent."""
    await websocket.send_text(write(ErrorMessage(code, str(text))))


def telling_of_the_store(endpoint: _Endpoint) -> _Endpoint:
    """An endpoint that says so where the store cannot be read at the moment, and closes: the client may come back."""

    @wraps(endpoint)
    async def told(websocket: WebSocket) -> None:
        try:
            await endpoint(websocket)
        except NotReadError as error:
            with suppress(WebSocketDisconnect):
                await answer(websocket, ErrorCode.NOT_READ, error)
                await websocket.close(CloseCode.TRY_LATER, ErrorCode.NOT_READ.value)

    return told


async def nowhere(websocket: WebSocket) -> None:
    """The endpoint of every address that has none."""
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        text = f"There is no websocket at {websocket.url.path}; docs/protocol.md says which there are."
        await answer(websocket, ErrorCode.NOT_FOUND, text)
        await websocket.close(CloseCode.NOT_FOUND, ErrorCode.NOT_FOUND.value)


async def receive(websocket: WebSocket) -> str | bytes:
    """The next message, text or binary. Raises `WebSocketDisconnect`."""
    received = await websocket.receive()
    if received["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(received["code"])
    text: str | None = received.get("text")
    return bytes(received["bytes"]) if text is None else text


async def race(*coroutines: Coroutine[object, object, None]) -> None:
    """Run all until one is done, then cancel the others. Raises what that one raised."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
