"""Where a server is, and the websockets to it.

In: settings. Out: the server that is running, or one that this process runs meanwhile. Both are on loopback as a rule:
no message is compressed and no proxy is used. A connection on which nothing comes, not even the server's pings, is
dead; a server that does not read for a while may be busy, so our own pings need no answer.
"""

import asyncio
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from audio.errors import CalmlineError
from server.app import ServerSettings
from server.loading import load_engine
from server.serve import serving
from server.settings import Settings

_HEALTH_S = 5.0  # seconds within which a running server says that it is one, however busy it is
_HEALTH_BYTES = 4096  # of that
_OPEN_S = 5.0  # seconds that a connection takes at most
_CLOSE_S = 1.0  # seconds that the end of one takes at most
_PING_S = 5.0  # seconds between our pings, which show the server that we are there
_DEAD_S = 15.0  # seconds without a sign of the server, which pings every 5 s
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # what listens everywhere is found on loopback


class LinkError(CalmlineError):
    """The server cannot be reached, refuses the call, or went away."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a server is, and what lets us in."""

    address: str
    token: str | None

    def connect(self, path: str) -> connect:
        """A websocket to the server, to be used as `async with`. `OSError` or `WebSocketException` where it breaks."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else None
        return connect(
            self.address.replace("http", "ws", 1) + path,
            additional_headers=headers,
            compression=None,
            proxy=None,
            max_size=None,
            max_queue=None,
            open_timeout=_OPEN_S,
            close_timeout=_CLOSE_S,
            ping_interval=_PING_S,
            ping_timeout=None,
            create_connection=_Connection,
        )


@contextmanager
def link_to_server(settings: Settings) -> Iterator[Link]:
    """The server that is running, or one that this process runs meanwhile. Raises `ServeError`, `LinkError`."""
    token = settings.server.token
    running = _address(settings.server)
    if _is_calmline(running):
        yield Link(running, token)
    else:
        with serving(settings.server, load_engine(settings)) as address:
            yield Link(address.replace(settings.server.host, _reachable(settings.server.host)), token)


class _Connection(ClientConnection):
    """A connection that breaks once the server has given no sign for too long."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._heard_at = self.loop.time()
        self._watching = self.loop.call_later(_DEAD_S, self._watch)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self.loop.time()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watching.cancel()
        super().connection_lost(exc)

    def _watch(self) -> None:
        due = self._heard_at + _DEAD_S
        if due > self.loop.time():
            self._watching = self.loop.call_at(due, self._watch)
        else:
            self.transport.abort()


def _is_calmline(address: str) -> bool:
    """Whether a Calmline server answers there."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{address}/api/health", timeout=_HEALTH_S) as answer:
            return "running" in msgspec.json.decode(answer.read(_HEALTH_BYTES), type=dict[str, object])
    except (OSError, HTTPException, ValueError, RecursionError):  # nobody is there, no host can be called so, or what
        return False  # answers is something else


def _address(settings: ServerSettings) -> str:
    host = _reachable(settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _reachable(host: str) -> str:
    return _EVERYWHERE.get(host, host)
