"""Pages in a real browser, guarded: an error in the console or a request to elsewhere fails the test."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PHONE: ViewportSize = {"width": 390, "height": 844}


@contextmanager
def guarded(browser: Browser, address: str, expected: str | None = None, **how: Any) -> Iterator[Page]:
    """A fresh page beside a server; `how` is as in `Browser.new_context`. Console errors that match `expected` are let
    pass: the browser itself writes one for each request that a server refuses or cannot be reached for."""
    context = browser.new_context(base_url=address, **how)
    page = context.new_page()
    wrong: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda websocket: asked.append(websocket.url))
    yield page
    context.close()
    assert [text for text in wrong if expected is None or not re.search(expected, text)] == []
    assert {urlsplit(url).netloc for url in asked} <= {urlsplit(address).netloc}


def violations(page: Page) -> str:
    """What axe-core finds against WCAG and good practice, as a report; empty if there is nothing."""
    found = Axe().run(page)
    return found.generate_report() if found.violations_count else ""
