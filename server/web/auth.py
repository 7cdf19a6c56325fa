"""Who may talk to the server. One ASGI layer around everything; stateless.

Without a token the server is on loopback only, and answers to loopback names only, so that no web page can reach it
under a name of its own. With one, programs send `Authorization: Bearer TOKEN`; a page signs in once, with
`POST /api/login`, and holds a cookie that scripts cannot read and other sites cannot send: browsers can give neither a
websocket nor an audio element a header, and a token in an address would end up in logs. In both cases a browser is
heard only from the server's own pages, or from origins that the settings name: its `Origin` is checked wherever
something can be changed.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import CloseCode, write
from server.web.sockets import answer

COOKIE = "calmline"
_OPEN = ("/api/health", "/api/login")  # no token needed; nor for the pages, which hold nothing
_SAFE = ("GET", "HEAD", "OPTIONS")


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def refusal(status: int, code: ErrorCode, text: str) -> Response:
    """An HTTP answer that says in one sentence what was wrong."""
    return Response(write(ErrorMessage(code, text)), status, media_type="application/json")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why somebody is not let in."""

    status: int  # of HTTP
    code: ErrorCode
    text: str


class Guard:
    """Lets through what may pass, and answers the rest itself."""

    def __init__(self, app: ASGIApp, token: str | None, origins: tuple[str, ...]) -> None:
        self._app = app
        self._token = token
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        refused = self._refusal(HTTPConnection(scope))
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await refusal(refused.status, refused.code, refused.text)(scope, receive, send)
        else:
            await _turn_away(WebSocket(scope, receive, send), refused)

    def _refusal(self, connection: HTTPConnection) -> Refused | None:
        host = connection.headers.get("host", "")
        if self._token is None and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            text = f"Without a token this server answers to localhost only; {host} was asked for."
            return Refused(421, ErrorCode.FORBIDDEN, text)
        origin = connection.headers.get("origin")
        if origin is not None and self._changes(connection) and not self._is_ours(origin, host):
            return Refused(403, ErrorCode.FORBIDDEN, f"Pages of {origin} may not talk to this server.")
        if self._token is not None and self._needs_token(connection) and not self._has_token(connection, self._token):
            text = "A token is needed here: sign in, or send the header Authorization: Bearer TOKEN."
            return Refused(401, ErrorCode.UNAUTHORIZED, text)
        return None

    def _changes(self, connection: HTTPConnection) -> bool:
        return connection.scope["type"] == "websocket" or connection.scope["method"] not in _SAFE

    def _is_ours(self, origin: str, host: str) -> bool:
        return urlsplit(origin).netloc == host or origin in self._origins

    def _needs_token(self, connection: HTTPConnection) -> bool:
        path = connection.scope["path"]
        return path.startswith(("/api/", "/ws/", "/metrics")) and path not in _OPEN

    def _has_token(self, connection: HTTPConnection, token: str) -> bool:
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and compare_digest(given.strip().encode(), token.encode()):
            return True
        return compare_digest(connection.cookies.get(COOKIE, "").encode(), session_value(token).encode())


async def _turn_away(websocket: WebSocket, refused: Refused) -> None:
    """Say why before closing: a page cannot read the answer to a handshake that failed."""
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        await answer(websocket, refused.code, refused.text)
        unauthorized = refused.code is ErrorCode.UNAUTHORIZED
        await websocket.close(CloseCode.UNAUTHORIZED if unauthorized else CloseCode.FORBIDDEN, refused.code.value)


async def login(request: Request) -> Response:
    """POST /api/login, body: the token. Answers with the cookie that a page needs."""
    token: str | None = request.app.state.settings.token
    given = (await request.body()).strip()
    if token is not None and not compare_digest(given, token.encode()):
        return refusal(401, ErrorCode.UNAUTHORIZED, "This is not the token of this server.")
    answer = Response(status_code=204)
    if token is not None:
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, session_value(token), httponly=True, samesite="strict", secure=secure)
    return answer


def session_value(token: str) -> str:
    """What the cookie holds: it proves the token without telling it."""
    return hashlib.sha256(b"calmline page " + token.encode()).hexdigest()
