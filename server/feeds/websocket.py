"""The websocket that feeds audio: `start`, then binary PCM16 with messages between, then `stop`.

In: websocket messages. Out: the same, as a `FeedSession` answers them. Nothing that comes here ends a call by accident:
what cannot be read is answered with an error and ignored, and a lost connection leaves the call waiting for it to come
back. A feed that is faster than the call can be heard is slowed down by not being read. One task a feed, on the event
loop.
"""

import asyncio
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from server.feeds.session import FeedSession
from server.live.registry import CallRegistry, RefusedError
from server.protocol.events.errors import ErrorCode
from server.protocol.messages import (
    BadMessageError,
    CloseCode,
    FromFeed,
    StartMessage,
    StopMessage,
    read_from_feed,
    write,
)
from server.web.keepalive import answers
from server.web.sockets import answer, race, receive, telling_of_the_store

_CLOSE_CODES = {
    ErrorCode.CALL_TAKEN_OVER: CloseCode.TAKEN_OVER,
    ErrorCode.SHUTTING_DOWN: CloseCode.SHUTTING_DOWN,
}


@telling_of_the_store
async def feed(websocket: WebSocket) -> None:
    """The endpoint /ws/feed."""
    calls: CallRegistry = websocket.app.state.calls
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        try:
            start = await _start(websocket, calls.settings.start_s)
            with FeedSession(calls, answers(websocket.scope)) as session:
                await websocket.send_text(write(await session.start(start)))
                await race(
                    _feed(websocket, session, start.call),
                    _tell_taken(websocket, session),
                    _taken_over(session, start.call),
                )
        except RefusedError as refused:
            await answer(websocket, refused.code, refused)
            await websocket.close(_CLOSE_CODES.get(refused.code, CloseCode.CALL_REFUSED), refused.code.value)


async def _start(websocket: WebSocket, within_s: float) -> StartMessage:
    """The `start` that a feed begins with; anything before it is refused. Raises `RefusedError` if none comes."""
    try:
        async with asyncio.timeout(within_s):
            while not isinstance(message := await _receive(websocket), StartMessage):
                came = "audio" if isinstance(message, bytes) else write(message)
                await answer(websocket, ErrorCode.NOT_STARTED, f"Expected a start message first; {came} came.")
            return message
    except TimeoutError as error:
        text = f"Expected a start message within {within_s:g} s; none came."
        raise RefusedError(ErrorCode.NOT_STARTED, text) from error


async def _tell_taken(websocket: WebSocket, session: FeedSession) -> None:
    """Tell what need not be kept any longer. A task of its own: a feed that does not read holds up nothing else."""
    taken = 0
    while True:
        message = await session.next_taken(taken)
        taken = message.taken
        await websocket.send_text(write(message))


async def _taken_over(session: FeedSession, call: str) -> None:
    """Raises `RefusedError` once another feed has the call."""
    await session.taken_over.wait()
    text = f"Call {call} is fed by another connection now, because nobody answered at the end of this one."
    raise RefusedError(ErrorCode.CALL_TAKEN_OVER, text)


async def _feed(websocket: WebSocket, session: FeedSession, call: str) -> None:
    """Take what a feed sends until it says `stop`, then tell it how the call ended. Raises `RefusedError`."""
    while not isinstance(message := await _receive(websocket), StopMessage):
        match message:
            case bytes():
                await session.audio(message)
            case StartMessage():
                await answer(websocket, ErrorCode.BAD_MESSAGE, f"Call {call} has started; a second start came.")
            case _:
                session.command(message)
    for last in await session.end():
        await websocket.send_text(write(last))
    await websocket.close()


async def _receive(websocket: WebSocket) -> FromFeed | bytes:
    """The next message that can be read; each that cannot be is answered with an error."""
    while True:
        received = await receive(websocket)
        if isinstance(received, bytes):
            return received
        try:
            return read_from_feed(received)
        except BadMessageError as error:
            await answer(websocket, ErrorCode.BAD_MESSAGE, error)
