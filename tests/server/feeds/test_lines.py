"""Lines that break, and lines that are only slow: the one is noticed, the other is left alone."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs
from numpy.typing import NDArray
from proxy import Proxy
from wire import Client, a_feed

from audio.frame import Samples
from server.app import ServerSettings
from server.live.call import LiveSettings
from server.live.registry import Engine
from server.protocol.events.call import CallEndedMessage, EndReason, FeedState, StatusMessage
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import AcceptedMessage, CloseCode, StartMessage, StopMessage
from server.serve import serving

START = StartMessage(call="one", agent="Kim", rate=8000)
HUM = np.random.default_rng(1).normal(0, 100, (8000, 2)).astype("<i2").tobytes()  # a second of quiet noise
PING_S = 1.0  # far more than a busy machine takes to answer one


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    return replace(settings, ping_s=PING_S)


class Gate:
    """Voice activity that waits for leave, which the end of its context gives: no more audio is taken meanwhile."""

    def __init__(self) -> None:
        self.leave = threading.Event()

    def __enter__(self) -> None:
        return

    def __exit__(self, *exc: object) -> None:
        self.leave.set()

    def run(
        self, windows: Samples, h: NDArray[np.float32], c: NDArray[np.float32]
    ) -> tuple[list[float], NDArray[np.float32], NDArray[np.float32]]:
        self.leave.wait()
        return [0.0] * len(windows), h, c


def say_all(feed: Client, parts: list[bytes]) -> None:
    for part in parts:
        feed.say(part)


def test_the_same_start_takes_a_call_over_from_a_line_that_is_dead_without_a_word(
    settings: ServerSettings, engine: Engine
) -> None:
    with serving(replace(settings, ping_s=600), engine) as address, Proxy(address) as proxy:
        old = a_feed(proxy.address, START)
        with Client(address, "/ws/calls/one") as page:
            old.say(HUM)
            page.hear_one(StatusMessage, lambda status: status.at > 0.5)
            proxy.silence()
            with Client(address, "/ws/feed") as feed:
                feed.say(structs.replace(START, rate=16_000))
                assert feed.hear_one(ErrorMessage).code is ErrorCode.START_DIFFERS
            with Client(address, "/ws/feed") as feed:
                feed.say(START)
                assert feed.hear() == AcceptedMessage("one", 8000)
                feed.say(HUM)
                feed.say(StopMessage())
                assert feed.hear_one(CallEndedMessage).at == 2.0
            assert page.hear_one(CallEndedMessage).reason is EndReason.STOPPED
        old.drop()


def test_a_feed_that_was_taken_over_is_told_so_with_a_code_of_its_own(settings: ServerSettings, engine: Engine) -> None:
    """A line that is dead one way only: what the server says comes through, and nothing of the feed."""
    with serving(replace(settings, ping_s=600), engine) as address, Proxy(address) as proxy:
        old = a_feed(proxy.address, START)
        proxy.silence(to_server_only=True)
        with a_feed(address, START) as feed:
            assert old.hear_one(ErrorMessage).code is ErrorCode.CALL_TAKEN_OVER
            proxy.speak()
            assert old.hear_all() == []
            assert old.socket.close_code == CloseCode.TAKEN_OVER
            feed.say(StopMessage())
            feed.hear_one(CallEndedMessage)


def test_a_feed_that_is_made_to_wait_is_not_taken_for_dead(settings: ServerSettings, engine: Engine) -> None:
    """Neither by the pings, for far longer than their time-out, nor where another feed wants its call."""
    vad = Gate()
    slow = replace(engine, models=replace(engine.models, vad=vad))
    with (
        serving(replace(settings, live=LiveSettings(queue_blocks=3)), slow) as address,
        a_feed(address, START, ping_interval=None) as feed,
        Client(address, "/ws/calls/one") as page,
        vad,
    ):
        sending = threading.Thread(target=say_all, args=(feed, [HUM] * 300))  # more than the line holds
        sending.start()
        with Client(address, "/ws/feed") as second:  # is answered after 3 s: time for the pings to despair
            second.say(START)
            assert second.hear_one(ErrorMessage).code is ErrorCode.CALL_BUSY
        assert sending.is_alive()
        vad.leave.set()
        sending.join()
        feed.say(StopMessage())
        assert feed.hear_one(CallEndedMessage) == page.hear_one(CallEndedMessage)
        assert page.hear_all() == []


def test_a_line_that_dies_without_a_word_is_noticed_by_the_pings(settings: ServerSettings, engine: Engine) -> None:
    with serving(settings, engine) as address, Proxy(address) as proxy, Client(address, "/ws/follow") as page:
        feed = a_feed(proxy.address, START, ping_interval=None)
        feed.say(HUM)
        page.hear_one(StatusMessage, lambda status: status.at > 0.5)
        proxy.silence()
        page.hear_one(StatusMessage, lambda status: status.feed is FeedState.LOST)
        feed.drop()


def test_a_connection_that_never_starts_a_call_is_closed(settings: ServerSettings, engine: Engine) -> None:
    with (
        serving(replace(settings, live=LiveSettings(start_s=0.05)), engine) as address,
        Client(address, "/ws/feed") as idle,
    ):
        (error,) = idle.hear_all()
        assert error == ErrorMessage(ErrorCode.NOT_STARTED, "Expected a start message within 0.05 s; none came.")
        assert idle.socket.close_code == CloseCode.CALL_REFUSED
