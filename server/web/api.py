"""The HTTP interface to calls: list, result, events, audio and its peaks, verdicts on alerts, delete; and health.

Everything that was kept can be read, a running call included; audio and deletion wait until a call is over. Handlers
that use the store are plain functions, which Starlette runs on threads.
"""

from asyncio import to_thread
from collections.abc import Callable
from importlib.metadata import version
from typing import TypeAlias

from msgspec import DecodeError, json, structs
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from server.demo import DEMO_CALL
from server.live.registry import CallRegistry
from server.protocol.calls import CallInfo, CallState, Verdict
from server.protocol.events.base import Count
from server.protocol.events.errors import ErrorCode
from server.store.joined import join_events
from server.store.store import Store
from server.store.waveforms import LEVELS, read_peaks
from server.web.answers import refusal, shown
from server.web.parameters import number, whole
from server.web.results import whole_call

_LARGEST = 500  # calls or events in one answer

_OfCall: TypeAlias = Callable[[Request, CallInfo], Response]


class Listed(CallInfo, frozen=True, kw_only=True):
    """A call in the list, with how many alerts there were."""

    alerts: Count


async def send_metrics(request: Request) -> Response:
    """GET /metrics: how the server keeps up, in Prometheus' text format."""
    registry: CollectorRegistry = request.app.state.calls.metrics.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def health(request: Request) -> Response:
    """GET /api/health: that the server is up, its version and how many calls are running."""
    calls: CallRegistry = request.app.state.calls
    return _json({"status": "ok", "version": version("calmline"), "running": calls.running})


def list_calls(request: Request) -> Response:
    """GET /api/calls?limit=50&before=ID: the newest calls first; `next` is the `before` of the next page, or null."""
    limit = number(request, "limit", 50, 1, _LARGEST)
    calls = _store(request).calls(limit, request.query_params.get("before"))
    alerts = _store(request).alerts([call.id for call in calls])
    listed = [Listed(**structs.asdict(call), alerts=alerts.get(call.id, 0)) for call in calls]
    return _json({"calls": listed, "next": calls[-1].id if len(calls) == limit else None})


def known(handle: _OfCall) -> Callable[[Request], Response]:
    """A handler for /api/calls/{call}/..., which is given the call; one that is not there is answered with 404."""

    def handler(request: Request) -> Response:
        call = _store(request).call(request.path_params["call"])
        if call is None:
            text = f"There is no call {shown(request.path_params['call'])} in the list of calls."
            return refusal(404, ErrorCode.UNKNOWN_CALL, text)
        return handle(request, call)

    return handler


@known
def show_call(request: Request, call: CallInfo) -> Response:
    """GET /api/calls/{call}: the call and all that was found in it, gathered by kind."""
    return StreamingResponse(whole_call(_store(request), call), media_type="application/json")


@known
def list_events(request: Request, call: CallInfo) -> Response:
    """GET /api/calls/{call}/events?after=0&limit=500: the numbered events; `next` is the next `after`, or null."""
    limit = number(request, "limit", _LARGEST, 1, _LARGEST)
    events = join_events(_store(request), call.id, number(request, "after", 0), limit)
    following = events.last if events.count == limit else "null"
    return Response(f'{{"events":[{events.json}],"next":{following}}}', media_type="application/json")


def with_audio(handle: _OfCall) -> _OfCall:
    """A handler for a call that is over and whose audio was kept; the others are refused."""

    def handler(request: Request, call: CallInfo) -> Response:
        if call.state is CallState.LIVE:
            text = f"Call {call.id} is still running; its audio can be had when it is over."
            return refusal(409, ErrorCode.CALL_RUNNING, text)
        if not _store(request).audio_path(call.id).is_file():
            return refusal(404, ErrorCode.NO_AUDIO, f"The raw audio of call {call.id} was not kept.")
        return handle(request, call)

    return handler


@known
@with_audio
def send_audio(request: Request, call: CallInfo) -> Response:
    """GET /api/calls/{call}/audio: the raw audio as WAV, whole or in ranges, if it was kept."""
    return FileResponse(_store(request).audio_path(call.id), media_type="audio/wav")


@known
@with_audio
def send_peaks(request: Request, call: CallInfo) -> Response:
    """GET /api/calls/{call}/peaks?level=0: bytes [bins, channels] (`server.store.waveforms`), channels as the audio."""
    peaks = read_peaks(_store(request).audio_path(call.id), number(request, "level", 0, 0, LEVELS - 1))
    return Response(peaks.tobytes(), media_type="application/octet-stream")


@known
def list_verdicts(request: Request, call: CallInfo) -> Response:
    """GET /api/calls/{call}/verdicts: what reviewers made of the alerts, by the number of the alert's event."""
    return _json({"verdicts": _store(request).verdicts(call.id)})


async def judge(request: Request) -> Response:
    """PUT /api/calls/{call}/verdicts/{alert}, body: "useful", "wrong", "not now" or null, which takes it back."""
    call, alert = request.path_params["call"], request.path_params["alert"]
    body = await request.body()
    try:
        verdict = json.decode(body, type=Verdict | None)
    except (DecodeError, UnicodeError, RecursionError):
        given = shown(body.decode(errors="replace"))
        text = f'Expected "useful", "wrong", "not now" or null as JSON, but {given or "nothing"} came.'
        return refusal(422, ErrorCode.BAD_MESSAGE, text)
    seq = whole(alert)
    if seq is None or not await to_thread(_store(request).judge, call, seq, verdict):
        return refusal(404, ErrorCode.UNKNOWN_ALERT, f"Call {shown(call)} has no alert number {shown(alert)}.")
    return Response(status_code=204)


@known
def delete_call(request: Request, call: CallInfo) -> Response:
    """DELETE /api/calls/{call}: forget the call, its events and its audio."""
    if call.state is CallState.LIVE:
        return refusal(409, ErrorCode.CALL_RUNNING, f"Call {call.id} is still running; stop it before deleting it.")
    _store(request).delete(call.id)
    calls: CallRegistry = request.app.state.calls
    calls.note_deletion(call.id)
    return Response(status_code=204)


async def send_demo_call(_: Request) -> Response:
    """GET /demo/billing_call.opus: the sound of the demo call, which a page plays beside it."""
    return FileResponse(DEMO_CALL, media_type="audio/ogg")


async def bad_parameter(_: Request, error: Exception) -> Response:
    """What is answered where a query asks for something that cannot be."""
    return refusal(422, ErrorCode.BAD_MESSAGE, str(error))


async def not_stored(_: Request, error: Exception) -> Response:
    """What is answered where the store took no more."""
    return refusal(507, ErrorCode.NOT_STORED, str(error))


async def not_read(_: Request, error: Exception) -> Response:
    """What is answered where the store cannot be read at the moment."""
    return refusal(503, ErrorCode.NOT_READ, str(error))


async def not_deleted(_: Request, error: Exception) -> Response:
    """What is answered where a file of a call cannot be removed yet."""
    return refusal(409, ErrorCode.NOT_DELETED, str(error))


def _store(request: Request) -> Store:
    store: Store = request.app.state.calls.store
    return store


def _json(value: object) -> Response:
    return Response(json.encode(value), media_type="application/json")
