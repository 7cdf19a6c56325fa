"""axe-core on both pages, in both themes, in each of their states. Contrast is part of it."""

from collections.abc import Iterator

import pytest
from browser import PHONE, guarded, violations
from fed_call import FedCall
from playwright.sync_api import Browser, expect

from server.app import ServerSettings
from server.live.registry import Engine
from server.protocol.events.cues import CueMessage
from server.serve import serving

both_themes = pytest.mark.parametrize("theme", ["light", "dark"])


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[str]:
    """A server that has heard the beginning of the demo call, escalation and all, and kept its sound."""
    settings = ServerSettings(port=0, data_folder=str(tmp_path_factory.mktemp("data")))
    with serving(settings, engine) as address:
        with FedCall(address, keep_audio=True) as call:
            call.until_second(45)
            call.end()
        yield address


@both_themes
def test_the_agents_page_empty_and_escalating(browser: Browser, address: str, theme: str) -> None:
    with guarded(browser, address, color_scheme=theme) as page:
        page.goto("/?demo=demo")
        expect(page.locator("cue-card .say")).to_have_text("No call is running.")
        assert violations(page) == ""
        with FedCall(address) as call:
            cue = call.until(CueMessage, lambda cue: cue.rule == "customer_escalating")
            expect(page.locator("cue-card .say")).to_have_text(cue.say)
            expect(page.locator("trend-card strong")).to_have_text("Escalating")
            assert violations(page) == ""
        page.goto("/?call=nobody")
        expect(page.locator("call-status [role=status]")).to_have_text("Not connected")
        assert violations(page) == ""


@both_themes
def test_the_qa_page(browser: Browser, heard: str, theme: str) -> None:
    with guarded(browser, heard, color_scheme=theme) as page:
        page.goto("/review.html")
        expect(page.locator("call-list tbody tr")).to_have_count(1)
        assert violations(page) == ""
        page.get_by_role("link", name="demo").click()
        page.locator("call-alerts li").first.get_by_role("button", name="Useful").click()
        page.keyboard.press("Shift+ArrowRight")
        expect(page.locator("call-transcript li[aria-current]").first).to_be_visible()
        assert violations(page) == ""


@both_themes
def test_both_on_a_phone(browser: Browser, heard: str, theme: str) -> None:
    with guarded(browser, heard, color_scheme=theme, viewport=PHONE, has_touch=True) as page:
        page.goto("/?call=demo")
        expect(page.locator("transcript-card li").first).to_be_attached()
        assert violations(page) == ""
        page.goto("/review.html?call=demo")
        expect(page.locator("call-alerts li").first).to_be_visible()
        assert violations(page) == ""


def test_nothing_moves_for_those_who_want_that(browser: Browser, address: str) -> None:
    with guarded(browser, address, reduced_motion="reduce") as page:
        page.goto("/")
        moving = (
            "[...document.querySelectorAll('*')].filter(it => parseFloat(getComputedStyle(it).transitionDuration) > 0)"
        )
        assert page.evaluate(f"{moving}.length") == 0


def test_cues_are_told_politely(browser: Browser, address: str) -> None:
    with guarded(browser, address) as page:
        page.goto("/")
        region = page.locator("cue-card [aria-live]")
        expect(region).to_have_attribute("aria-live", "polite")
        expect(region.locator(".say")).to_have_count(1)
