"""The agent's page where something is missing: the server, the call that it asks for, the token."""

from dataclasses import replace

from browser import guarded
from fed_call import FedCall
from playwright.sync_api import Browser, expect

from server.app import ServerSettings
from server.live.registry import Engine
from server.serve import serving


def test_a_server_that_is_gone_is_said_and_the_page_comes_back_by_itself(
    browser: Browser, returning: ServerSettings, wordless: Engine
) -> None:
    with guarded(browser, f"http://127.0.0.1:{returning.port}", expected="WebSocket connection") as page:
        with serving(returning, wordless):
            page.goto("/")
            expect(page.locator("cue-card .say")).to_have_text("No call is running.")
        expect(page.locator("cue-card .say")).to_have_text("Server lost. Reconnecting.")
        expect(page.locator("call-status [role=status]")).to_have_text("Server lost, reconnecting")
        with serving(returning, wordless) as address, FedCall(address) as call:
            expect(page.locator("cue-card .say")).to_have_text("Listening. Nothing to do.", timeout=15_000)
            call.until_second(2)
            expect(page.locator("call-status .time")).to_have_text("0:02")


def test_a_call_that_is_not_there_is_said_and_not_asked_for_again(browser: Browser, address: str) -> None:
    with guarded(browser, address) as page:
        asked: list[str] = []
        page.on("websocket", lambda made: asked.append(made.url))
        page.goto("/?call=nobody")
        expect(page.locator("cue-card .say")).to_have_text("There is no call nobody in the list of calls.")
        expect(page.locator("call-status [role=status]")).to_have_text("Not connected")
        page.get_by_role("link", name="Calls").click()
        expect(page.get_by_text("No call was kept yet.")).to_be_visible()
        assert len(asked) == 1


def test_a_call_that_is_over_is_shown_as_it_ended(browser: Browser, address: str) -> None:
    with FedCall(address) as call:
        call.until_second(8)
        call.end()
    with guarded(browser, address) as page:
        page.goto("/?call=demo")
        expect(page.locator("cue-card .say")).to_have_text("The call has ended.")
        expect(page.locator("own-card strong").first).to_contain_text("%")


def test_a_page_signs_in_where_the_server_wants_a_token(
    browser: Browser, settings: ServerSettings, wordless: Engine
) -> None:
    with (
        serving(replace(settings, token="open sesame, please"), wordless) as address,
        guarded(browser, address, expected="401") as page,
    ):
        page.goto("/")
        token = page.get_by_label("Token of this server")
        token.fill("open")
        token.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("This is not the token of this server.")
        token.fill("open sesame, please")
        token.press("Enter")
        expect(page.locator("cue-card .say")).to_have_text("No call is running.")
        expect(token).to_be_hidden()
        page.reload()
        expect(page.locator("cue-card .say")).to_have_text("No call is running.")
