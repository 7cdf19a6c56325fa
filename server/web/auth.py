"""Who may talk to the server. One ASGI layer around everything; who is signed in is known to `server.web.login`.

Without a token the server is on loopback only, and answers to loopback names only, so that no web page can reach it
under a name of its own. With one, programs send `Authorization: Bearer TOKEN`; a page signs in once, with
`POST /api/login`, and holds a cookie that scripts cannot read and other sites cannot send: browsers can give neither a
websocket nor an audio element a header, and a token in an address would end up in logs. In both cases a browser is
heard only from the server's own pages, or from origins that the settings name: its `Origin` and `Sec-Fetch-Site` are
checked wherever there is more than the empty pages, reading included, since how long a sound takes to load tells
another site's page how long a call was.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from server.protocol.events.errors import ErrorCode
from server.protocol.messages import CloseCode
from server.web.answers import refusal, shown
from server.web.login import Door, Standing, too_many
from server.web.sockets import answer

_OPEN = ("/api/health", "/api/login", "/api/logout")  # no token needed; nor for the pages, which hold nothing
_OUR_SITE = ("same-origin", "none")  # `Sec-Fetch-Site` of our own pages, and of what a person typed in
_NETLOC = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253}?)\.?(?::([0-9]{1,5}))?")
_PORTS = {"http": "80", "https": "443"}


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Refused:
    """Why somebody is not let in."""

    status: int  # of HTTP
    code: ErrorCode
    text: str
    close: int = CloseCode.FORBIDDEN  # of a websocket
    wait_s: int = 0  # seconds after which to try again


class Guard:
    """Lets through what may pass, and answers the rest itself."""

    def __init__(self, app: ASGIApp, door: Door, origins: tuple[str, ...]) -> None:
        self._app = app
        self._door = door
        self._origins = {origin.rstrip("/").lower() for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        refused = self._refusal(HTTPConnection(scope))
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            headers = {"retry-after": str(refused.wait_s)} if refused.wait_s else None
            await refusal(refused.status, refused.code, refused.text, headers)(scope, receive, send)
        else:
            await _turn_away(WebSocket(scope, receive, send), refused)

    def _refusal(self, connection: HTTPConnection) -> Refused | None:
        host = connection.headers.get("host", "")
        named = _host(host)
        if named is None:
            text = f"Expected a host name or address, and perhaps a port, in the header Host; {shown(host)!r} came."
            return Refused(400, ErrorCode.BAD_MESSAGE, text)
        if not self._door.has_token and not is_loopback(named[0]):
            text = f"Without a token this server answers to localhost only; {shown(host)} was asked for."
            return Refused(421, ErrorCode.FORBIDDEN, text)
        if self._guards(connection) and (stranger := self._stranger(connection, named)):
            return Refused(403, ErrorCode.FORBIDDEN, f"Pages of {stranger} may not talk to this server.")
        return self._without_token(connection) if self._needs_token(connection) else None

    def _guards(self, connection: HTTPConnection) -> bool:
        """Whether other sites' pages are to be kept away from this: from all but the pages themselves."""
        scope = connection.scope
        return (
            scope["type"] == "websocket"
            or scope["method"] not in ("GET", "HEAD")
            or scope["path"].startswith(("/api/", "/metrics", "/demo/"))
        )

    def _stranger(self, connection: HTTPConnection, host: tuple[str, str | None]) -> str | None:
        """Which other site the page belongs to that asks; None if it is ours, allowed, or no page at all."""
        origin = connection.headers.get("origin")
        if origin is not None:
            return None if _is_from(origin, host) or origin.lower() in self._origins else shown(origin) or "nowhere"
        site = connection.headers.get("sec-fetch-site", "none")
        return None if site in _OUR_SITE else "another site"

    def _needs_token(self, connection: HTTPConnection) -> bool:
        path = connection.scope["path"]
        return path.startswith(("/api/", "/ws/", "/metrics")) and path not in _OPEN

    def _without_token(self, connection: HTTPConnection) -> Refused | None:
        match self._door.standing(connection):
            case Standing.KNOWN:
                return None
            case Standing.LOCKED_OUT:
                wait_s = self._door.wait_s(connection)
                return Refused(429, ErrorCode.TOO_MANY_ATTEMPTS, too_many(wait_s), CloseCode.TRY_LATER, wait_s)
            case Standing.UNKNOWN:
                text = "A token is needed here: sign in, or send the header Authorization: Bearer TOKEN."
                return Refused(401, ErrorCode.UNAUTHORIZED, text, CloseCode.UNAUTHORIZED)


def _host(netloc: str) -> tuple[str, str | None] | None:
    """The name or address, in lower case and without brackets, and the port of a `Host`; None if it is none."""
    found = _NETLOC.fullmatch(netloc.lower())
    if found is None or int(found[2] or 0) > 65535:
        return None
    return found[1].strip("[]"), found[2]


def _is_from(origin: str, host: tuple[str, str | None]) -> bool:
    """Whether an `Origin` is the server itself, which was asked for as `host`."""
    scheme, _, netloc = origin.lower().partition("://")
    if scheme not in _PORTS or (named := _host(netloc)) is None:
        return False
    port = _PORTS[scheme]
    return (named[0], named[1] or port) == (host[0], host[1] or port)


async def _turn_away(websocket: WebSocket, refused: Refused) -> None:
    """Say why before closing: a page cannot read the answer to a handshake that failed."""
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        await answer(websocket, refused.code, refused.text)
        await websocket.close(refused.close, refused.code.value)
