"""The pages fetch nothing from elsewhere, and could not: the browser is told to refuse it."""

import socket
from contextlib import closing, suppress

import pytest
from playwright.sync_api import Browser

WAYS_OUT = {
    "fetch": "fetch(url).catch(() => {})",
    "a websocket": "try { new WebSocket(url.replace('http', 'ws')) } catch {}",
    "a picture": "new Image().src = url",
    "a script": "document.head.append(Object.assign(document.createElement('script'), { src: url }))",
    "a style": "document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: url }))",
    "a frame": "document.body.append(Object.assign(document.createElement('iframe'), { src: url }))",
    "a beacon": "navigator.sendBeacon(url)",
    "a sound": "new Audio(url).load()",
}
REFUSED = """([url, way]) => new Promise(tell => {
    document.addEventListener("securitypolicyviolation", event => tell(event.blockedURI), { once: true })
    new Function("url", way)(url)
})"""


@pytest.mark.parametrize("path", ["/", "/review.html"])
def test_a_page_can_reach_no_other_server(browser: Browser, address: str, path: str) -> None:
    """Even one on this machine: it is asked nothing. (Chromium gets a connection ready for a frame, and lets it be.)"""
    with closing(browser.new_page(base_url=address)) as page:
        page.goto(path)
        for way in WAYS_OUT.values():
            with socket.create_server(("127.0.0.1", 0)) as other:
                elsewhere = f"127.0.0.1:{other.getsockname()[1]}"
                assert elsewhere in page.evaluate(REFUSED, [f"http://{elsewhere}/", way])
                assert asked(other) == b""


def asked(server: socket.socket) -> bytes:
    """The first bytes of a request that a server got."""
    server.setblocking(False)
    with suppress(BlockingIOError):
        connection, _ = server.accept()
        with connection:
            connection.setblocking(False)
            return connection.recv(100)
    return b""
