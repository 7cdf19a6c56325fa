"""Following a call: all of it, in order, whenever one comes and however slowly one reads."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import pytest
from msgspec import structs
from wire import Client, a_feed, narrow, numbers

from server.app import ServerSettings
from server.live.registry import Engine
from server.protocol.calls import CallInfo, CallState, Layout
from server.protocol.events.base import DurableMessage
from server.protocol.events.call import (
    CallEndedMessage,
    CallStartedMessage,
    CuesSwitchedMessage,
    EndReason,
    NotedMessage,
    PausedMessage,
    ResumedMessage,
)
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.events.turns import LevelMessage
from server.protocol.messages import (
    AliveMessage,
    CloseCode,
    DeletedMessage,
    NoteMessage,
    PauseCallMessage,
    ResumeCallMessage,
    RunningMessage,
    SnapshotMessage,
    StartMessage,
    StopMessage,
    SwitchCuesMessage,
    WaitingMessage,
    write,
)
from server.serve import serving
from server.store.store import Store, Stored

START = StartMessage(call="one", agent="Kim", rate=8000, title="A bill")
HUM = np.random.default_rng(1).normal(0, 100, (8000, 2)).astype("<i2").tobytes()  # a second of quiet noise


def test_a_follower_sees_the_call_from_its_start_to_its_end(address: str) -> None:
    with a_feed(address, START) as feed, Client(address, "/ws/calls/one") as page:
        feed.say(HUM)
        feed.say(StopMessage())
        snapshot, *told = page.hear_all()
        assert isinstance(snapshot, SnapshotMessage)
        assert (snapshot.call.agent, snapshot.call.title, snapshot.call.state) == ("Kim", "A bill", CallState.LIVE)
        assert (snapshot.after, snapshot.paused, snapshot.cues_on) == (0, False, True)
        assert numbers(told) == list(range(1, len(numbers(told)) + 1))
        durable = [event for event in told if isinstance(event, DurableMessage)]
        assert isinstance(durable[0], CallStartedMessage)
        assert isinstance(durable[-1], CallEndedMessage)
        assert page.socket.close_code == 1000


@pytest.mark.parametrize("after", [0, 3, 6])
def test_a_follower_that_comes_back_misses_nothing_and_gets_nothing_twice(address: str, after: int) -> None:
    with a_feed(address, START) as feed:
        feed.say(HUM * 2)
        with Client(address, "/ws/calls/one") as page:
            before = [page.hear_one(DurableMessage) for _ in range(after)]
        with Client(address, f"/ws/calls/one?after={after}") as page:
            feed.say(HUM)
            feed.say(StopMessage())
            told = page.hear_all()
    assert isinstance(told[0], SnapshotMessage)
    assert told[0].after == after
    with Client(address, "/ws/calls/one") as page:
        whole = [event for event in page.hear_all() if isinstance(event, DurableMessage)]
    assert [*before, *(event for event in told if isinstance(event, DurableMessage))] == whole


def test_a_call_that_is_over_is_told_from_the_store(address: str) -> None:
    with a_feed(address, START) as feed:
        feed.say(HUM)
        feed.say(StopMessage())
        last = feed.hear_one(CallEndedMessage).seq
    with Client(address, f"/ws/calls/one?after={last - 2}") as page:
        snapshot, *told = page.hear_all()
        assert isinstance(snapshot, SnapshotMessage)
        assert snapshot.call.state is CallState.ENDED
        assert snapshot.call.duration == 1.0
        assert numbers(told) == [last - 1, last]
        assert page.socket.close_code == 1000


def test_a_number_that_cannot_be_means_all_of_the_call(address: str) -> None:
    with a_feed(address, START) as feed:
        feed.say(StopMessage())
        feed.hear_all()
    for after in ("999", "-1", "x", "1" + 20 * "0", 5000 * "9"):
        with Client(address, f"/ws/calls/one?after={after}") as page:
            assert numbers(page.hear_all()) == [1, 2]


def test_a_call_that_is_not_there_is_said_to_be_unknown(address: str) -> None:
    with Client(address, "/ws/calls/nobody") as page:
        (error,) = page.hear_all()
        assert error == ErrorMessage(ErrorCode.UNKNOWN_CALL, "There is no call nobody in the list of calls.")
        assert page.socket.close_code == CloseCode.NOT_FOUND


def test_an_address_without_a_websocket_is_said_to_be_none(address: str) -> None:
    with Client(address, "/ws/elsewhere") as page:
        (error,) = page.hear_all()
        assert isinstance(error, ErrorMessage)
        assert error.text == "There is no websocket at /ws/elsewhere; docs/protocol.md says which there are."
        assert page.socket.close_code == CloseCode.NOT_FOUND


def test_following_the_newest_call_goes_from_call_to_call(address: str) -> None:
    with Client(address, "/ws/follow") as page:
        assert page.hear() == WaitingMessage()
        with a_feed(address, START) as first:
            assert page.hear_one(SnapshotMessage).call.id == "one"
            first.say(HUM)
            assert page.hear_one(DurableMessage).seq == 1
            with a_feed(address, structs.replace(START, call="two")) as second:
                assert page.hear_one(SnapshotMessage).call.id == "two"
                second.say(StopMessage())
                page.hear_one(CallEndedMessage)
            assert page.hear_one(SnapshotMessage).call.id == "one"
            first.say(StopMessage())
            page.hear_one(CallEndedMessage)
        assert page.hear_one(WaitingMessage) == WaitingMessage("Kim")


def test_following_the_newest_call_goes_on_from_a_number_if_it_is_still_that_call(address: str) -> None:
    with a_feed(address, START) as feed:
        feed.say(HUM)
        with Client(address, "/ws/follow") as page:
            page.hear_one(DurableMessage, lambda event: event.seq == 2)
        with Client(address, "/ws/follow?call=one&after=2") as page:
            assert page.hear_one(SnapshotMessage).after == 2
            assert page.hear_one(DurableMessage).seq == 3
        with Client(address, "/ws/follow?call=another&after=2") as page:
            assert page.hear_one(SnapshotMessage).after == 0
        feed.say(StopMessage())
        feed.hear_all()


def test_a_page_pauses_the_call_and_switches_cues(address: str) -> None:
    with a_feed(address, START) as feed, Client(address, "/ws/follow") as page:
        page.say(SwitchCuesMessage("one", on=False))
        assert page.hear_one(CuesSwitchedMessage).on is False
        page.say(PauseCallMessage("one"))
        page.hear_one(PausedMessage)
        with Client(address, "/ws/calls/one") as late:
            snapshot = late.hear_one(SnapshotMessage)
            assert (snapshot.paused, snapshot.cues_on) == (True, False)
        page.say(ResumeCallMessage("one"))
        page.hear_one(ResumedMessage)
        feed.say(StopMessage())
        feed.hear_all()


def test_a_page_keeps_to_the_agent_of_its_first_call(address: str) -> None:
    with a_feed(address, START) as kims, Client(address, "/ws/follow") as page:
        assert page.hear_one(SnapshotMessage).call.id == "one"
        with a_feed(address, structs.replace(START, call="two", agent="Pat")) as pats:
            assert [call.agent for call in page.hear_one(RunningMessage, others).calls] == ["Pat", "Kim"]
            kims.say(NoteMessage(0.0, "hm"))
            assert page.hear_one(DurableMessage, lambda event: event.seq == 2) == NotedMessage(0.0, "hm", seq=2)
            kims.say(StopMessage())
            page.hear_one(CallEndedMessage)
            assert page.hear_one(WaitingMessage).agent == "Kim"
            pats.say(StopMessage())
            pats.hear_all()
        with a_feed(address, structs.replace(START, call="three")) as again:
            assert page.hear_one(SnapshotMessage).call.id == "three"
            again.say(StopMessage())


def others(running: RunningMessage) -> bool:
    return len(running.calls) > 1


def test_a_page_that_names_its_agent_is_told_of_her_calls_only(address: str) -> None:
    with Client(address, "/ws/follow?agent=Pat") as page:
        assert page.hear() == WaitingMessage("Pat")
        with a_feed(address, START) as kims:
            assert [call.id for call in page.hear_one(RunningMessage, lambda it: bool(it.calls)).calls] == ["one"]
            with a_feed(address, structs.replace(START, call="two", agent="Pat")) as pats:
                assert page.hear_one(SnapshotMessage).call.id == "two"
                pats.say(StopMessage())
                page.hear_one(CallEndedMessage)
            assert page.hear_one(WaitingMessage) == WaitingMessage("Pat")
            kims.say(StopMessage())


def test_a_page_that_asks_for_anyones_call_is_told_of_each_newest(address: str) -> None:
    with a_feed(address, START) as kims, Client(address, "/ws/follow?any") as page:
        assert page.hear_one(SnapshotMessage).call.id == "one"
        with a_feed(address, structs.replace(START, call="two", agent="Pat")) as pats:
            assert page.hear_one(SnapshotMessage).call.id == "two"
            pats.say(StopMessage())
        assert page.hear_one(SnapshotMessage).call.id == "one"
        kims.say(StopMessage())
        assert page.hear_one(WaitingMessage) == WaitingMessage(None)


def test_a_command_for_another_call_than_the_one_followed_is_refused(address: str) -> None:
    other = structs.replace(START, call="two", agent="Pat")
    with (
        a_feed(address, START) as kims,
        a_feed(address, other) as pats,
        Client(address, "/ws/follow?agent=Pat") as page,
        Client(address, "/ws/calls/two") as single,
    ):
        for follower in (page, single):
            follower.hear_one(SnapshotMessage)
            for command in (PauseCallMessage("one"), ResumeCallMessage("one"), SwitchCuesMessage("one", on=False)):
                follower.say(command)
                error = follower.hear_one(ErrorMessage)
                assert error.code is ErrorCode.OTHER_CALL
                assert error.text == "This page follows call two; what it asked of call one was not done."
        for feed in (kims, pats):
            feed.say(StopMessage())
            feed.hear_all()
    for call in ("one", "two"):
        with Client(address, f"/ws/calls/{call}") as told:
            assert not [event for event in told.hear_all() if isinstance(event, PausedMessage | CuesSwitchedMessage)]


def test_a_page_that_comes_back_gets_the_rest_of_a_call_that_ended_meanwhile(address: str) -> None:
    with a_feed(address, START) as feed:
        with Client(address, "/ws/follow") as page:
            page.hear_one(DurableMessage)
        feed.say(NoteMessage(0.0, "hm"))
        feed.say(StopMessage())
        feed.hear_all()
    with Client(address, "/ws/follow?agent=Kim&call=one&after=1") as page:
        snapshot, *told = [page.hear() for _ in range(3)]
        assert isinstance(snapshot, SnapshotMessage)
        assert (snapshot.call.state, snapshot.after) == (CallState.ENDED, 1)
        assert told == [NotedMessage(0.0, "hm", seq=2), CallEndedMessage(0.0, EndReason.STOPPED, seq=3)]
        assert page.hear() == WaitingMessage("Kim")
    with Client(address, "/ws/follow?agent=Pat&call=one&after=1") as page:
        assert page.hear() == WaitingMessage("Pat")


def test_a_page_is_told_when_the_call_that_it_shows_is_deleted(address: str) -> None:
    with Client(address, "/ws/follow") as page, Client(address, "/ws/follow?agent=Pat") as other:
        with a_feed(address, START) as feed:
            page.hear_one(SnapshotMessage)
            feed.say(StopMessage())
            feed.hear_all()
        page.hear_one(WaitingMessage)
        assert httpx.delete(f"{address}/api/calls/one").status_code == 204
        assert page.hear_one(DeletedMessage).call == "one"
        with a_feed(address, START) as feed:  # the id is free again
            assert page.hear_one(SnapshotMessage).call.id == "one"
            feed.say(StopMessage())
            page.hear_one(CallEndedMessage)
        page.hear_one(WaitingMessage)
        with a_feed(address, structs.replace(START, call="two", agent="Pat")) as feed:
            while not isinstance(told := other.hear(), SnapshotMessage):
                assert not isinstance(told, DeletedMessage)
            while not isinstance(told := page.hear(), RunningMessage) or told.calls == []:
                assert not isinstance(told, DeletedMessage)
    with Client(address, "/ws/follow?call=gone&after=7") as page:
        assert page.hear() == DeletedMessage("gone")


def test_a_call_that_is_deleted_while_its_past_is_told_is_said_to_be_gone(
    address: str, settings: ServerSettings
) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    call = CallInfo(
        id="past", agent="Kim", title=None, layout=Layout.MIXED, rate=8000, started_at=at, state=CallState.ENDED
    )
    with Store(Path(str(settings.data_folder))) as store:
        store.keep(call, [Stored(k, write(NotedMessage(0.0, "x" * 900, seq=k))) for k in range(1, 20_001)])
    with Client(address, "/ws/calls/past", sock=narrow(address), max_queue=1) as page:
        page.hear_one(DurableMessage)
        assert httpx.delete(f"{address}/api/calls/past").status_code == 204
        *told, error = page.hear_all()
        assert len(told) < 20_000
        assert error == ErrorMessage(ErrorCode.UNKNOWN_CALL, "Call past was deleted while it was being followed.")
        assert page.socket.close_code == CloseCode.NOT_FOUND


def test_a_follower_hears_that_the_server_is_there_while_nothing_happens(address: str) -> None:
    with Client(address, "/ws/follow") as waiting:
        while not isinstance(waiting.hear_any(), AliveMessage):
            pass
        with a_feed(address, START), Client(address, "/ws/calls/one") as stalled:
            stalled.hear_one(DurableMessage)
            for _ in range(2):
                while not isinstance(stalled.hear_any(), AliveMessage):
                    pass


def test_what_a_page_must_not_send_is_answered_and_it_goes_on_following(address: str) -> None:
    with Client(address, "/ws/follow") as page:
        page.hear_one(WaitingMessage)
        for nonsense in ("{oops", b"\x00\x01", '{"type": "stop"}', '{"type": "pause"}', ""):
            page.say(nonsense)
            assert page.hear_one(ErrorMessage).code is ErrorCode.BAD_MESSAGE
        page.say(PauseCallMessage("one"))
        assert page.hear_one(ErrorMessage).code is ErrorCode.UNKNOWN_CALL
        with a_feed(address, START) as feed:
            page.hear_one(SnapshotMessage)
            feed.say(StopMessage())
            page.hear_one(CallEndedMessage)


def test_a_follower_that_does_not_read_loses_stale_levels_and_nothing_else(
    settings: ServerSettings, engine: Engine
) -> None:
    with (
        serving(replace(settings, ping_s=60.0), engine) as address,
        a_feed(address, START) as feed,
        Client(address, "/ws/calls/one", sock=narrow(address), max_queue=1) as slow,
        Client(address, "/ws/calls/one") as quick,
    ):
        for k in range(600):
            feed.say(NoteMessage(0.0, f"{k} " + "x" * 990))
        for _ in range(30):
            feed.say(HUM)
        feed.say(NoteMessage(0.0, "done"))
        everything = [quick.hear()]
        while not (isinstance(everything[-1], NotedMessage) and everything[-1].text == "done"):
            everything.append(quick.hear())
        feed.say(StopMessage())
        everything += quick.hear_all()
        told = slow.hear_all()
    assert [event for event in told if isinstance(event, DurableMessage)] == [
        event for event in everything if isinstance(event, DurableMessage)
    ]
    levels = [sum(isinstance(event, LevelMessage) for event in messages) for messages in (told, everything)]
    assert levels[0] < levels[1] / 4


@pytest.mark.parametrize("path", ["/ws/calls/one", "/ws/follow?call=one", "/ws/feed"])
def test_a_store_that_cannot_be_read_is_said_before_the_line_is_closed(
    address: str, settings: ServerSettings, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    with Store(Path(settings.data_folder or "")) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE calls")
    with Client(address, path) as client:
        if path == "/ws/feed":
            client.say(START)
        error = client.hear_one(ErrorMessage)
        assert (error.code, "cannot be read" in error.text) == (ErrorCode.NOT_READ, True)
        assert client.hear_all() == []
        assert client.socket.close_code == CloseCode.TRY_LATER
    assert [record for record in caplog.records if record.exc_info] == []
