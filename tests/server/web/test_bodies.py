"""Bodies of requests: bounded before they are read, whoever sends them."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from raw_http import ask, open_socket, read_answer
from starlette.types import Message, Receive, Scope, Send

from server.app import ServerSettings
from server.live.registry import Engine
from server.serve import serving
from server.web import bodies
from server.web.bodies import Bodies

TOKEN = "a token of some length"


@pytest.fixture
def guarded(settings: ServerSettings, engine: Engine) -> Iterator[str]:
    with serving(replace(settings, token=TOKEN), engine) as address:
        yield address


@pytest.mark.parametrize(
    ("line", "most"),
    [
        ("POST /api/login HTTP/1.1", 4096),
        ("PUT /api/calls/one/verdicts/1 HTTP/1.1", 1024),
        ("DELETE /api/calls/one HTTP/1.1", 1024),
        ("GET /api/calls HTTP/1.1", 1024),
    ],
)
def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(guarded: str, line: str, most: int) -> None:
    answer = ask(guarded, line, "Content-Length: 700000000")  # of which nothing is ever sent
    assert (answer.status, answer.json()["code"]) == (413, "too_large")
    assert answer.json()["text"] == f"Expected a body of at most {most} bytes; more came."
    assert ask(guarded, line, f"Content-Length: {most}", body=b"x" * most).status == 401


def test_a_body_that_does_not_say_how_large_it_is_is_cut_off(guarded: str) -> None:
    with open_socket(guarded) as connection:
        connection.sendall(b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        sent = 0
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        try:
            while sent < 64 * 2**20:
                connection.sendall(chunk)
                sent += 65536
        except OSError:
            pass  # the server has closed
    assert sent < 64 * 2**20


def test_a_client_is_told_why_its_endless_body_is_not_taken(guarded: str) -> None:
    head = b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with open_socket(guarded) as connection:
        connection.sendall(head + b"1001\r\n" + b"x" * 4097 + b"\r\n")
        answer = read_answer(connection)
    assert (answer.status, answer.json()["code"]) == (413, "too_large")


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_BODY_S", 0.0)
    told: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("it is not to be asked")

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        told.append(message)

    monkeypatch.setattr(bodies, "_LINGER_S", 0.0)
    scope: Scope = {"type": "http", "path": "/api/login", "headers": [(b"content-length", b"5")]}
    await Bodies(app)(scope, receive, send)
    assert told[0]["status"] == 408
    assert b"did not come" in told[1]["body"]
