"""What the pages' tests share: a real headless Chromium, and a server with every model loaded."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from server.app import ServerSettings
from server.calls import Engine
from server.models import load_engine
from server.serve import serving
from server.settings import Settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed after each file: while it is open it keeps an event loop running, in which no async test can."""
    if CHROMIUM is None:
        pytest.skip("Chromium is absent: install the package chromium to test the pages")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def engine() -> Engine:
    return load_engine(Settings())


@pytest.fixture
def address(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[str]:
    settings = ServerSettings(port=0, data_folder=str(tmp_path_factory.mktemp("data")))
    with serving(settings, engine) as where:
        yield where


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A fresh page beside a server; whatever it writes to the console as an error fails the test."""
    context = browser.new_context(base_url=address)
    fresh = context.new_page()
    wrong: list[str] = []
    fresh.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    fresh.on("pageerror", lambda error: wrong.append(str(error)))
    yield fresh
    context.close()
    assert wrong == []
