"""The agent's page in a real browser, following calls that a real server hears, used as an agent would use it."""

import re

from browser import PHONE, guarded
from fed_call import FedCall
from playwright.sync_api import Browser, Page, expect

from coach.types import Fate
from server.app import ServerSettings
from server.live.registry import Engine
from server.protocol.events.cues import CueMessage
from server.protocol.events.words import WordsMessage
from server.serve import serving


def escalation(cue: CueMessage) -> bool:
    return cue.rule == "customer_escalating"


def test_an_escalation_shows_its_cue_until_it_is_acknowledged(page: Page, call: FedCall) -> None:
    page.goto("/")
    say = page.locator("cue-card .say")
    expect(say).to_have_text("Listening. Nothing to do.")
    cue = call.until(CueMessage, escalation)
    assert cue.fate is Fate.SHOWN
    expect(say).to_have_text(cue.say)
    expect(page.locator("cue-card .advice")).to_have_text(cue.advice)
    weightiest = sorted(cue.evidence, key=lambda reason: -abs(reason.value))[:3]
    expect(page.locator("cue-card .why li")).to_have_text([reason.text for reason in weightiest])
    expect(page.locator("trend-card strong")).to_have_text("Escalating")
    page.get_by_role("button", name="Got it").click()
    expect(say).to_have_text("Listening.")  # the customer still escalates: "nothing to do" would be untrue
    page.reload()
    expect(say).to_have_text(cue.say)
    page.keyboard.press("Escape")
    expect(say).to_have_text("Listening.")


def test_a_cue_leaves_by_itself_when_its_time_is_over(page: Page, call: FedCall) -> None:
    page.goto("/")
    cue = call.until(CueMessage, escalation)
    expect(page.locator("cue-card .say")).to_have_text(cue.say)
    call.until_second(cue.until)
    expect(page.locator("cue-card .say")).not_to_have_text(cue.say)


def test_no_cue_shows_while_they_are_switched_off(page: Page, call: FedCall) -> None:
    page.goto("/")
    page.get_by_role("button", name="Switch cues off").click()
    expect(page.locator("cue-card .say")).to_have_text("Cues are off.")
    assert call.until(CueMessage, escalation).fate is Fate.OFF
    expect(page.locator("trend-card strong")).to_have_text("Escalating")
    expect(page.locator("cue-card .say")).to_have_text("Cues are off.")
    page.get_by_role("button", name="Switch cues on").click()
    expect(page.locator("cue-card .say")).to_have_text("Listening.")


def test_a_pause_stops_everything_and_says_so(page: Page, call: FedCall) -> None:
    page.goto("/")
    call.until_second(3)
    before = page.locator("call-status .time").text_content() or ""
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("cue-card .say")).to_have_text("Paused. Nothing is heard or kept.")
    expect(page.get_by_text("Microphone paused")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("cue-card .say")).to_have_text("Listening. Nothing to do.")
    assert before == "0:03"
    expect(page.locator("call-status .time")).to_have_text("0:04")  # the pause itself is heard as a second of silence


def test_the_words_of_both_come_and_are_still_there_after_a_reload(
    browser: Browser, settings: ServerSettings, engine: Engine
) -> None:
    with serving(settings, engine) as address, guarded(browser, address) as page, FedCall(address) as call:
        page.goto("/")
        words = call.until(WordsMessage, lambda words: bool(words.text))
        line = page.locator("transcript-card li", has_text=words.text)
        expect(line).to_be_visible()
        expect(line.locator("b")).to_have_text("You")
        page.reload()
        expect(line).to_be_visible()


def test_the_agents_side_and_the_line_are_shown(page: Page, call: FedCall) -> None:
    page.goto("/")
    call.until_second(12)
    expect(page.locator("own-card strong").first).to_have_text(re.compile(r"^\d+ %$"))
    expect(page.locator("line-health")).to_contain_text("Microphone")
    expect(page.locator("line-health")).to_contain_text("0 frames lost")
    expect(page.get_by_text("Your own emotion is never analysed")).to_be_visible()


def test_the_end_is_said_and_one_click_leads_to_the_review(page: Page, address: str) -> None:
    page.goto("/")
    expect(page.locator("cue-card .say")).to_have_text("No call is running.")
    with FedCall(address, keep_audio=True) as call:
        call.until_second(3)
        call.end()
    expect(page.locator("call-status [role=status]")).to_have_text("Call ended")
    page.get_by_role("link", name="Review this call").click()
    expect(page.get_by_role("heading", name="demo")).to_be_visible()
    expect(page.get_by_role("button", name="Play")).to_be_enabled()


def test_a_phone_shows_the_cue_first_and_everything_else_below(browser: Browser, address: str) -> None:
    with guarded(browser, address, viewport=PHONE) as page, FedCall(address) as call:
        page.goto("/")
        cue = call.until(CueMessage, escalation)
        expect(page.locator("cue-card .say")).to_have_text(cue.say)
        expect(page.get_by_role("button", name="Got it")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
