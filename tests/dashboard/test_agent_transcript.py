"""The transcript of the agent's page, given turns as a server may tell them."""

from typing import Any

from playwright.sync_api import Page, expect

SHOW = """turns => document.querySelector("transcript-card").draw({
    turns: new Map(turns.map(turn => [turn.key, turn])),
    changed: new Set(turns.map(turn => turn.key)),
})"""


def turn(key: str, start: float) -> dict[str, Any]:
    return {"key": key, "channel": key.partition("-")[0], "start": start, "text": key, "final": True}


def test_lines_stand_in_the_order_in_which_their_turns_began(page: Page) -> None:
    page.goto("/")
    told = [turn("agent-0", 2), turn("customer-1", 21), turn("customer-0", 16), turn("agent-1", 25)]
    page.evaluate(SHOW, told)
    expect(page.locator("transcript-card li time")).to_have_text(["0:02", "0:16", "0:21", "0:25"])


def test_thousands_of_lines_are_laid_out_in_chunks(page: Page) -> None:
    page.goto("/")
    page.evaluate(SHOW, [turn(f"agent-{number}", 4 * number) for number in range(3000)])
    expect(page.locator("transcript-card li")).to_have_count(3000)
    expect(page.locator("transcript-card ol")).to_have_count(60)
    expect(page.locator("transcript-card li").last).to_be_in_viewport()


def test_a_long_call_keeps_its_latest_lines_and_says_where_the_others_are(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_text("What was said earlier")).to_be_hidden()
    page.evaluate(
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
    expect(page.locator("transcript-card li")).to_have_count(400)
    expect(page.locator("transcript-card li").first).to_contain_text("line 50")
    expect(page.locator("transcript-card li").last).to_contain_text("line 449")
    expect(page.locator("transcript-card li").last).to_be_in_viewport()
    expect(page.get_by_text("What was said earlier is in the review of this call.")).to_be_visible()
