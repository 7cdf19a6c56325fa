"""The ASGI application: routes, layers and lifetime. The handlers are in `server.web` and `server.feeds`.

`build_app` composes; the calls that run live as long as the application does, and are ended in order when it stops.
"""

import logging
import mimetypes
from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from anyio import create_task_group, open_file
from msgspec import Meta
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from audio.ranges import Span, Text
from server.feeds.websocket import feed
from server.live.call import LiveSettings
from server.live.registry import CallRegistry, Engine
from server.store.store import NotDeletedError, NotReadError, NotStoredError, Store
from server.web import api
from server.web.answers import Faults, http_error
from server.web.auth import Guard
from server.web.bodies import Bodies
from server.web.follow import follow_call, follow_newest
from server.web.login import Door, login, logout
from server.web.parameters import ParameterError
from server.web.sockets import Crowd, nowhere

PAGES = Path(__file__).parents[1] / "dashboard"
_HEADERS = {
    "content-security-policy": "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self)",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    host: Annotated[Text, Meta(min_length=1)] = "127.0.0.1"  # name or address to listen on
    port: Annotated[int, Meta(ge=0, le=65535)] = 8420  # 0: any that is free
    token: Annotated[Text, Meta(min_length=16)] | None = (
        None  # whoever talks to the server must know it; off loopback there must be one
    )
    connections_at_most: Annotated[int, Meta(ge=1, le=1_000_000)] = (
        2000  # at once, of feeds, pages and programs; more are refused
    )
    allowed_origins: tuple[Text, ...] = ()  # whose pages may talk to it besides its own, such as https://crm.example
    data_folder: Text | None = None  # where calls are kept; none: the user's own data folder
    ping_s: Span = 5.0  # seconds between pings; a dead line is noticed within twice that
    keep_audio: bool = False  # keep the raw audio of every call, not only where a feed asks for it
    live: LiveSettings = field(default_factory=LiveSettings)

    def __post_init__(self) -> None:
        """Raises `ValueError` for a token that a header cannot carry as it is."""
        if self.token is not None and self.token != self.token.strip():
            raise ValueError("expected a token without blanks at its ends")


def build_app(settings: ServerSettings, engine: Engine, store: Store) -> Starlette:
    """The application around an open store, which is closed once all calls have ended: a signal may end the process
    before whoever opened the store comes to it."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            store.recover()
        except NotReadError as error:
            logger.warning("%s", error)
        app.state.calls = CallRegistry(engine, store, settings.live, settings.keep_audio)
        await _import_all()
        yield
        await app.state.calls.close()
        await to_thread(store.close)

    mimetypes.add_type("text/javascript", ".js")  # Windows may call it something that browsers refuse
    routes = [
        Route("/metrics", api.send_metrics),
        Route("/api/health", api.health),
        Route("/api/login", login, methods=["POST"]),
        Route("/api/logout", logout, methods=["POST"]),
        Route("/api/calls", api.list_calls),
        Route("/api/calls/{call}", api.show_call),
        Route("/api/calls/{call}", api.delete_call, methods=["DELETE"]),
        Route("/api/calls/{call}/events", api.list_events),
        Route("/api/calls/{call}/audio", api.send_audio),
        Route("/api/calls/{call}/peaks", api.send_peaks),
        Route("/api/calls/{call}/verdicts", api.list_verdicts),
        Route("/api/calls/{call}/verdicts/{alert}", api.judge, methods=["PUT"]),
        Route("/demo/billing_call.opus", api.send_demo_call),
        Mount("/api", routes=[]),
        WebSocketRoute("/ws/feed", feed),
        WebSocketRoute("/ws/follow", follow_newest),
        WebSocketRoute("/ws/calls/{call}", follow_call),
        WebSocketRoute("/{elsewhere:path}", nowhere),
        Mount("/", StaticFiles(directory=PAGES, html=True)),
    ]
    door = Door(settings.token)
    guard = Middleware(Guard, door, settings.allowed_origins)
    layers = [Middleware(Headers), Middleware(Faults), Middleware(Bodies), guard]
    on_errors = {
        NotDeletedError: api.not_deleted,
        NotReadError: api.not_read,
        NotStoredError: api.not_stored,
        ParameterError: api.bad_parameter,
        HTTPException: http_error,
    }
    app = Starlette(routes=routes, middleware=layers, lifespan=lifespan, exception_handlers=on_errors)
    app.state.settings = settings
    app.state.door = door
    app.state.crowd = Crowd()
    return app


async def _import_all() -> None:
    """Have anyio import what it would import with the first request: by then there may be no descriptor left for it."""
    async with create_task_group(), await open_file(PAGES / "index.html", "rb") as page:
        await page.read(1)


class Headers:
    """Sends what keeps pages from running anything but our own scripts, and calls out of caches."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                kept = "no-store" if scope["path"].startswith(("/api/", "/metrics")) else "no-cache"
                headers["cache-control"] = kept
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
