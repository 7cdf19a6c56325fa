"""A call whose server stopped, and the server after it, over real websockets."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs
from server_process import a_process
from wire import Client, a_feed

from server.app import ServerSettings
from server.live.registry import Engine
from server.protocol.calls import CallInfo, CallState
from server.protocol.events.base import DurableMessage, Message
from server.protocol.events.call import (
    CallEndedMessage,
    CallStartedMessage,
    CuesSwitchedMessage,
    NotedMessage,
    PausedMessage,
    ResumedMessage,
    StatusMessage,
)
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.events.turns import DynamicsMessage
from server.protocol.messages import (
    AcceptedMessage,
    PauseMessage,
    ResumeMessage,
    SnapshotMessage,
    StartMessage,
    StopMessage,
    TakenMessage,
    write,
)
from server.serve import serving
from server.store.numbering import Stored
from server.store.store import Store

START = StartMessage(call="one", agent="Kim", rate=8000, keep_audio=True)
RATE = 8000
GUARD_S = 60


def hum(seconds: float, seed: int) -> bytes:
    """Quiet noise, as PCM16."""
    return np.random.default_rng(seed).normal(0, 100, (round(seconds * RATE), 2)).astype("<i2").tobytes()


@contextmanager
def stopped(settings: ServerSettings, end: signal.Signals = signal.SIGKILL) -> Iterator[tuple[Client, Client]]:
    """A feed and a page of a server that gets a signal at the end of the context, and is gone after it."""
    with a_process(settings) as (process, address):
        feed = a_feed(address, START)
        with Client(address, "/ws/calls/one") as page:
            yield feed, page
            process.send_signal(end)
            process.wait(GUARD_S)
        feed.drop()


def again(address: str, start: StartMessage = START) -> tuple[Client, Message]:
    """The same start, and what is answered."""
    feed = Client(address, "/ws/feed")
    feed.say(start)
    return feed, feed.hear()


def events_of(address: str) -> list[DurableMessage]:
    with Client(address, "/ws/calls/one") as page:
        return [event for event in page.hear_all() if isinstance(event, DurableMessage)]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_the_same_start_goes_on_with_numbers_time_and_audio(
    settings: ServerSettings, engine: Engine, end: signal.Signals
) -> None:
    audio = hum(20, 1)
    with stopped(settings, end) as (feed, page):
        feed.say(audio[: 12 * RATE * 4])
        safe = feed.hear_one(TakenMessage).taken
        page.hear_one(StatusMessage, lambda status: status.at > 11)
    with serving(settings, engine) as address:
        feed, accepted = again(address)
        with feed:
            assert isinstance(accepted, AcceptedMessage)
            assert safe <= accepted.taken <= 12 * RATE
            feed.say(audio[accepted.taken * 4 :])
            feed.say(StopMessage())
            assert feed.hear_one(CallEndedMessage).at == 20.0
        events = events_of(address)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert sum(isinstance(event, CallStartedMessage) for event in events) == 1
    ticks = [event.at for event in events if isinstance(event, DynamicsMessage)]
    assert ticks == [tick / 2 for tick in range(1, 41)]
    (note,) = [event.text for event in events if isinstance(event, NotedMessage)]
    assert note.startswith("The server was restarted at 0:1")
    with Store(Path(settings.data_folder or "")) as store:
        assert store.audio_path("one").read_bytes()[44:] == audio
        call = store.call("one")
        assert call is not None
        assert (call.state, call.duration) == (CallState.ENDED, 20.0)


def test_a_call_that_was_paused_stays_paused_and_nothing_of_the_pause_is_heard(
    settings: ServerSettings, engine: Engine
) -> None:
    secret = np.full((8 * RATE, 2), 12_345, "<i2").tobytes()
    before, after = hum(6, 1), hum(2, 2)
    audio = before + secret + after
    with stopped(settings) as (feed, page):
        feed.say(before)
        feed.say(PauseMessage())
        feed.say(secret[: 4 * RATE * 4])
        page.hear_one(PausedMessage)
    with serving(settings, engine) as address:
        feed, accepted = again(address)
        with feed, Client(address, "/ws/calls/one") as page:
            assert accepted == AcceptedMessage("one", 6 * RATE)
            assert page.hear_one(SnapshotMessage).paused
            feed.say(audio[6 * RATE * 4 : 14 * RATE * 4])
            feed.say(ResumeMessage())
            feed.say(after)
            feed.say(StopMessage())
            assert feed.hear_one(CallEndedMessage).at == pytest.approx(9.0, abs=0.05)
            assert page.hear_one(ResumedMessage).frame == 14 * RATE
    with Store(Path(settings.data_folder or "")) as store:
        kept = store.audio_path("one").read_bytes()[44:]
    assert secret[:400] not in kept
    assert kept.startswith(before)
    assert kept.endswith(after)
    assert len(kept) == pytest.approx(9 * RATE * 4, abs=0.05 * RATE * 4)


def test_cues_that_were_switched_off_stay_off(settings: ServerSettings, engine: Engine) -> None:
    with stopped(settings) as (feed, page):
        page.say('{"type": "switch_cues", "call": "one", "on": false}')
        page.hear_one(CuesSwitchedMessage)
    with serving(settings, engine) as address:
        feed, _ = again(address)
        with feed, Client(address, "/ws/calls/one") as page:
            assert not page.hear_one(SnapshotMessage).cues_on


def test_another_start_does_not_go_on_with_it(settings: ServerSettings, engine: Engine) -> None:
    with stopped(settings) as (feed, page):
        feed.say(hum(1, 1))
        page.hear_one(StatusMessage)
    with serving(settings, engine) as address:
        for other in ({"rate": 16_000}, {"agent": "Lee"}, {"title": "A bill"}):
            feed, answer = again(address, structs.replace(START, **other))
            with feed:
                assert isinstance(answer, ErrorMessage)
                assert answer.code is ErrorCode.START_DIFFERS


def test_a_call_that_was_being_analysed_is_not_gone_on_with(
    settings: ServerSettings, engine: Engine, call: CallInfo
) -> None:
    analysed = structs.replace(call, id="one", state=CallState.INTERRUPTED, layout=START.layout)
    with Store(Path(settings.data_folder or "")) as store:
        store.keep(analysed, [Stored(1, write(CallStartedMessage(0.0, analysed=True, seq=1)))])
    with serving(settings, engine) as address:
        feed, answer = again(address)
        with feed:
            assert isinstance(answer, ErrorMessage)
            assert answer.code is ErrorCode.CALL_EXISTS
