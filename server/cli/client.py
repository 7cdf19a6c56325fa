"""A client of the server: finds a running one or starts one, feeds it a call, and follows what it tells.

`replay`, `listen` and `demo` are this around a source, so that they go the same way as any other feed. The caller's
thread feeds; one more follows. Both sockets are on loopback as a rule: messages are not compressed, proxies not asked.
"""

import signal
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from audio.errors import CalmlineError
from audio.frame import to_seconds
from audio.source import Pcm, Source
from server.app import ServerSettings
from server.loading import load_engine
from server.protocol.events.base import Message
from server.protocol.events.call import CallEndedMessage
from server.protocol.events.errors import ErrorMessage
from server.protocol.messages import (
    AcceptedMessage,
    FromServer,
    NoteMessage,
    StartMessage,
    StopMessage,
    read_from_server,
    write,
)
from server.serve import serving
from server.settings import Settings

_HEALTH_S = 2.0  # seconds within which a running server says that it is one
_LONGEST_NOTE = 1000  # characters
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # what listens everywhere is found on loopback

FromFeed: TypeAlias = bytes | Message  # PCM16, or what is said in between
Show: TypeAlias = Callable[[FromServer], None]  # an event of the call
Say: TypeAlias = Callable[[str], None]  # one line to whoever started us


class LinkError(CalmlineError):
    """The server cannot be reached, refuses the call, or went away."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a server is, and what lets us in."""

    address: str
    token: str | None

    def connect(self, path: str) -> ClientConnection:
        """A websocket to the server. Raises `LinkError`."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else None
        try:
            return connect(
                self.address.replace("http", "ws", 1) + path,
                additional_headers=headers,
                compression=None,
                proxy=None,
                max_size=None,
                max_queue=None,
            )
        except (OSError, InvalidHandshake) as error:
            raise LinkError(f"The server at {self.address} does not take the call: {error}.") from error


@contextmanager
def link_to_server(settings: Settings) -> Iterator[Link]:
    """The server that is running, or one that runs in here for the while. Raises `ServeError`, `LinkError`."""
    token = settings.server.token
    running = _address(settings.server)
    if _is_calmline(running):
        yield Link(running, token)
    else:
        with serving(settings.server, load_engine(settings)) as address:
            yield Link(address.replace(settings.server.host, _reachable(settings.server.host)), token)


def send_call(link: Link, start: StartMessage, said: Iterable[FromFeed], show: Show) -> None:
    """Feed one call to its end, and show everything that the server tells about it, as it comes.

    Raises `LinkError` if the server refuses the call or goes away. It keeps what it had taken by then.
    """
    with link.connect("/ws/feed") as socket, ThreadPoolExecutor(1, "follow") as follower:
        answers = _Answers(socket)
        try:
            socket.send(write(start))
            answers.until(AcceptedMessage, show)
            following = follower.submit(_follow, link, start.call, show)
            try:
                for item in said:
                    socket.send(item if isinstance(item, bytes) else write(item))
            finally:
                socket.send(write(StopMessage()))
            answers.until(CallEndedMessage, show)
            following.result()
        except ConnectionClosed as closed:
            lost = f"The server at {link.address} went away during call {start.call}; what it had shown is kept."
            raise LinkError(answers.refusal() or lost) from closed


def as_said(source: Source, blocks: Iterable[Pcm]) -> Iterator[FromFeed]:
    """What a feed sends of a source: its blocks, and its notes as they come up."""
    told = 0

    def notes() -> Iterator[NoteMessage]:
        nonlocal told
        for note in source.notes[told:]:
            told += 1
            yield NoteMessage(to_seconds(note.at), note.text[:_LONGEST_NOTE])

    for pcm in blocks:
        yield pcm.astype("<i2").tobytes()
        yield from notes()
    yield from notes()


@contextmanager
def until_interrupted() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, or the system asked us to end: for loops that end a call in order."""
    asked = False

    def ask(_number: int, _frame: object) -> None:
        nonlocal asked
        asked = True
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        restore()


class _Answers:
    """What the server answers a feed."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last: FromServer | None = None

    def until(self, kind: type[Message], show: Show) -> None:
        """Read and show all that comes before a message of this kind."""
        while not isinstance(answer := self._next(), kind):
            show(answer)

    def refusal(self) -> str | None:
        """Once the server has closed: the error that it gave as its reason, if it did."""
        with suppress(ConnectionClosed):
            while True:
                self._next()
        return self._last.text if isinstance(self._last, ErrorMessage) else None

    def _next(self) -> FromServer:
        self._last = read_from_server(self._socket.recv())
        return self._last


def _follow(link: Link, call: str, show: Show) -> None:
    with link.connect(f"/ws/calls/{call}") as told:
        try:
            while True:
                show(read_from_server(told.recv()))
        except ConnectionClosedOK:
            return


def _is_calmline(address: str) -> bool:
    """Whether a Calmline server answers there."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{address}/api/health", timeout=_HEALTH_S) as answer:
            return "running" in msgspec.json.decode(answer.read(), type=dict[str, object])
    except (OSError, msgspec.DecodeError):
        return False


def _address(settings: ServerSettings) -> str:
    host = _reachable(settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _reachable(host: str) -> str:
    return _EVERYWHERE.get(host, host)
