"""The agent's page when its server says nothing more, and what is on its screen when stream time stands still."""

import re

from black_hole import black_hole
from browser import guarded
from fed_call import FedCall
from playwright.sync_api import Browser, Page, expect

from server.protocol.events.cues import CueMessage

FAILED = "WebSocket connection"  # what the browser itself writes to the console


def say(page: Page, text: str) -> None:
    expect(page.locator("cue-card .say")).to_have_text(text)


def test_a_dead_connection_is_noticed_and_the_page_goes_on_where_it_was(browser: Browser, address: str) -> None:
    with (
        black_hole(address) as network,
        guarded(browser, network.address, expected=FAILED) as page,
        FedCall(address) as call,
    ):
        asked: list[str] = []
        page.on("websocket", lambda made: asked.append(made.url))
        page.clock.install()
        page.goto("/")
        call.until_second(2)
        expect(page.locator("call-status .time")).to_have_text("0:02")
        network.swallow()
        call.until_second(5)
        page.clock.fast_forward(4_600)  # within 5 s by the page's clock
        say(page, "Server lost. Reconnecting.")
        expect(page.locator("call-status [role=status]")).to_have_text("Server lost, reconnecting")
        page.clock.fast_forward(20_000)  # the tries so far are swallowed too
        say(page, "Server lost. Reconnecting.")
        network.restore()
        page.clock.fast_forward(2_000)  # between two tries, at most
        page.clock.resume()
        say(page, "Listening. Nothing to do.")
        expect(page.locator("call-status .time")).to_have_text("0:05")
        assert re.search(r"agent=Kim&call=demo&after=[1-9]", asked[-1])


def test_a_server_that_is_there_is_not_lost_while_nothing_happens(browser: Browser, address: str) -> None:
    with guarded(browser, address) as page:
        page.clock.install()
        with page.expect_websocket() as opened:
            page.goto("/")
        say(page, "No call is running.")
        page.clock.pause_at(page.evaluate("Date.now() / 1000 + 1"))
        for _ in range(3):
            opened.value.wait_for_event("framereceived")
            page.clock.fast_forward(3_000)
        say(page, "No call is running.")


def test_a_cue_leaves_by_the_clock_while_the_line_stalls(browser: Browser, address: str) -> None:
    with guarded(browser, address) as page, FedCall(address) as call:
        page.clock.install()
        with page.expect_websocket() as opened:
            page.goto("/")
        cue = call.until(CueMessage, lambda cue: cue.rule == "customer_escalating")
        say(page, cue.say)
        page.clock.pause_at(page.evaluate("Date.now() / 1000 + 1"))
        for _ in range(int(cue.until - cue.at) - 1):
            opened.value.wait_for_event("framereceived")
            say(page, cue.say)
            page.clock.fast_forward(1_000)
        say(page, "Listening.")
