"""The sound of the demo call in the agent's page, in step with the call, and with no other call."""

import pytest
from browser import CHROMIUM, QUIET, guarded
from fed_call import FedCall
from playwright.sync_api import Browser, Page, expect


def sound(page: Page) -> dict[str, float]:
    heard: dict[str, float] = page.locator("demo-sound audio").evaluate(
        "it => ({ at: it.currentTime, paused: it.paused, muted: it.muted })"
    )
    return heard


@pytest.mark.parametrize("seconds", [2, 9])
def test_a_click_turns_the_sound_on_where_the_call_is(page: Page, call: FedCall, seconds: int) -> None:
    page.goto("/?demo=demo")
    call.until_second(seconds)
    began = "it => it.addEventListener('play', () => { it.dataset.began = it.currentTime })"
    page.locator("demo-sound audio").evaluate(began)  # it runs on from there, while the fed call stands still
    page.get_by_role("button", name="Turn the sound on").click()
    expect(page.get_by_role("button", name="Turn the sound off")).to_be_visible()
    assert not sound(page)["paused"]
    assert float(page.locator("demo-sound audio").get_attribute("data-began") or -1) == pytest.approx(seconds, abs=1)
    page.get_by_role("button", name="Turn the sound off").click()
    assert sound(page)["paused"]


def test_a_pause_silences_it(page: Page, call: FedCall) -> None:
    page.goto("/?demo=demo")
    call.until_second(2)
    page.get_by_role("button", name="Turn the sound on").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("cue-card .say")).to_contain_text("Paused")
    assert sound(page)["muted"]
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("cue-card .say")).to_contain_text("Listening")
    assert not sound(page)["muted"]


def test_no_other_call_is_heard_with_it(page: Page, address: str) -> None:
    page.goto("/?demo=demo")
    with FedCall(address, "another") as call:
        call.until_second(2)
        expect(page.locator("call-status .time")).to_have_text("0:02")
        expect(page.locator("demo-sound")).to_be_hidden()
        assert sound(page)["paused"]


def test_a_page_that_was_not_opened_by_the_demo_has_no_sound(page: Page, call: FedCall) -> None:
    page.goto("/")
    call.until_second(2)
    expect(page.locator("call-status .time")).to_have_text("0:02")
    expect(page.locator("audio")).to_have_count(0)


def test_a_pause_before_the_sound_began_leaves_it_off(page: Page, call: FedCall) -> None:
    page.goto("/?demo=demo")
    call.until_second(2)
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("cue-card .say")).to_contain_text("Listening")
    expect(page.locator("demo-sound")).to_be_hidden()


def test_where_the_browser_lets_it_the_sound_begins_by_itself(browser: Browser, address: str) -> None:
    willing = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*QUIET, "--autoplay-policy=no-user-gesture-required"]
    )
    with guarded(willing, address) as page, FedCall(address) as call:
        page.goto("/?demo=demo")
        call.until_second(2)
        expect(page.get_by_role("button", name="Turn the sound off")).to_be_visible()
        assert not sound(page)["paused"]
    willing.close()
