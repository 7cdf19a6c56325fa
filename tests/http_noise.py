"""HTTP requests that no client of ours would send: each part as it should be, or as something else.

In: numbered chance. Out: the bytes of a request, the same for the same number; and what a server says to them.
"""

import random
from contextlib import suppress

from raw_http import open_socket

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


def request(chance: random.Random, host: str, token: str | None = None) -> bytes:
    """A request to the server at `host`; where it asks for a token, mostly with the right one."""
    path = chance.choice(PATHS)
    for _ in range(chance.choice((0, 0, 0, 1, 2, 4))):
        at = chance.randint(0, len(path))
        path = path[:at] + chance.choice(PARTS) + path[at:]
    headers = {chance.choice(HEADERS): chance.choice(VALUES) for _ in range(chance.choice((0, 0, 1, 2, 6)))}
    if chance.random() < 0.9:
        headers["Host"] = host
    if token and chance.random() < 0.8:
        headers["Authorization"] = f"Bearer {token}"
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


def answers(address: str, sent: bytes, source: str = "") -> bytes:
    """What the server says to this, and to a request after it that closes the connection, until it waits for more."""
    came = b""
    with open_socket(address, source) as connection, suppress(OSError):
        connection.sendall(sent + LAST)
        connection.settimeout(BODY_S)
        while part := connection.recv(65536):
            came += part
    return came
