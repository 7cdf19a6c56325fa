"""What the websockets have in common."""

import asyncio
from collections.abc import Coroutine

from starlette.websockets import WebSocket

from server.events import Error, ErrorCode
from server.protocol import write


async def answer(websocket: WebSocket, code: ErrorCode, text: object) -> None:
    """Tell this client, and nobody else, what was wrong with what it sent."""
    await websocket.send_text(write(Error(code, str(text))))


async def first_of(*coroutines: Coroutine[object, object, None]) -> None:
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
