"""The agent's page once a call is over: what it says, and that what is deleted is gone from it too."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browser import guarded
from fed_call import FedCall
from msgspec import structs
from playwright.sync_api import Browser, Page, expect
from wire import a_feed

from server.app import ServerSettings
from server.live.call import LiveSettings
from server.live.registry import Engine
from server.protocol.calls import CallInfo, Layout
from server.protocol.events.call import CallStartedMessage
from server.protocol.events.words import WordsMessage
from server.protocol.messages import StartMessage, StopMessage, write
from server.serve import serving
from server.store.store import Store, Stored

START = StartMessage(call="one", agent="Kim", rate=8000)


def say(page: Page, text: str) -> None:
    expect(page.locator("cue-card .say")).to_have_text(text)


@pytest.fixture
def leaving(browser: Browser, returning: ServerSettings) -> Iterator[Page]:
    """A page whose server comes and goes."""
    with guarded(browser, f"http://127.0.0.1:{returning.port}", expected="WebSocket connection") as page:
        yield page


def test_a_call_that_is_deleted_leaves_the_page(browser: Browser, settings: ServerSettings, engine: Engine) -> None:
    with serving(settings, engine) as address, guarded(browser, address) as page:
        page.goto("/")
        with FedCall(address) as call:
            words = call.until(WordsMessage, lambda words: bool(words.text))
            call.end()
        say(page, "The call has ended.")
        expect(page.locator("transcript-card")).to_contain_text(words.text)
        assert page.request.delete("/api/calls/demo").status == 204
        say(page, "The call that stood here was deleted.")
        expect(page.locator("transcript-card")).not_to_contain_text(words.text)
        expect(page.get_by_role("link", name="Review this call")).to_be_hidden()


def test_a_call_that_is_deleted_while_the_server_is_away_leaves_it_too(
    leaving: Page, returning: ServerSettings, wordless: Engine
) -> None:
    with serving(returning, wordless) as address:
        leaving.goto("/")
        with a_feed(address, START) as feed:
            say(leaving, "Listening. Nothing to do.")
            feed.say(StopMessage())
            say(leaving, "The call has ended.")
    with Store(Path(str(returning.data_folder))) as store:
        assert store.delete("one")
    with serving(returning, wordless):
        say(leaving, "The call that stood here was deleted.")


def test_a_call_whose_server_stops_is_interrupted_and_goes_on_with_the_next_server(
    leaving: Page, returning: ServerSettings, wordless: Engine
) -> None:
    with serving(returning, wordless) as address:
        leaving.goto("/")
        with a_feed(address, START):
            say(leaving, "Listening. Nothing to do.")
    with serving(returning, wordless) as address:
        say(leaving, "The server stopped in the middle of this call.")
        with a_feed(address, START):
            say(leaving, "Listening. Nothing to do.")


def test_a_call_that_a_server_left_unfinished_is_said_to_be_interrupted(
    browser: Browser, settings: ServerSettings, wordless: Engine
) -> None:
    began = datetime(2026, 1, 2, tzinfo=UTC)
    call = CallInfo(id="one", agent="Kim", title=None, layout=Layout.MIXED, rate=8000, started_at=began)
    with Store(Path(str(settings.data_folder))) as store:
        store.keep(call, [Stored(1, write(CallStartedMessage(0.0, seq=1)))])
    with serving(settings, wordless) as address, guarded(browser, address) as page:
        page.goto("/?call=one")
        expect(page.locator("call-status [role=status]")).to_have_text("Call interrupted")
        say(page, "The server stopped in the middle of this call.")


def test_why_a_call_ended_is_said(browser: Browser, settings: ServerSettings, wordless: Engine) -> None:
    quick = replace(settings, live=LiveSettings(grace_s=0.1))
    with serving(quick, wordless) as address, guarded(browser, address) as page:
        page.goto("/")
        with a_feed(address, START) as feed:
            say(page, "Listening. Nothing to do.")
            feed.drop()
            say(page, "The call has ended: its audio was lost and did not come back.")
        with a_feed(address, structs.replace(START, call="two")) as feed:
            say(page, "Listening. Nothing to do.")
            feed.say(StopMessage())
            say(page, "The call has ended.")
