"""HTTP by hand, for what no client library would send."""

import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from msgspec import json

PATIENCE_S = 30  # a test that hangs fails after this long


@dataclass(frozen=True)
class Answer:
    status: int
    head: str
    body: bytes

    def json(self) -> Any:
        return json.decode(self.body)


def open_socket(address: str, source: str = "") -> socket.socket:
    """A connection to the server, `source` being the loopback address that it comes from."""
    url = urlsplit(address)
    assert url.hostname is not None
    return socket.create_connection((url.hostname, url.port), timeout=PATIENCE_S, source_address=(source, 0))


def ask(address: str, line: str, *headers: str, body: bytes = b"") -> Answer:
    """Send one request as it is written, and read until the server closes. Host is added unless it is given."""
    given = [*headers, "Connection: close"]
    if not any(header.lower().startswith("host:") for header in headers):
        given.append(f"Host: {urlsplit(address).netloc}")
    with open_socket(address) as connection:
        connection.sendall("\r\n".join([line, *given, "", ""]).encode("utf-8") + body)
        return read_answer(connection)


def read_answer(connection: socket.socket) -> Answer:
    """What comes until the server closes."""
    came = b""
    while part := connection.recv(65536):
        came += part
    head, _, body = came.partition(b"\r\n\r\n")
    return Answer(int(head.split(b" ", 2)[1]), head.decode("latin-1").lower(), body)
