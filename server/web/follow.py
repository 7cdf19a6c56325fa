"""The websockets that follow a call: a snapshot, then its events, then the moment as it is.

`/ws/calls/{call}?after=N` follows one call, running or over, from event N on, and closes when it is over.
`/ws/follow?call=ID&after=N` follows whatever call is the newest, goes on with the next one when that starts, and says
`waiting` in between; `after` counts if the newest is still call ID. A page may send commands on either. A slow follower
holds nothing but its place: it is sent what it has not read yet, and misses only levels that became stale meanwhile.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from server.live.call import CallOverError, LiveCall
from server.live.registry import CallRegistry
from server.protocol.calls import CallInfo
from server.protocol.events.errors import ErrorCode
from server.protocol.messages import (
    BadMessageError,
    CloseCode,
    PauseMessage,
    ResumeMessage,
    SnapshotMessage,
    SwitchCuesMessage,
    WaitingMessage,
    read_from_page,
    write,
)
from server.store.store import Store
from server.web.sockets import answer, race, receive

_PAGE = 500  # stored events that are read at a time


async def follow_call(websocket: WebSocket) -> None:
    """The endpoint /ws/calls/{call}."""
    calls: CallRegistry = websocket.app.state.calls
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        call = websocket.path_params["call"]
        live = calls.get(call)
        if live is not None:
            await race(_relay(websocket, live, _after(websocket)), _handle_commands(websocket, lambda: calls.get(call)))
        elif (stored := await asyncio.to_thread(calls.store.call, call)) is not None:
            await _tell_past(websocket, calls.store, stored, _after(websocket))
        else:
            await answer(websocket, ErrorCode.UNKNOWN_CALL, f"There is no call {call} in the list of calls.")
            return await websocket.close(CloseCode.NOT_FOUND, ErrorCode.UNKNOWN_CALL.value)
        await websocket.close()


async def follow_newest(websocket: WebSocket) -> None:
    """The endpoint /ws/follow."""
    calls: CallRegistry = websocket.app.state.calls
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        await race(_follow_each(websocket, calls), _handle_commands(websocket, lambda: calls.newest))


async def _follow_each(websocket: WebSocket, calls: CallRegistry) -> None:
    told: LiveCall | None = None  # the call that was told last
    while True:
        changed, live = calls.changed, calls.newest
        if live is not None and live is not told:
            goes_on = told is None and live.id == websocket.query_params.get("call")
            await race(_relay(websocket, live, _after(websocket) if goes_on else 0), _newer(calls, live))
            told = live
        else:
            if live is None:
                await websocket.send_text(write(WaitingMessage()))
            await changed.wait()


async def _newer(calls: CallRegistry, live: LiveCall) -> None:
    """Returns when a call starts after `live` while that still runs."""
    while calls.get(live.id) is not live or calls.newest is live:
        await calls.changed.wait()


async def _relay(websocket: WebSocket, live: LiveCall, after: int) -> None:
    """Tell everything after number `after`, as fast as the follower reads, until the call is over."""
    journal, seen = live.journal, 0
    after = after if after <= journal.seq else 0
    await websocket.send_text(write(SnapshotMessage(journal.call, after, journal.seq, live.paused, live.cues_on)))
    while True:
        changed, closed = journal.changed, journal.closed
        events = await journal.read(after)
        for event in events:
            await websocket.send_text(event.json)
            after = event.seq
        if events:
            continue
        if closed:
            return
        seen, moment = journal.newest(seen)
        for text in moment:
            await websocket.send_text(text)
        await changed.wait()


async def _tell_past(websocket: WebSocket, store: Store, call: CallInfo, after: int) -> None:
    """Tell a call that is over, from number `after` on."""
    last = await asyncio.to_thread(store.last, call.id)
    after = after if after <= last else 0
    await websocket.send_text(write(SnapshotMessage(call, after, last, paused=False, cues_on=True)))
    while events := await asyncio.to_thread(store.events, call.id, after, _PAGE):
        for event in events:
            await websocket.send_text(event.json)
            after = event.seq


async def _handle_commands(websocket: WebSocket, followed: Callable[[], LiveCall | None]) -> None:
    """Carry out a page's commands. Raises `WebSocketDisconnect` when it goes away."""
    while True:
        received, live = await receive(websocket), followed()
        try:
            command = read_from_page(received)
            if live is None:
                await answer(websocket, ErrorCode.UNKNOWN_CALL, "No call is running that this could apply to.")
                continue
            match command:
                case PauseMessage():
                    live.pause()
                case ResumeMessage():
                    live.resume()
                case SwitchCuesMessage():
                    live.switch_cues(command.on)
        except BadMessageError as error:
            await answer(websocket, ErrorCode.BAD_MESSAGE, error)
        except CallOverError as error:
            await answer(websocket, ErrorCode.CALL_OVER, error)


def _after(websocket: WebSocket) -> int:
    """The number that the follower wants to go on after; 0, all of it, where it gives none that can be read."""
    after = websocket.query_params.get("after", "")
    return int(after) if after.isdecimal() else 0
