"""What the pages' tests share: a real headless Chromium, servers, and the demo call as it is fed to them."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from browser import CHROMIUM, QUIET, guarded
from fed_call import FedCall
from playwright.sync_api import Browser, Page, sync_playwright

from audio.speech.vad import load_vad
from coach.rules import load_rules
from models.tone.onnx_tone import OnnxTone
from server.app import ServerSettings
from server.live.registry import Engine
from server.loading import load_engine
from server.pipeline.core import CoreSettings
from server.pipeline.models import Models
from server.serve import serving
from server.settings import Settings


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
    """Everything, as the server has it."""
    return load_engine(Settings())


@pytest.fixture(scope="session")
def wordless() -> Engine:
    """Everything but words, which most tests of the agent's page have no use for."""
    return Engine(Models(load_vad(), OnnxTone(), None), load_rules(), CoreSettings())


@pytest.fixture
def settings(tmp_path_factory: pytest.TempPathFactory) -> ServerSettings:
    return ServerSettings(port=0, data_folder=str(tmp_path_factory.mktemp("data")))


@pytest.fixture
def returning(settings: ServerSettings) -> ServerSettings:
    """A server that can be stopped and started again under the same address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return replace(settings, port=taken.getsockname()[1])


@pytest.fixture
def address(settings: ServerSettings, wordless: Engine) -> Iterator[str]:
    with serving(settings, wordless) as where:
        yield where


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A fresh page beside a server; a console error or a request to elsewhere fails the test."""
    with guarded(browser, address) as fresh:
        yield fresh


@pytest.fixture
def call(address: str) -> Iterator[FedCall]:
    """The demo call, to be fed to the server beside the page."""
    with FedCall(address) as fed:
        yield fed
