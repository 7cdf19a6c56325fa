"""The websockets that follow a call: a snapshot, then its events, then the moment as it is.

`/ws/calls/{call}?after=N` follows one call, running or over, from event N on, and closes when it is over.
`/ws/follow?call=ID&after=N` follows whatever call is the newest, goes on with the next one when that starts, and says
`waiting` in between; `after` counts if the newest is still call ID. A page may send commands on either. A slow follower
holds nothing but its place: it is sent what it has not read yet, and misses only levels that became stale meanwhile.
"""

from collections.abc import Callable
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from server.live.call import CallOverError
from server.live.registry import CallRegistry
from server.live.view import CallGoneError, CallView, newest_view, view_of
from server.protocol.events.errors import ErrorCode
from server.protocol.messages import BadMessageError, CloseCode, WaitingMessage, read_from_page, write
from server.web.sockets import answer, race, receive

_DIGITS = 18  # of the largest number of an event that is believed


async def follow_call(websocket: WebSocket) -> None:
    """The endpoint /ws/calls/{call}."""
    calls: CallRegistry = websocket.app.state.calls
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        call = websocket.path_params["call"]
        view = await view_of(calls, call)
        if view is None:
            return await _refuse(websocket, f"There is no call {call} in the list of calls.")
        try:
            await race(_relay(websocket, view, _after(websocket)), _handle_commands(websocket, lambda: view))
            await websocket.close()
        except CallGoneError as gone:
            await _refuse(websocket, gone)


async def follow_newest(websocket: WebSocket) -> None:
    """The endpoint /ws/follow."""
    calls: CallRegistry = websocket.app.state.calls
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        await race(_follow_each(websocket, calls), _handle_commands(websocket, lambda: newest_view(calls)))


async def _follow_each(websocket: WebSocket, calls: CallRegistry) -> None:
    told: CallView | None = None  # the call that was told last
    while True:
        changed, view = calls.changed, newest_view(calls)
        if view is not None and view != told:
            goes_on = told is None and view.call.id == websocket.query_params.get("call")
            await race(_relay(websocket, view, _after(websocket) if goes_on else 0), _newer(calls, view))
            told = view
        else:
            if view is None:
                await websocket.send_text(write(WaitingMessage()))
            await changed.wait()


async def _newer(calls: CallRegistry, view: CallView) -> None:
    """Returns when a call starts after this one while that still runs."""
    while calls.get(view.call.id) is None or newest_view(calls) == view:
        await calls.changed.wait()


async def _relay(websocket: WebSocket, view: CallView, after: int) -> None:
    """Tell everything after number `after`, as fast as the follower reads, until the call is over."""
    snapshot, seen = await view.snapshot(after), 0
    await websocket.send_text(write(snapshot))
    after = snapshot.after
    while await view.more(after, seen):
        events = await view.read(after)
        for event in events:
            await websocket.send_text(event.json)
            after = event.seq
        if not events:
            seen, moment = view.newest(seen)
            for text in moment:
                await websocket.send_text(text)


async def _handle_commands(websocket: WebSocket, followed: Callable[[], CallView | None]) -> None:
    """Carry out a page's commands. Raises `WebSocketDisconnect` when it goes away."""
    while True:
        received, view = await receive(websocket), followed()
        try:
            command = read_from_page(received)
            if view is None:
                await answer(websocket, ErrorCode.UNKNOWN_CALL, "No call is running that this could apply to.")
            else:
                view.command(command)
        except BadMessageError as error:
            await answer(websocket, ErrorCode.BAD_MESSAGE, error)
        except CallOverError as error:
            await answer(websocket, ErrorCode.CALL_OVER, error)


async def _refuse(websocket: WebSocket, why: object) -> None:
    """There is no such call: say so, and close for good."""
    await answer(websocket, ErrorCode.UNKNOWN_CALL, why)
    await websocket.close(CloseCode.NOT_FOUND, ErrorCode.UNKNOWN_CALL.value)


def _after(websocket: WebSocket) -> int:
    """The number that the follower wants to go on after; 0, all of it, where it gives none that can be read."""
    after = websocket.query_params.get("after", "")
    return int(after) if after.isdecimal() and len(after) <= _DIGITS else 0
