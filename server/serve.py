"""Running the server: the port, the store and uvicorn around the application.

`serve` runs in the foreground until it is told to stop; `serving` runs in a thread beside other work. uvicorn speaks
websockets through the `websockets` library. Messages are not compressed: on one machine that only costs time.
"""

import asyncio
import errno
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from types import FrameType

import uvicorn

from audio.errors import CalmlineError
from audio.paths import expanded
from models.words.process import WordsProcess
from server.app import ServerSettings, build_app
from server.live.registry import Engine
from server.logs import Few
from server.shutdown import Deadline
from server.store.folder import Hold, StoreError
from server.store.store import Store, default_folder, only_server
from server.web.auth import is_loopback
from server.web.connections import Gate, behind, room_for
from server.web.keepalive import PatientWebSocket

_LARGEST_MESSAGE = 2**20  # bytes: 2.7 s of two channels at 96 kHz
_UNREAD = 2**16  # bytes that the system holds for a follower that does not read: more would be stale levels
_PATIENCE_S = 1.0  # seconds that connections have to finish once their calls have ended
_ONE_LINE = Few(most=1)
logger = logging.getLogger(__name__)


class ServeError(CalmlineError):
    """The server cannot start."""


def bind(settings: ServerSettings) -> socket.socket:
    """The socket to listen on. Raises `ServeError` if it is taken, or must not be opened without a token."""
    host, port = settings.host, settings.port
    if settings.token is None and not is_loopback(host):
        raise ServeError(f"Reachable from other machines (host {host}) the server starts with a token only: set one.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNREAD)  # connections inherit it
        return listener
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            text = f"Port {port} of {host} is taken, perhaps by another Calmline: stop that, or choose another port."
            raise ServeError(text) from error
        raise ServeError(f"Expected a host and port to listen on; {host}:{port} is not: {error.strerror}.") from error
    except (UnicodeError, TypeError) as error:  # no name that could be looked up
        raise ServeError(f"Expected the name or address of a host to listen on; {host} is none.") from error


def address(settings: ServerSettings, listener: socket.socket) -> str:
    """Where pages find the server."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{listener.getsockname()[1]}"


def serve(
    settings: ServerSettings, engine: Engine, listener: socket.socket, ready: Callable[[], None] = lambda: None
) -> None:
    """Serve on a bound socket until interrupted; `ready` is called once pages can be opened. Raises `StoreError`.

    A signal ends it within ten seconds, and a second one at once. Where something had to be left undone, or hangs, the
    process ends here, with status 1.
    """
    deadline = Deadline(lambda: _end_words(engine))
    with listener, _own_store(settings, listener) as store:
        server = _Server(settings, engine, store, ready, deadline)
        server.run(sockets=[listener])
    if store.lost:
        deadline.leave(
            f"The server stopped, and {store.lost} events could be stored nowhere; the log says of which calls."
        )
    if not server.ended_in_order:
        deadline.leave("The server stopped before all was done: what its calls had to leave out is noted in each.")
    deadline.meet()


@contextmanager
def serving(settings: ServerSettings, engine: Engine) -> Iterator[str]:
    """Serve beside other work while the context is open; its value is the address. Raises as `bind` and `serve` do."""
    ready = threading.Event()
    with bind(settings) as listener, _own_store(settings, listener) as store:
        server = _Server(settings, engine, store, ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server")
        thread.start()
        try:
            ready.wait()
            if not server.started:
                raise ServeError("The server did not start; the log says why.")
            yield address(settings, listener)
        finally:
            server.should_exit = True
            thread.join()


class _Server(uvicorn.Server):
    """uvicorn, which says when it is ready, or has failed to be."""

    def __init__(
        self,
        settings: ServerSettings,
        engine: Engine,
        store: Store,
        ready: Callable[[], None],
        deadline: Deadline | None = None,
    ) -> None:
        """With a `deadline` it ends in time after a signal, however it hangs."""
        self.ended_in_order = True
        self._app = build_app(settings, engine, store)
        self._ready = ready
        self._deadline = deadline
        super().__init__(
            uvicorn.Config(
                self._app,
                http=behind(Gate(room_for(settings.connections_at_most))),
                ws=PatientWebSocket,
                ws_ping_interval=settings.ping_s,
                ws_ping_timeout=settings.ping_s,
                ws_max_size=_LARGEST_MESSAGE,
                ws_per_message_deflate=False,
                lifespan="on",
                log_config=None,
                access_log=False,
                proxy_headers=False,  # anybody on this machine could claim another address with them
                timeout_graceful_shutdown=ceil(2 * _PATIENCE_S),
            )
        )
        logging.getLogger("uvicorn.error").addFilter(_ONE_LINE)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: stop in order; at the second, at once. The signal is dealt with then, and not raised again."""
        if self._deadline and self.should_exit:
            self._deadline.leave_at_once()
        self.should_exit = True
        if self._deadline:
            self._deadline.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the calls, so that feeds and pages are told how; then their connections, then the rest."""
        for server in self.servers:
            server.close()
        self.ended_in_order = await self._app.state.calls.close()
        asyncio.get_running_loop().call_later(_PATIENCE_S, self._abort_connections)
        await super().shutdown(sockets)

    def _abort_connections(self) -> None:
        """Part from clients that do not read to the end."""
        for connection in list(self.server_state.connections):
            if transport := connection.transport:
                transport.abort()


def _end_words(engine: Engine) -> None:
    if isinstance(words := engine.models.words, WordsProcess):
        words.close()


def open_store(settings: ServerSettings) -> Store:
    """The store that the settings name. Raises `StoreError`."""
    return Store(_data_folder(settings))


@contextmanager
def _own_store(settings: ServerSettings, listener: socket.socket) -> Iterator[Store]:
    """The store of a server, which no other server has. Raises `StoreError`."""
    with only_server(_data_folder(settings), address(settings, listener)) as hold, open_store(settings) as store:
        store.database.on_move = lambda: _take_again(hold)
        yield store


def _take_again(hold: Hold) -> None:
    """The folder was removed or replaced: the new one is to have no other server either."""
    try:
        hold.take_again()
    except StoreError as error:
        logger.error("The folder of the calls was replaced by another one. %s", error)


def _data_folder(settings: ServerSettings) -> Path:
    return expanded(settings.data_folder) if settings.data_folder else default_folder()
