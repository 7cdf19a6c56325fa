"""The transcript of the agent's page, given turns as a server may tell them."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

SHOW = """turns => document.querySelector("transcript-card").draw({
    turns: new Map(turns.map(turn => [turn.key, turn])),
    changed: new Set(turns.map(turn => turn.key)),
})"""


@pytest.fixture
def idle(page: Page) -> Page:
    """The page without a call: it draws nothing by itself any more."""
    page.goto("/")
    expect(page.locator("cue-card .say")).to_have_text("No call is running.")
    return page


def turn(key: str, start: float) -> dict[str, Any]:
    return {
        "key": key,
        "channel": key.partition("-")[0],
        "start": start,
        "text": key,
        "final": True,
        "confirmed": len(key),
    }


def test_lines_stand_in_the_order_in_which_their_turns_began(idle: Page) -> None:
    told = [turn("agent-0", 2), turn("customer-1", 21), turn("customer-0", 16), turn("agent-1", 25)]
    idle.evaluate(SHOW, told)
    expect(idle.locator("transcript-card li time")).to_have_text(["0:02", "0:16", "0:21", "0:25"])


def test_what_may_still_change_stands_apart_from_what_is_confirmed(idle: Page) -> None:
    said = turn("customer-0", 1) | {"text": "I never said that", "final": False, "confirmed": 7}
    idle.evaluate(SHOW, [said])
    expect(idle.locator("transcript-card li span")).to_have_text("I never")
    expect(idle.locator("transcript-card li i")).to_have_text(" said that")
    idle.evaluate(SHOW, [said | {"final": True, "confirmed": 17}])
    expect(idle.locator("transcript-card li span")).to_have_text("I never said that")
    expect(idle.locator("transcript-card li i")).to_have_text("")


def test_thousands_of_lines_are_laid_out_in_chunks(idle: Page) -> None:
    idle.evaluate(SHOW, [turn(f"agent-{number}", 4 * number) for number in range(3000)])
    expect(idle.locator("transcript-card li")).to_have_count(3000)
    expect(idle.locator("transcript-card ol")).to_have_count(60)
    expect(idle.locator("transcript-card li").last).to_be_in_viewport()


def test_a_long_call_keeps_its_latest_lines_and_says_where_the_others_are(idle: Page) -> None:
    expect(idle.get_by_text("What was said earlier")).to_be_hidden()
    idle.evaluate(
        """async count => {
            const { emptyState, reduce } = await import("/state.js");
            let state = emptyState();
            for (let turn = 0; turn < count; turn += 1) {
                const said = { type: "words", channel: "agent", turn, start: 4 * turn, text: `line ${turn}` };
                state = reduce(state, said);
                document.querySelector("transcript-card").draw(state);
                state.changed.clear();
            }
        }""",
        450,
    )
    expect(idle.locator("transcript-card li")).to_have_count(400)
    expect(idle.locator("transcript-card li").first).to_contain_text("line 50")
    expect(idle.locator("transcript-card li").last).to_contain_text("line 449")
    expect(idle.locator("transcript-card li").last).to_be_in_viewport()
    expect(idle.get_by_text("What was said earlier is in the review of this call.")).to_be_visible()
