"""The QA page in a real browser: calls that a real server heard, looked through as a reviewer would."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from browser import PHONE, guarded
from playwright.sync_api import Browser, Locator, Page, expect
from wire import a_feed

from audio.sources.files import open_recording
from server.app import ServerSettings
from server.demo import DEMO_CALL
from server.live.registry import Engine
from server.protocol.events.call import CallEndedMessage
from server.protocol.messages import StartMessage, StopMessage
from server.serve import serving

RUDE = '<img src="x" onerror="console.error(1)">'


def heard(address: str, start: StartMessage, seconds: float = 1e9) -> None:
    """Let the server hear the demo call, or its beginning, as fast as it can."""
    with a_feed(address, start) as feed:
        for number, block in enumerate(open_recording(DEMO_CALL).blocks(1.0)):
            if number < seconds:
                feed.say(block.astype("<i2").tobytes())
        feed.say(StopMessage())
        feed.hear_one(CallEndedMessage)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[str]:
    """A server that has heard three calls: a short one without its sound, one with rude names, and the demo call."""
    rate = open_recording(DEMO_CALL).rate
    settings = ServerSettings(port=0, data_folder=str(tmp_path_factory.mktemp("data")))
    with serving(settings, engine) as where:
        heard(where, StartMessage("silent", "Kim", rate, title="Not kept"), seconds=12)
        heard(where, StartMessage("rude", RUDE, rate, title=RUDE, keep_audio=True), seconds=2)
        heard(where, StartMessage("demo", "Daniel", rate, title="A billing complaint", keep_audio=True))
        yield where


@pytest.fixture
def review(page: Page) -> Page:
    """The demo call on the QA page, drawn."""
    page.goto("/review.html?call=demo")
    expect(page.locator("call-timeline canvas")).to_be_visible()
    return page


def position(page: Page) -> float:
    """Where the playhead is, in seconds."""
    return float(page.evaluate("document.querySelector('audio').currentTime"))


def detections(page: Page) -> list[dict[str, object]]:
    found: list[dict[str, object]] = page.request.get("/api/calls/demo").json()["detections"]
    return found


def verdict(card: Locator, name: str) -> Locator:
    return card.get_by_role("group", name="Your verdict").get_by_role("button", name=name)


def test_calls_are_listed_and_one_is_opened(page: Page) -> None:
    page.goto("/review.html")
    rows = page.locator("call-list tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("A billing complaint")
    expect(rows.first.locator("td").last).to_have_text(str(len(detections(page))))
    page.get_by_role("link", name="A billing complaint").click()
    expect(page.get_by_role("heading", name="A billing complaint")).to_be_visible()
    expect(page.locator("call-transcript li").first).to_be_visible()
    expect(page.locator("call-alerts ol > li")).to_have_count(len(detections(page)))


def test_what_calls_bring_along_stays_text(page: Page) -> None:
    page.goto("/review.html")
    page.get_by_role("link", name=RUDE).click()
    expect(page.get_by_role("heading", name=RUDE)).to_be_visible()
    expect(page.locator("main img")).to_have_count(0)


def test_a_click_on_the_timeline_goes_there(review: Page) -> None:
    box = review.get_by_role("slider").bounding_box()
    assert box is not None
    told = review.request.get("/api/calls/demo").json()
    turn = max((turn for turn in told["turns"] if turn["channel"] == "customer"), key=lambda turn: turn["start"])
    duration, middle = told["call"]["duration"], (turn["start"] + turn["end"]) / 2
    review.mouse.click(box["x"] + box["width"] * middle / duration, box["y"] + box["height"] * 0.4)
    assert position(review) == pytest.approx(middle, abs=duration / box["width"])
    spoken = review.locator("call-transcript li[aria-current]")
    expect(spoken).to_have_count(1)
    expect(spoken.locator(".now")).to_have_count(1)
    expect(spoken).to_have_attribute("data-channel", "customer")
    expect(review.locator("player-bar .time")).to_have_text(re.compile(r"^1:2\d / 1:29$"))


def test_keys_skip_and_go_from_alert_to_alert(review: Page) -> None:
    first = detections(review)[0]["at"]
    for _ in range(3):
        review.keyboard.press("ArrowRight")
    review.keyboard.press("ArrowLeft")
    assert position(review) == pytest.approx(10)
    review.keyboard.press("Shift+ArrowRight")
    assert position(review) == pytest.approx(first)
    expect(review.locator("call-alerts li[aria-current]")).to_contain_text("Customer escalating")
    expect(review.locator(".reading b")).to_have_text("Customer escalating")
    review.keyboard.press("Shift+ArrowRight")
    assert position(review) > first
    review.keyboard.press("Shift+ArrowLeft")
    assert position(review) == pytest.approx(first)


def test_playback_moves_the_cursor_and_the_words(review: Page) -> None:
    review.keyboard.press("Space")
    expect(review.get_by_role("button", name="Pause")).to_be_visible()
    expect(review.locator("player-bar .time")).to_have_text(re.compile("^0:0[1-9]"))
    word = review.locator("call-transcript .now")
    expect(word).to_have_count(1)
    before = review.locator("call-timeline .cursor").evaluate("it => it.style.transform")
    said = word.text_content()
    expect(word).not_to_have_text(said or "")
    assert review.locator("call-timeline .cursor").evaluate("it => it.style.transform") != before
    review.keyboard.press("Space")
    expect(review.get_by_role("button", name="Play")).to_be_visible()
    assert review.evaluate("document.querySelector('audio').paused")


def test_the_speed_is_set_by_key_and_by_list(review: Page) -> None:
    review.keyboard.press("Shift+ArrowUp")
    expect(review.get_by_label("Speed")).to_have_value("1.25")
    review.get_by_label("Speed").select_option("2")
    assert review.evaluate("document.querySelector('audio').playbackRate") == 2


def test_a_click_on_a_word_goes_to_it(review: Page) -> None:
    words = review.request.get("/api/calls/demo").json()["words"]
    turn = next(turn for turn in sorted(words, key=lambda turn: turn["start"]) if turn["channel"] == "customer")
    line = review.locator("call-transcript li[data-channel=customer]").first
    line.hover()
    line.locator(".text span").nth(2).click()
    assert position(review) == pytest.approx(turn["words"][2]["start"])


def test_the_reason_of_an_alert_is_heard_to_its_end(review: Page) -> None:
    evidence = detections(review)[1]["evidence"]
    assert isinstance(evidence, list)
    review.get_by_label("Speed").select_option("2")
    review.locator("call-alerts .why").nth(1).get_by_role("button").first.click()
    expect(review.get_by_role("button", name="Pause")).to_be_visible()
    assert position(review) >= evidence[0]["start"] - 2
    expect(review.get_by_role("button", name="Play")).to_be_visible()
    assert position(review) >= evidence[0]["end"]
    assert review.evaluate("document.querySelector('audio').paused")


def test_a_verdict_is_kept_changed_and_taken_back(review: Page) -> None:
    card = review.locator("call-alerts ol > li").first
    for name in ("Wrong", "Useful"):
        with review.expect_response(re.compile("/verdicts/")):
            verdict(card, name).click()
    review.reload()
    expect(verdict(card, "Useful")).to_have_attribute("aria-pressed", "true")
    expect(verdict(card, "Wrong")).to_have_attribute("aria-pressed", "false")
    kept = review.request.get("/api/calls/demo/verdicts").json()["verdicts"]
    assert kept == {str(detections(review)[0]["seq"]): "useful"}
    with review.expect_response(re.compile("/verdicts/")):
        verdict(card, "Useful").click()
    assert review.request.get("/api/calls/demo/verdicts").json()["verdicts"] == {}


def test_the_zoom_follows_the_playhead_and_paints_the_window_only(review: Page) -> None:
    slider = review.get_by_role("slider")
    slider.focus()
    review.keyboard.press("End")
    for _ in range(5):
        review.keyboard.press("+")
    sizes = slider.evaluate(
        "it => [it.scrollLeft, it.clientWidth, it.scrollWidth, it.querySelector('canvas').clientWidth]"
    )
    left, window, strip, canvas = sizes
    assert strip > 8 * window
    assert left + window == pytest.approx(strip, abs=2)
    assert canvas == window
    review.get_by_role("button", name="Show the whole call").click()
    assert slider.evaluate("it => it.scrollWidth === it.clientWidth")


def test_a_call_whose_sound_was_not_kept_can_be_read(page: Page) -> None:
    page.goto("/review.html?call=silent")
    expect(page.get_by_text("The sound of this call was not kept.")).to_be_visible()
    expect(page.get_by_role("button", name="Play")).to_be_disabled()
    page.keyboard.press("ArrowRight")
    expect(page.locator("player-bar .time")).to_have_text(re.compile("^0:05"))


def test_a_phone_shows_everything_without_scrolling_sideways(review: Page) -> None:
    review.set_viewport_size(PHONE)
    for part in ("call-timeline", "player-bar", "call-transcript li >> nth=0", "call-alerts li >> nth=0"):
        expect(review.locator(part)).to_be_visible()
    assert review.evaluate("document.documentElement.scrollWidth") == 390
    review.goto("/review.html")
    expect(review.locator("call-list tr >> nth=1")).to_be_visible()
    assert review.evaluate("document.documentElement.scrollWidth") == 390


def test_a_call_is_deleted_once_that_is_confirmed(page: Page, address: str) -> None:
    heard(address, StartMessage("brief", "Kim", 48000), seconds=1)
    page.goto("/review.html?call=brief")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Delete this call").click()
    expect(page.get_by_role("heading", name="brief")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete this call").click()
    expect(page.locator("call-list tbody tr")).to_have_count(3)
    expect(page.get_by_role("link", name="brief")).to_have_count(0)


def test_a_reviewer_signs_in_where_the_server_wants_a_token(
    browser: Browser, settings: ServerSettings, wordless: Engine
) -> None:
    with (
        serving(replace(settings, token="open sesame, please"), wordless) as guarded_server,
        guarded(browser, guarded_server, expected="401") as page,
    ):
        page.goto("/review.html")
        page.get_by_label("Token of this server").fill("open sesame, please")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("No call was kept yet.")).to_be_visible()


def test_an_unknown_call_is_said_with_a_way_on(browser: Browser, address: str) -> None:
    with guarded(browser, address, expected="404") as page:
        page.goto("/review.html?call=nobody")
        expect(page.get_by_role("alert")).to_have_text("There is no call nobody in the list of calls.")
        page.get_by_role("link", name="All calls").click()
        expect(page.locator("call-list")).to_be_visible()


def test_an_empty_list_says_how_calls_come_in(browser: Browser, settings: ServerSettings, wordless: Engine) -> None:
    with serving(settings, wordless) as empty, guarded(browser, empty) as page:
        page.goto("/review.html")
        expect(page.get_by_text("No call was kept yet.")).to_be_visible()
        expect(page.locator("call-list table")).to_be_hidden()


def test_a_server_that_is_gone_is_said_and_nothing_is_lost_when_it_is_back(
    browser: Browser, returning: ServerSettings, wordless: Engine
) -> None:
    with guarded(browser, f"http://127.0.0.1:{returning.port}", expected="ERR_CONNECTION_REFUSED") as page:
        with serving(returning, wordless) as where:
            heard(where, StartMessage("demo", "Kim", open_recording(DEMO_CALL).rate), seconds=50)
            page.goto("/review.html?call=demo")
            expect(page.locator("call-alerts ol > li").first).to_be_visible()
        wrong, problem = (
            verdict(page.locator("call-alerts ol > li").first, "Wrong"),
            page.locator(".verdict [role=status]"),
        )
        wrong.click()
        expect(problem.first).to_contain_text("The server cannot be reached.")
        expect(wrong).to_have_attribute("aria-pressed", "false")
        with serving(returning, wordless):
            wrong.click()
            expect(problem.first).to_have_text("")
            expect(wrong).to_have_attribute("aria-pressed", "true")


def test_a_list_that_cannot_be_had_is_said_and_tried_again(
    browser: Browser, settings: ServerSettings, wordless: Engine
) -> None:
    with (
        serving(settings, wordless) as address,
        guarded(browser, address, expected="ERR_CONNECTION_REFUSED") as page,
    ):
        page.route("**/api/calls", lambda route: route.abort("connectionrefused"))
        page.goto("/review.html")
        expect(page.get_by_role("alert")).to_have_text("The server cannot be reached. Is calmline serve running?")
        page.unroute("**/api/calls")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_text("No call was kept yet.")).to_be_visible()
