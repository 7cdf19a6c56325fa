"""Connections: how many there may be, how long a request may take to begin, and what is told to those refused."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace

import httpx
import pytest
from raw_http import ask, open_socket, read_answer
from websockets.exceptions import InvalidStatus
from wire import Client

from server.app import ServerSettings
from server.live.registry import Engine
from server.logs import Few
from server.protocol.messages import WaitingMessage
from server.serve import serving
from server.web import connections

MOST = 3


@pytest.fixture
def small(settings: ServerSettings, engine: Engine) -> Iterator[str]:
    """A server that allows few connections."""
    with serving(replace(settings, connections_at_most=MOST), engine) as address:
        yield address


def test_beyond_the_most_connections_each_is_told_so_and_those_that_are_there_go_on(
    small: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections.logger, "filters", [Few(most=1)])  # as in a server that has logged nothing yet
    with ExitStack() as open_ones, caplog.at_level(logging.WARNING, "server.web"):
        pages = [open_ones.enter_context(Client(small, "/ws/follow")) for _ in range(MOST)]
        for _ in range(5):
            answer = httpx.get(f"{small}/api/health")
            assert (answer.status_code, answer.json()["code"]) == (503, "too_many_connections")
            assert answer.json()["text"] == "As many connections are open as this server allows (3); try again later."
        with pytest.raises(InvalidStatus, match="503"):
            Client(small, "/ws/follow")
        for page in pages:
            assert page.hear() == WaitingMessage()
            page.say("nonsense")
            page.hear()
    assert len([record for record in caplog.records if "more are refused" in record.message]) == 1
    assert httpx.get(f"{small}/api/health").status_code == 200


def test_a_flood_of_connections_is_refused_and_passes(small: str) -> None:
    with ExitStack() as open_ones:
        for _ in range(MOST):
            open_ones.enter_context(open_socket(small)).sendall(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n")
        refused = [open_ones.enter_context(open_socket(small)) for _ in range(300)]
        assert {read_answer(connection).status for connection in refused} == {503}
    assert httpx.get(f"{small}/api/health").status_code == 200


@pytest.fixture
def impatient(settings: ServerSettings, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that waits for heads no time at all, once it has seen that they are not complete."""
    monkeypatch.setattr(connections, "HEAD_S", 0.2)
    with serving(settings, engine) as address:
        yield address


def test_the_head_of_a_request_is_not_waited_for_for_ever(impatient: str) -> None:
    with open_socket(impatient) as connection:
        connection.sendall(b"GET /api/health HTTP/1.1\r\nHost: local")
        answer = read_answer(connection)
    assert (answer.status, answer.json()["code"]) == (408, "too_slow")


def test_a_head_that_comes_byte_by_byte_is_not_waited_for_either(impatient: str) -> None:
    with open_socket(impatient) as connection:
        connection.sendall(b"GET /api/health HTTP/1.1\r\n")
        connection.settimeout(0.05)
        came = b""
        for _ in range(600):  # 30 s at most
            try:
                if part := connection.recv(65536):
                    came += part
                else:
                    break
            except TimeoutError:
                connection.sendall(b"a: b\r\n")
    assert came.startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_says_nothing_is_closed_without_a_word(impatient: str) -> None:
    with open_socket(impatient) as connection:
        assert connection.recv(1) == b""


def test_a_second_head_has_a_deadline_too_and_a_websocket_has_none(impatient: str) -> None:
    whole = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with Client(impatient, "/ws/follow") as page:
        assert page.hear() == WaitingMessage()
        with open_socket(impatient) as connection:
            connection.sendall(whole)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            connection.sendall(whole[:-5])
            assert read_answer(connection).status == 408
        page.say("still here")
        page.hear()


GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 600,  # TLS
    b"GET\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a" * 70_000,
    b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"GET /ws/follow HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    + b"a: b\r\n" * 200
    + b"\r\n",
    b"GET /ws/" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"GET /ws/follow HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"POST /ws/follow HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"GET /ws/follow HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \xff\xff\r\n\r\n",
    b"GET /ws/follow HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 4\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\nbody",
]


def test_what_is_no_http_is_answered_with_a_sentence_and_logged_without_a_traceback(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    for request in GARBAGE:
        with open_socket(address) as connection:
            connection.sendall(request)
            answer = read_answer(connection)
        assert 400 <= answer.status < 500 or answer.status in (501, 505), request[:80]
        assert b"Traceback" not in answer.body
        assert answer.body.strip(), request[:80]
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert httpx.get(f"{address}/api/health").status_code == 200


def test_an_upgrade_to_something_else_is_answered_as_what_it_is(address: str) -> None:
    assert ask(address, "GET /api/health HTTP/1.1", "Upgrade: h2c").status == 200


LIMITED = """
import logging, resource, sys
from server.web.connections import room_for
logging.basicConfig()
resource.setrlimit(resource.RLIMIT_NOFILE, (300, int(sys.argv[1])))
print(room_for(1000), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not count descriptors")
@pytest.mark.parametrize(("hard", "room", "soft"), [(5000, 1000, 5000), (400, 144, 400)])
def test_as_many_descriptors_are_asked_for_as_there_can_be(hard: int, room: int, soft: int) -> None:
    command = [sys.executable, "-c", LIMITED, str(hard)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.split() == [str(room), str(soft)]
    assert ("there may be 144 connections, not 1000" in done.stderr) is (room < 1000)


def test_a_refused_client_that_does_not_go_away_is_closed(small: str) -> None:
    with ExitStack() as open_ones:
        for _ in range(MOST):
            open_ones.enter_context(Client(small, "/ws/follow"))
        connection = open_ones.enter_context(open_socket(small))
        assert read_answer(connection).status == 503
        with suppress(OSError):
            while True:  # until the server has closed its side as well
                connection.sendall(b"x")
        assert httpx.get(f"{small}/api/health").status_code == 503  # it counted for nothing meanwhile
