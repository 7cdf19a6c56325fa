"""The websocket that feeds audio: `start`, then binary PCM16 with messages between, then `stop`.

Nothing that comes here ends a call by accident: what cannot be read is answered with an error and ignored, half a frame
waits for its other half, and a lost connection leaves the call waiting for it to come back. A feed that is faster than
the call can be heard is slowed down by not being read. One task a feed, on the event loop.
"""

import asyncio
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from server.live.call import CallOverError, LiveCall
from server.live.registry import CallRegistry, RefusedError
from server.protocol.events.call import EndReason, FeedState
from server.protocol.events.errors import ErrorCode
from server.protocol.messages import (
    AcceptedMessage,
    BadMessageError,
    CloseCode,
    DeviceMessage,
    FromFeed,
    NoteMessage,
    PauseMessage,
    ResumeMessage,
    StartMessage,
    StopMessage,
    read_from_feed,
    write,
)
from server.web.sockets import answer, receive


async def feed(websocket: WebSocket) -> None:
    """The endpoint /ws/feed."""
    calls: CallRegistry = websocket.app.state.calls
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        try:
            live = await calls.open(await _start(websocket))
        except RefusedError as refused:
            await answer(websocket, refused.code, refused)
            await websocket.close(CloseCode.CALL_REFUSED, refused.code.value)
            return
        try:
            await websocket.send_text(write(AcceptedMessage(live.id, live.taken)))
            await _listen(websocket, live, calls.settings.stall_s)
        except CallOverError as over:
            await answer(websocket, ErrorCode.CALL_OVER, over)
            await websocket.close(CloseCode.CALL_REFUSED, ErrorCode.CALL_OVER.value)
        finally:
            calls.leave(live)


async def _start(websocket: WebSocket) -> StartMessage:
    """The `start` that a feed begins with; anything before it is refused."""
    while not isinstance(message := await _receive(websocket), StartMessage):
        came = "audio" if isinstance(message, bytes) else write(message)
        await answer(websocket, ErrorCode.NOT_STARTED, f"Expected a start message first; {came} came.")
    return message


async def _listen(websocket: WebSocket, live: LiveCall, stall_s: float) -> None:
    """Take what a feed sends until it says `stop`, then tell it how the call ended."""
    half = b""  # of a frame
    while True:
        message = await _receive_or_stall(websocket, live, stall_s)
        match message:
            case bytes():
                live.set_feed(FeedState.FLOWING)
                pcm = half + message
                whole = len(pcm) // live.frame_bytes * live.frame_bytes
                half = pcm[whole:]
                await live.take_audio(pcm[:whole])
            case PauseMessage() | ResumeMessage() | DeviceMessage() | NoteMessage():
                live.command(message)
            case StartMessage():
                await answer(websocket, ErrorCode.BAD_MESSAGE, f"Call {live.id} has started; a second start came.")
            case StopMessage():
                break
    if half:
        text = f"Expected whole frames of {live.frame_bytes} bytes; the last {len(half)} bytes were left out."
        await answer(websocket, ErrorCode.HALF_FRAME, text)
    live.finish(EndReason.STOPPED)
    await live.over.wait()
    ended = await live.journal.read(live.journal.seq - 1)
    await websocket.send_text(ended[-1].json)
    await websocket.close()


async def _receive_or_stall(websocket: WebSocket, live: LiveCall, stall_s: float) -> FromFeed | bytes:
    """The next message. The call is shown as stalled where it takes too long, unless it is paused."""
    try:
        async with asyncio.timeout(stall_s):
            return await _receive(websocket)
    except TimeoutError:
        if not live.paused:
            live.set_feed(FeedState.STALLED)
        return await _receive(websocket)


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
