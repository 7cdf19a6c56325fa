"""Names and titles as people have them: without spaces, as long as they may be, from right to left."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from browser import PHONE, guarded
from playwright.sync_api import Browser, Page, ViewportSize, expect
from wire import a_feed

from server.app import ServerSettings
from server.live.registry import Engine
from server.protocol.messages import StartMessage, StopMessage
from server.serve import serving

LONG = "W" * 200
TITLE = "https://crm.example/" + "a" * 180
ARABIC = "قسم الشكاوى (2026)"
DESK: ViewportSize = {"width": 1280, "height": 900}
both_sizes = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, wordless: Engine) -> Iterator[str]:
    """A server that has heard calls of such names."""
    settings = ServerSettings(port=0, data_folder=str(tmp_path_factory.mktemp("data")))
    with serving(settings, wordless) as where:
        for call, agent, title in (("long", LONG, TITLE), ("arabic", ARABIC, ARABIC), ("x" * 64, "Kim", None)):
            with a_feed(where, StartMessage(call, agent, 8000, title=title)) as feed:
                feed.say(StopMessage())
                feed.hear_all()
        yield where


def width(page: Page) -> int:
    """How wide the page is, with what stands out of it."""
    return int(page.evaluate("document.documentElement.scrollWidth"))


@both_sizes
def test_the_review_does_not_scroll_sideways(browser: Browser, address: str, size: ViewportSize) -> None:
    with guarded(browser, address, viewport=size) as page:
        page.goto("/review.html")
        expect(page.locator("call-list tbody bdi", has_text="https")).to_be_visible()
        assert width(page) == size["width"]
        for call in ("long", "arabic"):
            page.goto(f"/review.html?call={call}")
            expect(page.locator("call-review h2").first).to_be_visible()
            assert width(page) == size["width"]


@both_sizes
def test_the_agents_page_does_not_scroll_sideways(browser: Browser, address: str, size: ViewportSize) -> None:
    with guarded(browser, address, viewport=size) as page:
        page.goto(f"/?agent={quote(LONG)}")
        expect(page.locator("call-status [role=status]")).to_contain_text("Waiting for a call of")
        assert width(page) == size["width"]
        with (
            a_feed(address, StartMessage(f"one-{size['width']}", LONG, 8000)) as feed,
            a_feed(address, StartMessage(f"two-{size['width']}", ARABIC * 11, 8000)) as other,
        ):
            expect(page.locator("whose-calls [role=status]")).to_contain_text("Another call began")
            assert width(page) == size["width"]
            feed.say('{"type": "note", "at": 0, "text": "' + "n" * 900 + '"}')
            expect(page.locator("call-status [role=status]")).to_contain_text("nnn")
            assert width(page) == size["width"]
            page.get_by_role("button", name="Stay here").click()
            expect(page.get_by_label("Following")).to_be_visible()
            assert width(page) == size["width"]
            for it in (feed, other):
                it.say(StopMessage())
                it.hear_all()


def test_a_name_from_right_to_left_does_not_turn_what_stands_beside_it(browser: Browser, address: str) -> None:
    with guarded(browser, address) as page:
        page.goto("/review.html?call=arabic")
        facts = page.locator(".heading .detail")
        expect(facts).to_contain_text("0:00")
        place = """(it, text) => {
            const range = document.createRange(), at = it.firstChild.data.indexOf(text);
            range.setStart(it.firstChild, at);
            range.setEnd(it.firstChild, at + text.length);
            return range.getBoundingClientRect().left;
        }"""
        assert facts.evaluate(place, "الشكاوى") < facts.evaluate(place, "0:00")


def test_a_title_that_is_cut_can_be_read_in_full(browser: Browser, address: str) -> None:
    with guarded(browser, address) as page:
        page.goto("/review.html")
        shown = page.locator("call-list bdi", has_text="https")
        expect(shown).to_have_attribute("title", TITLE)
        expect(shown).to_have_text(TITLE[:99] + "…")
