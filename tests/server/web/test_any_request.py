"""Requests of any kind: none is answered with 500, none with a traceback. More of them: CALMLINE_REQUESTS=100000."""

import logging
import os
import random
import re
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
from raw_http import open_socket
from wire import a_feed

from server.protocol.events.call import CallEndedMessage
from server.protocol.messages import StartMessage, StopMessage

REQUESTS = int(os.environ.get("CALMLINE_REQUESTS", "500"))
BODY_S = 0.1  # as long as the rest of a body is waited for, that does not come
METHODS = [*6 * ["GET"], *["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "G@T", "get"], ""]
VERSIONS = [*9 * ["HTTP/1.1"], "HTTP/1.0", "HTTP/2.0", ""]
CALL = "/api/calls/one"
PATHS = f"""/ /agent.js /review.html /elements/ /metrics /demo/billing_call.opus /api/health /api/login /api/logout
/api/calls /api/calls?limit=2 /api/calls?limit=x {CALL}/events?after=-1
{CALL} {CALL}/events?after=1 {CALL}/audio {CALL}/audio {CALL}/peaks?level=1
{CALL}/verdicts {CALL}/verdicts/1 {CALL}/verdicts/1 /ws/feed /ws/follow /ws{CALL[4:]}?after=1 * http://localhost/api/calls""".split()
PARTS = [
    "%00",
    "%0a",
    "%2f",
    "%ff",
    *"..?&=#/;{}%€",
    "after=",
    "limit=",
    "before=",
    "-1",
    "9" * 30,
    "9" * 5000,
    "x" * 300,
    "[",
]
RANGES = ["bytes=0-", "bytes=0-9", "bytes=-5", "bytes=9-1", "bytes=0-0,2-2,-1", "bytes=" + "1-2," * 500, "bytes=x", ""]
VALUES = [
    *PARTS,
    *RANGES,
    *[
        "0",
        "1",
        "null",
        "a,b;c=d",
        "gzip",
        "chunked",
        "close",
        "upgrade",
        "websocket",
        "100-continue",
        "cross-site",
        "13",
        "*",
    ],
]
VALUES += ["\xff", '"', "Bearer ", "calmline=\xff; =;", "localhost", "http://[", "127.0.0.1:99999, [::1", "x" * 7000]
HEADERS = [
    "Host",
    "Origin",
    "Sec-Fetch-Site",
    "Authorization",
    "Cookie",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Upgrade",
    "Expect",
    "If-Range",
    "If-None-Match",
    "If-Modified-Since",
    "Accept-Encoding",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
]
HANDSHAKE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
BODIES = [
    *3 * [b""],
    b"null",
    b'"wrong"',
    b"[" * 900,
    b"\xff\x00",
    b"x" * 5000,
    b"5\r\nhello\r\n0\r\n\r\n",
    b"zz\r\n",
    b"\r\n\r\n",
]
LAST = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def request(chance: random.Random, host: str) -> bytes:
    path = chance.choice(PATHS)
    for _ in range(chance.choice((0, 0, 0, 1, 2, 4))):
        at = chance.randint(0, len(path))
        path = path[:at] + chance.choice(PARTS) + path[at:]
    headers = {chance.choice(HEADERS): chance.choice(VALUES) for _ in range(chance.choice((0, 0, 1, 2, 6)))}
    if chance.random() < 0.9:
        headers["Host"] = host
    if chance.random() < 0.3:
        headers["Range"] = chance.choice(RANGES)
    if chance.random() < 0.2:
        headers |= {**HANDSHAKE, "Sec-WebSocket-Key": chance.choice(("AAAAAAAAAAAAAAAAAAAAAA==", "x", "\xff"))}
    body = chance.choice(BODIES)
    if body and chance.random() < 0.7:
        headers["Content-Length"] = str(len(body))
    first = f"{chance.choice(METHODS)} {path} {chance.choice(VERSIONS)}"
    lines = [first, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    whole = "\r\n".join(lines).encode("latin-1", "replace") + body
    if chance.random() < 0.1:
        at = chance.randint(0, len(whole))
        whole = whole[:at] + chance.randbytes(3) + whole[at:]
    return whole


def answers(address: str, sent: bytes) -> bytes:
    """What the server says to this, and to a request after it that closes the connection, until it waits for more."""
    came = b""
    with open_socket(address) as connection, suppress(OSError):
        connection.sendall(sent + LAST)
        connection.settimeout(BODY_S)
        while part := connection.recv(65536):
            came += part
    return came


@pytest.fixture
def clean_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.WARNING):
        yield
    bad = [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert not bad, bad[0].getMessage()


@pytest.mark.usefixtures("clean_log")
def test_any_request_is_answered_and_none_with_500(address: str) -> None:
    start = StartMessage(call="one", agent="Kim", rate=8000, keep_audio=True)
    with a_feed(address, start) as feed:
        feed.say(bytes(32_000))
        feed.say(StopMessage())
        feed.hear_one(CallEndedMessage)
    said = set[bytes]()
    for seed in range(REQUESTS):
        sent = request(random.Random(seed), urlsplit(address).netloc)
        came = answers(address, sent)
        statuses = set(re.findall(rb"^HTTP/1.1 (\d+) ", came, re.MULTILINE))
        assert {status for status in statuses if status >= b"500"} <= {b"501", b"505"}, (seed, sent, came)
        assert b"Traceback" not in came, (seed, sent)
        said |= statuses
    assert {b"101", b"200", b"206", b"400", b"403", b"404", b"405", b"413", b"422"} <= said
    assert httpx.get(f"{address}/api/health").json()["status"] == "ok"
