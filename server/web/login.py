"""Signing in: the token, the sessions of pages that gave it, and how often a wrong one may be tried.

In: what clients give. Kept in memory alone: the ids of sessions, random, with the time at which each expires, and the
recent failures of each client address. A restart signs every page out. Lives on the event loop.
"""

import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum, auto
from hmac import compare_digest
from ipaddress import IPv6Network
from time import monotonic

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from server.protocol.events.errors import ErrorCode
from server.web.answers import refusal, shown

COOKIE = "calmline"
SESSION_S = 12 * 3600.0  # seconds that a session lasts after it was last used
ATTEMPTS = 10  # wrong tokens that a client address may send within `WINDOW_S`
WINDOW_S = 60.0
_AT_MOST = 10_000  # sessions, and addresses with failures, that are remembered; the oldest are forgotten

Clock = Callable[[], float]  # seconds, from any beginning
logger = logging.getLogger(__name__)


class Sessions:
    """The pages that are signed in, by a random id of 256 bits."""

    def __init__(self, clock: Clock = monotonic) -> None:
        self._clock = clock
        self._ends: OrderedDict[str, float] = OrderedDict()  # by id; the one used last is the last

    def open(self) -> str:
        session = secrets.token_urlsafe(32)
        self._ends[session] = self._clock() + SESSION_S
        if len(self._ends) > _AT_MOST:
            self._ends.popitem(last=False)
        return session

    def use(self, session: str) -> bool:
        """Whether a session is open; if so it lasts for another `SESSION_S`."""
        now = self._clock()
        if self._ends.get(session, now) <= now:
            return False
        self._ends[session] = now + SESSION_S
        self._ends.move_to_end(session)
        return True

    def close(self, session: str) -> None:
        self._ends.pop(session, None)


class Attempts:
    """Counts wrong tokens by client address; `ATTEMPTS` within `WINDOW_S` lock it out for as long again.

    The log has one line for the first of them and one for a lock-out, however many come.
    """

    def __init__(self, clock: Clock = monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, list[float]] = OrderedDict()  # when; the address that failed last is the last

    def wait_s(self, address: str) -> float:
        """How long this address has to wait before it may try again; 0 if it need not."""
        failures = self._recent(address)
        return failures[-1] + WINDOW_S - self._clock() if len(failures) >= ATTEMPTS else 0.0

    def failed(self, address: str) -> None:
        failures = [*self._recent(address), self._clock()]
        self._failures[address] = failures
        self._failures.move_to_end(address)
        if len(self._failures) > _AT_MOST:
            self._failures.popitem(last=False)
        if len(failures) == 1:
            logger.warning("a wrong token came from %s", address)
        elif len(failures) == ATTEMPTS:
            text = "%d wrong tokens came from %s; it is not listened to for %d s"
            logger.warning(text, ATTEMPTS, address, WINDOW_S)

    def _recent(self, address: str) -> list[float]:
        """The failures that count: the last ones, as long as the newest of them is not too old."""
        failures, now = self._failures.get(address, []), self._clock()
        if len(failures) >= ATTEMPTS:  # locked out, or just let off
            return failures if now - failures[-1] < WINDOW_S else []
        return [when for when in failures if now - when < WINDOW_S]


class Standing(Enum):
    """How a client stands with the server."""

    KNOWN = auto()  # gave the token, or the id of a session
    UNKNOWN = auto()
    LOCKED_OUT = auto()  # gave too many wrong tokens


class Door:
    """Who is let in. Without a token everybody is, since only this machine can ask."""

    def __init__(self, token: str | None, clock: Clock = monotonic) -> None:
        self.sessions = Sessions(clock)
        self.attempts = Attempts(clock)
        self._token = None if token is None else token.encode()

    @property
    def has_token(self) -> bool:
        """Whether a token is asked for at all."""
        return self._token is not None

    def standing(self, connection: HTTPConnection) -> Standing:
        if self._token is None or self.sessions.use(connection.cookies.get(COOKIE, "")):
            return Standing.KNOWN
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        return self.check(connection, given.encode("latin-1")) if scheme.lower() == "bearer" else Standing.UNKNOWN

    def check(self, connection: HTTPConnection, given: bytes) -> Standing:
        """How somebody stands who gave this as the token; wrong ones are counted."""
        if self._token is None:
            return Standing.KNOWN
        address = _address(connection)
        if self.attempts.wait_s(address):
            return Standing.LOCKED_OUT
        if compare_digest(given.strip(), self._token):
            return Standing.KNOWN
        self.attempts.failed(address)
        return Standing.UNKNOWN

    def wait_s(self, connection: HTTPConnection) -> int:
        """Whole seconds after which a client that is locked out may try again."""
        return int(self.attempts.wait_s(_address(connection))) + 1


def too_many(wait_s: int) -> str:
    """What a client is told that gave too many wrong tokens."""
    return f"Too many wrong tokens came from this address; try again in {wait_s} s."


async def login(request: Request) -> Response:
    """POST /api/login, body: the token. Answers with the cookie that a page needs."""
    door: Door = request.app.state.door
    match door.check(request, await request.body()):
        case Standing.LOCKED_OUT:
            wait_s = door.wait_s(request)
            return refusal(429, ErrorCode.TOO_MANY_ATTEMPTS, too_many(wait_s), {"retry-after": str(wait_s)})
        case Standing.UNKNOWN:
            return refusal(401, ErrorCode.UNAUTHORIZED, "This is not the token of this server.")
    answer = Response(status_code=204)
    if door.has_token:
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, door.sessions.open(), httponly=True, samesite="strict", secure=secure)
    return answer


async def logout(request: Request) -> Response:
    """POST /api/logout: forget the session of this page."""
    door: Door = request.app.state.door
    door.sessions.close(request.cookies.get(COOKIE, ""))
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _address(connection: HTTPConnection) -> str:
    """Where a client is; of an IPv6 address the network, since a client has as many of its addresses as it likes."""
    host = connection.client.host if connection.client else ""
    try:
        return str(IPv6Network((host, 64), strict=False))
    except ValueError:
        return shown(host)
