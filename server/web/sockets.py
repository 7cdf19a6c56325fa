"""What the websockets have in common."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import AliveMessage, CloseCode, write

_ALIVE = write(AliveMessage())
BEAT_S = 1.0  # half of the longest silence


class Line:
    """What a follower hears: never nothing for 2 s, so that a browser, which cannot ping, knows a dead connection."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._silent = True  # since the last beat

    async def send(self, text: str) -> None:
        self._silent = False
        await self._websocket.send_text(text)

    async def beat(self) -> None:
        """Never returns."""
        while True:
            self._silent = True
            await asyncio.sleep(BEAT_S)
            if self._silent:
                await self.send(_ALIVE)
                await asyncio.sleep(BEAT_S)


async def answer(websocket: WebSocket, code: ErrorCode, text: object) -> None:
    """Tell this client, and nobody else, what was wrong with what it sent."""
    await websocket.send_text(write(ErrorMessage(code, str(text))))


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
