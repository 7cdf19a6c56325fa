"""The HTTP interface to calls: list, result, events, audio, delete; and health.

Everything that was kept can be read, a running call included; audio and deletion wait until a call is over. Handlers
that read the store are plain functions, which Starlette runs on threads.
"""

from collections.abc import Callable
from importlib.metadata import version
from typing import TypeAlias

from msgspec import Raw, json
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from server.auth import refusal
from server.calls import Calls
from server.events import Durable, ErrorCode
from server.protocol import CallInfo, CallState, read_from_server
from server.result import gather
from server.store import Store

_LARGEST = 500  # calls or events in one answer

_OfCall: TypeAlias = Callable[[Request, CallInfo], Response]


async def health(request: Request) -> Response:
    """GET /api/health: that the server is up, its version and how many calls are running."""
    calls: Calls = request.app.state.calls
    return _json({"status": "ok", "version": version("calmline"), "running": calls.running})


def list_calls(request: Request) -> Response:
    """GET /api/calls?limit=50&before=ID: the newest calls first; `next` is the `before` of the next page, or null."""
    limit = _number(request, "limit", 50)
    calls = _store(request).calls(limit, request.query_params.get("before"))
    return _json({"calls": calls, "next": calls[-1].id if len(calls) == limit else None})


def known(handle: _OfCall) -> Callable[[Request], Response]:
    """A handler for /api/calls/{call}/..., which is given the call; one that is not there is answered with 404."""

    def handler(request: Request) -> Response:
        call = _store(request).call(request.path_params["call"])
        if call is None:
            text = f"There is no call {request.path_params['call']}; GET /api/calls lists them."
            return refusal(404, ErrorCode.UNKNOWN_CALL, text)
        return handle(request, call)

    return handler


@known
def show_call(request: Request, call: CallInfo) -> Response:
    """GET /api/calls/{call}: the call and all that was found in it, gathered by kind."""
    told = [read_from_server(event.json) for event in _store(request).events(call.id)]
    return _json(gather(call, [event for event in told if isinstance(event, Durable)]))


@known
def list_events(request: Request, call: CallInfo) -> Response:
    """GET /api/calls/{call}/events?after=0&limit=500: the numbered events; `next` is the next `after`, or null."""
    limit = _number(request, "limit", _LARGEST)
    events = _store(request).events(call.id, _number(request, "after", 0, largest=None), limit)
    following = events[-1].seq if len(events) == limit else None
    return _json({"events": [Raw(event.json.encode()) for event in events], "next": following})


@known
def send_audio(request: Request, call: CallInfo) -> Response:
    """GET /api/calls/{call}/audio: the raw audio as WAV, whole or in ranges, if it was kept."""
    if call.state is CallState.LIVE:
        text = f"Call {call.id} is still running; its audio can be had when it is over."
        return refusal(409, ErrorCode.CALL_RUNNING, text)
    path = _store(request).audio_path(call.id)
    if not path.is_file():
        return refusal(404, ErrorCode.NO_AUDIO, f"The raw audio of call {call.id} was not kept.")
    return FileResponse(path, media_type="audio/wav")


@known
def delete_call(request: Request, call: CallInfo) -> Response:
    """DELETE /api/calls/{call}: forget the call, its events and its audio."""
    if call.state is CallState.LIVE:
        return refusal(409, ErrorCode.CALL_RUNNING, f"Call {call.id} is still running; stop it before deleting it.")
    _store(request).delete(call.id)
    return Response(status_code=204)


def _store(request: Request) -> Store:
    store: Store = request.app.state.calls.store
    return store


def _number(request: Request, name: str, default: int, largest: int | None = _LARGEST) -> int:
    """A count among the query parameters: the default where there is none that can be read."""
    given = request.query_params.get(name, "")
    number = int(given) if given.isdecimal() else default
    return number if largest is None else max(1, min(number, largest))


def _json(value: object) -> Response:
    return Response(json.encode(value), media_type="application/json")
