"""Feeds that behave, and feeds that do not, over real websockets."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import httpx
import numpy as np
import pytest
from msgspec import structs
from wire import Client, a_feed

from audio.frame import Channel
from server.app import ServerSettings
from server.live.call import LiveSettings
from server.live.registry import Engine
from server.protocol.calls import Layout
from server.protocol.events.call import (
    CallEndedMessage,
    DeviceChangedMessage,
    EndReason,
    FeedState,
    NotedMessage,
    PausedMessage,
    ResumedMessage,
    StatusMessage,
)
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import (
    AcceptedMessage,
    CloseCode,
    DeviceMessage,
    NoteMessage,
    PauseMessage,
    ResumeMessage,
    StartMessage,
    StopMessage,
)
from server.serve import serving
from server.store.store import Store

START = StartMessage(call="one", agent="Kim", rate=8000)


def hum(seconds: float, channels: int = 2) -> bytes:
    """Quiet noise at 8 kHz, as PCM16."""
    noise = np.random.default_rng(1).normal(0, 100, (round(seconds * 8000), channels))
    return noise.astype("<i2").tobytes()


def ended(feed: Client) -> CallEndedMessage:
    """How the call ends when its feed says stop."""
    feed.say(StopMessage())
    return feed.hear_one(CallEndedMessage)


def kept(address: str, call: str) -> list[str]:
    """The events of a call as the server has them, stored or about to be."""
    return [json.dumps(event) for event in httpx.get(f"{address}/api/calls/{call}/events").json()["events"]]


def test_a_call_is_fed_and_ends_when_its_feed_says_so(address: str) -> None:
    with a_feed(address, START) as feed:
        feed.say(hum(1.5))
        end = ended(feed)
        assert (end.at, end.reason) == (1.5, EndReason.STOPPED)
        assert feed.hear_all() == []
        assert feed.socket.close_code == 1000


def test_audio_may_be_cut_anywhere_even_within_a_sample(address: str, settings: ServerSettings) -> None:
    audio = hum(2.0)
    with a_feed(address, structs.replace(START, call="whole")) as feed:
        feed.say(audio)
        ended(feed)
    with a_feed(address, structs.replace(START, call="cut")) as feed:
        cuts = [0, 1, 3, 330, 5001, 5004, 20_003, len(audio)]
        for start, end in pairwise(cuts):
            feed.say(audio[start:end])
        ended(feed)
    assert kept(address, "cut") == kept(address, "whole")
    assert len(kept(address, "cut")) > 4


def test_half_a_frame_that_is_left_at_the_end_is_told_and_the_call_ends_well(address: str) -> None:
    with a_feed(address, START) as feed:
        feed.say(hum(1.0) + b"abc")
        feed.say(StopMessage())
        error = feed.hear_one(ErrorMessage)
        assert (error.code, error.seq) == (ErrorCode.HALF_FRAME, 0)
        assert error.text == "Expected whole frames of 4 bytes; the last 3 bytes were left out."
        assert feed.hear_one(CallEndedMessage).at == 1.0


def test_what_cannot_be_read_is_answered_and_changes_nothing(address: str) -> None:
    with a_feed(address, START) as feed:
        for nonsense in ("{oops", '{"type": "begin"}', '{"type": "stop", "now": true}', "[]", ""):
            feed.say(hum(0.2))
            feed.say(nonsense)
            assert feed.hear_one(ErrorMessage).code is ErrorCode.BAD_MESSAGE
        feed.say(START)
        assert feed.hear_one(ErrorMessage).text == "Call one has started; a second start came."
        assert ended(feed).at == 1.0


def test_a_feed_must_start_first_and_may_still_do_so(address: str) -> None:
    with Client(address, "/ws/feed") as feed:
        feed.say(hum(0.1))
        assert feed.hear_one(ErrorMessage).text == "Expected a start message first; audio came."
        feed.say(PauseMessage())
        assert feed.hear_one(ErrorMessage).code is ErrorCode.NOT_STARTED
        feed.say(START)
        assert feed.hear() == AcceptedMessage("one", 0)
        assert ended(feed).at == 0.0


def test_a_second_feed_of_a_call_is_refused_and_the_first_goes_on(address: str) -> None:
    with a_feed(address, START) as feed:
        with Client(address, "/ws/feed") as second:
            second.say(START)
            assert second.hear() == ErrorMessage(
                ErrorCode.CALL_BUSY, "Call one is being fed already; only one feed may."
            )
            assert second.hear_all() == []
            assert second.socket.close_code == CloseCode.CALL_REFUSED
        feed.say(hum(1.0))
        assert ended(feed).at == 1.0


def test_a_call_that_is_over_is_not_started_again(address: str) -> None:
    with a_feed(address, START) as feed:
        ended(feed)
    with Client(address, "/ws/feed") as feed:
        feed.say(START)
        assert feed.hear_one(ErrorMessage).code is ErrorCode.CALL_EXISTS


def test_a_feed_that_was_lost_comes_back_and_goes_on_where_it_was(address: str) -> None:
    audio = hum(2.0)
    with Client(address, "/ws/calls/one") as too_early:
        assert too_early.hear_one(ErrorMessage).code is ErrorCode.UNKNOWN_CALL
    feed = a_feed(address, START)
    with Client(address, "/ws/calls/one") as page:
        feed.say(audio[:10_001])
        page.hear_one(StatusMessage, lambda status: status.feed is FeedState.FLOWING)
        feed.drop()
        page.hear_one(StatusMessage, lambda status: status.feed is FeedState.LOST)
        with Client(address, "/ws/feed") as feed:
            feed.say(structs.replace(START, rate=16_000))
            assert feed.hear_one(ErrorMessage).code is ErrorCode.START_DIFFERS
        with Client(address, "/ws/feed") as feed:
            feed.say(START)
            accepted = feed.hear_one(AcceptedMessage)
            assert accepted.taken == 2500
            page.hear_one(StatusMessage, lambda status: status.feed is FeedState.FLOWING)
            feed.say(audio[accepted.taken * 4 :])
            assert ended(feed).at == 2.0
        assert page.hear_one(CallEndedMessage).reason is EndReason.STOPPED


def test_a_feed_that_does_not_come_back_ends_its_call_with_all_that_was_taken(
    settings: ServerSettings, engine: Engine
) -> None:
    with serving(replace(settings, live=LiveSettings(grace_s=0.05)), engine) as address:
        feed = a_feed(address, START)
        with Client(address, "/ws/calls/one") as page:
            feed.say(hum(1.5))
            page.hear_one(StatusMessage, lambda status: status.at > 1)
            feed.drop()
            end = page.hear_one(CallEndedMessage)
            assert (end.reason, end.at) == (EndReason.LOST, 1.5)


def test_a_feed_that_stalls_is_shown_as_stalled_until_audio_comes_again(
    settings: ServerSettings, engine: Engine
) -> None:
    with (
        serving(replace(settings, live=LiveSettings(stall_s=0.05)), engine) as address,
        a_feed(address, START) as feed,
        Client(address, "/ws/calls/one") as page,
    ):
        page.hear_one(StatusMessage, lambda status: status.feed is FeedState.STALLED)
        feed.say(hum(0.5))
        page.hear_one(StatusMessage, lambda status: status.feed is FeedState.FLOWING)
        page.hear_one(StatusMessage, lambda status: status.feed is FeedState.STALLED)
        assert ended(feed).reason is EndReason.STOPPED


def test_what_is_said_during_a_pause_is_neither_heard_nor_stored(address: str, settings: ServerSettings) -> None:
    secret = np.full((8000, 2), 12_345, "<i2").tobytes()
    with a_feed(address, structs.replace(START, keep_audio=True)) as feed, Client(address, "/ws/calls/one") as page:
        feed.say(hum(1.0))
        feed.say(PauseMessage())
        page.hear_one(StatusMessage, lambda status: status.feed is FeedState.PAUSED)
        feed.say(secret)
        feed.say(PauseMessage())
        feed.say(ResumeMessage())
        feed.say(hum(0.5))
        assert ended(feed).at == 2.5  # a pause counts as one second of silence
        assert page.hear_one(PausedMessage).at == pytest.approx(2.0, abs=0.05)
        assert page.hear_one(ResumedMessage).at == pytest.approx(2.0, abs=0.05)
    with Store(Path(settings.data_folder or "")) as store:
        audio = store.audio_path("one").read_bytes()
    assert audio[44:] == hum(1.0) + bytes(8000 * 4) + hum(0.5)


def test_a_feed_tells_of_its_devices_and_of_the_sound(address: str) -> None:
    with a_feed(address, START) as feed, Client(address, "/ws/calls/one") as page:
        feed.say(DeviceMessage(Channel.CUSTOMER, present=False, dropped=7, overruns=2))
        feed.say(NoteMessage(0.0, "The customer's device is gone."))
        feed.say(hum(1.5))
        assert page.hear_one(DeviceChangedMessage) == DeviceChangedMessage(0.0, Channel.CUSTOMER, False, 7, 2, seq=2)
        assert page.hear_one(NotedMessage) == NotedMessage(0.0, "The customer's device is gone.", seq=3)
        assert page.hear_one(StatusMessage, lambda status: status.at > 1).dropped == 7
        ended(feed)


@pytest.mark.parametrize("at", [1500.0, 1e308])
def test_a_note_from_the_future_is_told_as_of_now(address: str, at: float) -> None:
    with a_feed(address, START) as feed, Client(address, "/ws/calls/one") as page:
        feed.say(hum(1.5))
        feed.say(NoteMessage(at, "In milliseconds."))
        assert 1.4 < page.hear_one(NotedMessage).at <= 1.5
        ended(feed)


def test_ids_that_differ_by_case_only_are_refused_while_the_other_runs_and_after(address: str) -> None:
    with a_feed(address, START) as feed:
        assert refusal(address, structs.replace(START, call="ONE")) == "call_exists"
        ended(feed)
    assert refusal(address, structs.replace(START, call="One")) == "call_exists"


def refusal(address: str, start: StartMessage) -> str:
    with Client(address, "/ws/feed") as feed:
        feed.say(start)
        return feed.hear_one(ErrorMessage).code.value


def test_one_mixed_channel_is_a_call_too(address: str, settings: ServerSettings) -> None:
    with a_feed(address, structs.replace(START, layout=Layout.MIXED)) as feed:
        feed.say(hum(1.0, channels=1))
        assert ended(feed).at == 1.0
    assert any("one mixed channel" in event for event in kept(address, "one"))
