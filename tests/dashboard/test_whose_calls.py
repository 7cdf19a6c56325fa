"""Whose calls the agent's page shows and commands: one agent's, until somebody chooses otherwise."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from browser import guarded
from playwright.sync_api import Browser, Page, expect
from wire import Client, a_feed

from server.protocol.events.call import NotedMessage, PausedMessage
from server.protocol.messages import NoteMessage, StartMessage

KIMS = StartMessage(call="kims", agent="Kim", rate=8000)
PATS = StartMessage(call="pats", agent="Pat", rate=8000)


@pytest.fixture
def calls(address: str) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def status(page: Page) -> str:
    """What the page says, without the marks around names."""
    return (page.locator("call-status [role=status]").text_content() or "").replace("\u2068", "").replace("\u2069", "")


def test_another_agents_call_does_not_take_over_the_page_nor_obey_it(
    page: Page, address: str, calls: ExitStack
) -> None:
    page.goto("/")
    kims = calls.enter_context(Client(address, "/ws/follow?agent=Kim"))
    calls.enter_context(a_feed(address, KIMS))
    expect(page.locator("cue-card .say")).to_have_text("Listening. Nothing to do.")
    pats = calls.enter_context(Client(address, "/ws/follow?agent=Pat"))
    feed = calls.enter_context(a_feed(address, PATS))
    expect(page.locator("whose-calls [role=status]")).to_contain_text("Another call began:")
    assert status(page) == "Listening, Kim"
    page.get_by_role("button", name="Pause").click()
    kims.hear_one(PausedMessage)
    feed.say(NoteMessage(0.0, "done"))
    while not isinstance(told := pats.hear(), NotedMessage):
        assert not isinstance(told, PausedMessage)


def test_the_other_call_is_a_choice_that_is_remembered(page: Page, address: str, calls: ExitStack) -> None:
    page.goto("/")
    calls.enter_context(a_feed(address, KIMS))
    expect(page.locator("cue-card .say")).to_have_text("Listening. Nothing to do.")
    expect(page.locator("whose-calls")).to_be_hidden()
    calls.enter_context(a_feed(address, PATS))
    page.get_by_role("button", name="Follow").click()
    expect(page.locator("call-status [role=status]")).to_contain_text("Pat")
    expect(page.get_by_role("button", name="Stay here")).to_be_hidden()
    page.goto("/")
    expect(page.locator("call-status [role=status]")).to_contain_text("Pat")
    page.get_by_label("Following").select_option("Kim")
    expect(page.locator("call-status [role=status]")).to_contain_text("Kim")
    page.reload()
    expect(page.locator("call-status [role=status]")).to_contain_text("Kim")


def test_who_stays_is_not_asked_again(page: Page, address: str, calls: ExitStack) -> None:
    page.goto("/")
    calls.enter_context(a_feed(address, KIMS))
    expect(page.locator("cue-card .say")).to_have_text("Listening. Nothing to do.")
    with a_feed(address, PATS):
        page.get_by_role("button", name="Stay here").click()
        expect(page.get_by_role("button", name="Stay here")).to_be_hidden()
    page.reload()
    calls.enter_context(a_feed(address, StartMessage(call="another", agent="Robin", rate=8000)))
    expect(page.get_by_label("Following").locator("option")).to_have_text(
        ["Kim", "Pat", "Robin", "Anyone's newest call"]
    )
    expect(page.get_by_role("button", name="Stay here")).to_be_hidden()
    assert status(page) == "Listening, Kim"


def test_a_page_may_follow_anyones_newest_call(page: Page, address: str, calls: ExitStack) -> None:
    page.goto("/?any")
    calls.enter_context(a_feed(address, KIMS))
    expect(page.locator("call-status [role=status]")).to_contain_text("Kim")
    calls.enter_context(a_feed(address, PATS))
    expect(page.locator("call-status [role=status]")).to_contain_text("Pat")
    expect(page.get_by_label("Following")).to_have_value("Anyone's newest call")


def test_the_next_call_of_the_same_agent_shows_by_itself(page: Page, address: str) -> None:
    page.goto("/")
    for call in ("first", "second"):
        with a_feed(address, StartMessage(call=call, agent="Kim", rate=8000)) as feed:
            expect(page.locator("cue-card .say")).to_have_text("Listening. Nothing to do.")
            feed.say('{"type": "stop"}')
            expect(page.locator("cue-card .say")).to_have_text("The call has ended.")
        expect(page.locator("cue-card a")).to_have_attribute("href", f"review.html?call={call}")
    page.reload()
    expect(page.locator("call-status [role=status]")).to_contain_text("Waiting for a call of")
    expect(page.locator("whose-calls")).to_be_hidden()


def test_a_page_without_storage_keeps_to_its_agent(browser: Browser, address: str, calls: ExitStack) -> None:
    with guarded(browser, address) as page:
        page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } })")
        page.goto("/")
        calls.enter_context(a_feed(address, KIMS))
        expect(page.locator("call-status [role=status]")).to_contain_text("Kim")
        calls.enter_context(a_feed(address, PATS))
        page.get_by_role("button", name="Follow").click()
        expect(page.locator("call-status [role=status]")).to_contain_text("Pat")
        page.reload()
        expect(page.locator("call-status [role=status]")).to_contain_text("Pat")
