"""The websockets that follow a call: a snapshot, then its events, then the moment as it is.

`/ws/calls/{call}?after=N` follows one call, running or over, from event N on, and closes when it is over.
`/ws/follow?agent=NAME&call=ID&after=N` follows the newest call of one agent, goes on with the next one when that
starts, and says `waiting` in between; `after` counts if the newest is still call ID. Without a name it keeps to the
agent of the first call that it tells; `?any` follows whoever's call is the newest. On either a page may command the
call that it follows, and no other. A slow follower holds nothing but its place: it is sent what it has not read yet,
and misses only levels that became stale meanwhile.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress

from starlette.websockets import WebSocket, WebSocketDisconnect

from server.live.call import CallOverError
from server.live.registry import CallRegistry
from server.live.view import CallGoneError, CallView, newest_view, view_of
from server.protocol.calls import CallInfo
from server.protocol.events.errors import ErrorCode
from server.protocol.messages import (
    BadMessageError,
    CloseCode,
    DeletedMessage,
    RunningMessage,
    WaitingMessage,
    read_from_page,
    write,
)
from server.web.answers import shown
from server.web.parameters import whole
from server.web.sockets import Line, answer, race, receive, telling_of_the_store


@telling_of_the_store
async def follow_call(websocket: WebSocket) -> None:
    """The endpoint /ws/calls/{call}."""
    calls: CallRegistry = websocket.app.state.calls
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        call = websocket.path_params["call"]
        view = await view_of(calls, call)
        if view is None:
            return await _refuse(websocket, f"There is no call {shown(call)} in the list of calls.")
        line = Line(websocket)
        try:
            telling = _relay(line, view, _after(websocket.query_params))
            await race(telling, _handle_commands(websocket, lambda: view), line.beat())
            await websocket.close()
        except CallGoneError as gone:
            await _refuse(websocket, gone)


@telling_of_the_store
async def follow_newest(websocket: WebSocket) -> None:
    """The endpoint /ws/follow."""
    await websocket.accept()
    line = Line(websocket)
    page = _Page(line, websocket.app.state.calls, websocket.query_params)
    with suppress(WebSocketDisconnect):
        await race(page.follow(), _handle_commands(websocket, lambda: page.view), line.beat())


class _Page:
    """A page that goes from call to call."""

    def __init__(self, line: Line, calls: CallRegistry, query: Mapping[str, str]) -> None:
        self.view: CallView | None = None  # the call that is being followed
        self._line = line
        self._calls = calls
        self._agent = query.get("agent") or None
        self._keeps_to_one = "any" not in query
        self._goes_on = query.get("call") or None, _after(query)
        self._shown: str | None = None  # the call that was followed last
        self._running: list[CallInfo] | None = None  # as last sent

    async def follow(self) -> None:
        """Never returns."""
        await self._tell_rest()
        followed: CallView | None = None
        while True:
            changed, view = self._calls.changed, newest_view(self._calls, self._agent)
            if view is not None and view != followed:
                followed = view
                await self._tell(view)
            else:
                if view is None:
                    await self._line.send(write(WaitingMessage(self._agent)))
                if self._shown in self._calls.deleted:
                    await self._tell_deletion()
                await self._tell_running()
                await changed.wait()

    async def _tell_rest(self) -> None:
        """What the page missed of the call that it shows, if that ended meanwhile or was deleted."""
        self._shown, after = self._goes_on
        if self._shown is None or self._calls.get(self._shown) is not None:
            return
        view = await view_of(self._calls, self._shown)
        try:
            if view is None:
                await self._tell_deletion()
            elif self._agent in (None, view.call.agent):
                await _relay(self._line, view, after)
        except CallGoneError:
            await self._tell_deletion()

    async def _tell_deletion(self) -> None:
        await self._line.send(write(DeletedMessage(str(self._shown))))
        self._shown = None

    async def _tell(self, view: CallView) -> None:
        """Tell a call until it is over, or there is a newer one."""
        if self._keeps_to_one:
            self._agent = view.call.agent
        call, after = self._goes_on
        self._goes_on = None, 0
        self.view, self._shown = view, view.call.id
        await race(_relay(self._line, view, after if view.call.id == call else 0), self._newer(view))
        self.view = None

    async def _newer(self, view: CallView) -> None:
        """Returns when a call starts after this one while that still runs."""
        while True:
            changed = self._calls.changed
            await self._tell_running()
            if self._calls.get(view.call.id) is not None and newest_view(self._calls, self._agent) != view:
                return
            await changed.wait()

    async def _tell_running(self) -> None:
        running = [live.journal.call for live in self._calls.newest_first]
        if self._running is None or [call.id for call in running] != [call.id for call in self._running]:
            self._running = running
            await self._line.send(write(RunningMessage(running)))


async def _relay(line: Line, view: CallView, after: int) -> None:
    """Tell everything after number `after`, as fast as the follower reads, until the call is over."""
    snapshot, seen = await view.snapshot(after), 0
    await line.send(write(snapshot))
    after = snapshot.after
    while await view.more(after, seen):
        events = await view.read(after)
        if events:
            await line.send(*(event.json for event in events))
            after = events[-1].seq
        else:
            seen, moment = view.newest(seen)
            await line.send(*moment)
            await line.rest()


async def _handle_commands(websocket: WebSocket, followed: Callable[[], CallView | None]) -> None:
    """Carry out a page's commands. Raises `WebSocketDisconnect` when it goes away."""
    while True:
        received, view = await receive(websocket), followed()
        try:
            command = read_from_page(received)
            if view is None:
                await answer(websocket, ErrorCode.UNKNOWN_CALL, "No call is running that this could apply to.")
            elif command.call != view.call.id:
                text = f"This page follows call {view.call.id}; what it asked of call {command.call} was not done."
                await answer(websocket, ErrorCode.OTHER_CALL, text)
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


def _after(query: Mapping[str, str]) -> int:
    """The number that the follower wants to go on after; 0, all of it, where it gives none that can be read."""
    return whole(query.get("after", "")) or 0
