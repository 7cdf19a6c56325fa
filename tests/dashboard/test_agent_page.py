"""The agent's page in a real browser, following calls that a real server hears."""

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from wire import Client, a_feed

from audio.files import open_recording
from audio.source import Pcm
from benchmarks.calls import DEMO_CALL
from coach.moment import Fate
from server.events import Cue, Dynamics, Words
from server.protocol import Start, Stop


def demo_seconds() -> tuple[int, Iterator[Pcm]]:
    recording = open_recording(DEMO_CALL)
    return recording.rate, recording.blocks(1.0)


def feed_until(feed: Client, follower: Client, seconds: Iterator[Pcm], kind: type, fitting: object = None) -> object:
    """Feed second by second, each once the one before was heard, until the follower is told what is waited for."""
    for number, block in enumerate(seconds, start=1):
        feed.say(np.ascontiguousarray(block, "<i2").tobytes())
        while True:
            message = follower.hear()
            if isinstance(message, kind) and (fitting is None or fitting(message)):  # type: ignore[operator]
                return message
            if isinstance(message, Dynamics) and message.at >= number - 0.5:
                break
    pytest.fail(f"the call ended and no {kind.__name__} came")


@pytest.fixture
def call(address: str) -> Iterator[tuple[Client, Client, Iterator[Pcm]]]:
    """The demo call: its feed, a follower, and its seconds still to be fed."""
    rate, seconds = demo_seconds()
    with a_feed(address, Start("demo", "Kim", rate)) as feed, Client(address, "/ws/calls/demo") as follower:
        yield feed, follower, seconds


def test_an_escalation_shows_its_cue_with_the_reason(page: Page, call: tuple[Client, Client, Iterator[Pcm]]) -> None:
    page.goto("/")
    cue = feed_until(*call, Cue, lambda cue: cue.fate is Fate.SHOWN and cue.rule == "customer_escalating")
    assert isinstance(cue, Cue)
    expect(page.locator("cue-card .say")).to_have_text(cue.say)
    expect(page.locator("cue-card .advice")).to_have_text(cue.advice)
    expect(page.locator("cue-card .why li")).to_have_count(len(cue.evidence))
    expect(page.locator("trend-card strong")).to_have_text("Escalating")


def test_the_transcript_shows_final_words(page: Page, call: tuple[Client, Client, Iterator[Pcm]]) -> None:
    page.goto("/")
    words = feed_until(*call, Words, lambda words: bool(words.text))
    assert isinstance(words, Words)
    expect(page.locator("transcript-card li span", has_text=words.text)).to_be_visible()


def test_a_page_opened_in_mid_call_shows_what_was_said_before(
    page: Page, call: tuple[Client, Client, Iterator[Pcm]]
) -> None:
    words = feed_until(*call, Words, lambda words: bool(words.text))
    assert isinstance(words, Words)
    page.goto("/")
    expect(page.locator("transcript-card li span", has_text=words.text)).to_be_visible()
    page.reload()
    expect(page.locator("transcript-card li span", has_text=words.text)).to_be_visible()


def test_pause_and_cues_are_switched_from_the_page(page: Page, call: tuple[Client, Client, Iterator[Pcm]]) -> None:
    page.goto("/")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("cue-card .say")).to_have_text("Paused. Nothing is heard or kept.")
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Switch cues off").click()
    expect(page.locator("cue-card .say")).to_have_text("Cues are off.")


def test_the_end_of_the_call_is_said(page: Page, address: str) -> None:
    rate, seconds = demo_seconds()
    page.goto("/")
    expect(page.locator("cue-card .say")).to_have_text("No call is running.")
    with a_feed(address, Start("short", "Kim", rate)) as feed:
        feed.say(np.ascontiguousarray(next(seconds), "<i2").tobytes())
        feed.say(Stop())
        feed.hear_all()
    expect(page.locator("call-status [role=status]")).to_contain_text("Call ended")


def test_the_page_promises_that_the_agent_is_not_analysed(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_text("Your own emotion is never analysed")).to_be_visible()
