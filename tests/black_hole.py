"""A network between a browser and a server that can swallow everything without a goodbye, as a pulled cable does."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

_PIECE = 2**16  # bytes


class BlackHole:
    """Passes connections on to a server, until they are to be swallowed. Each direction has a thread."""

    def __init__(self, address: str) -> None:
        where = urlsplit(address)
        self._server = where.hostname, where.port
        self._open = threading.Event()  # what is not open swallows
        self._open.set()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def swallow(self) -> None:
        """From now on, nothing passes, nor is any connection closed."""
        self._open.clear()

    def restore(self) -> None:
        """New connections pass; those that were swallowed stay dead."""
        self._open.set()

    def close(self) -> None:
        for it in [self._listener, *self._sockets]:
            it.close()

    def _accept(self) -> None:
        try:
            while True:
                near, _ = self._listener.accept()
                self._sockets.append(near)
                if self._open.is_set():
                    far = socket.create_connection(self._server)
                    self._sockets.append(far)
                    for pair in ((near, far), (far, near)):
                        threading.Thread(target=self._pass, args=pair, daemon=True).start()
        except OSError:
            return

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(_PIECE):
                if not self._open.is_set():
                    return
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            return


@contextmanager
def black_hole(address: str) -> Iterator[BlackHole]:
    hole = BlackHole(address)
    try:
        yield hole
    finally:
        hole.close()
