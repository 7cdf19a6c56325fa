"""Starting and stopping the server, the hard way included."""

import signal
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from msgspec import structs
from server_process import a_process
from wire import Client, a_feed

from server.app import ServerSettings
from server.live.registry import Engine
from server.protocol.calls import CallState
from server.protocol.events.base import DurableMessage
from server.protocol.events.call import CallEndedMessage
from server.protocol.events.tone import TrendMessage
from server.protocol.messages import SnapshotMessage, StartMessage
from server.serve import ServeError, bind, serving
from server.store.store import Store

START = StartMessage(call="one", agent="Kim", rate=8000, keep_audio=True)
HUM = np.random.default_rng(1).normal(0, 100, (8000, 2)).astype("<i2").tobytes()  # a second of quiet noise


def test_a_port_that_is_taken_is_said_in_one_sentence(settings: ServerSettings) -> None:
    with bind(settings) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ServeError, match=rf"^Port {port} of 127\.0\.0\.1 is taken, .* or choose another port\.$"):
            bind(replace(settings, port=port))


def test_a_host_that_is_not_there_is_said_in_one_sentence(settings: ServerSettings) -> None:
    with pytest.raises(ServeError, match=r"^Expected a host and port to listen on; 192\.0\.2\.1:0 is not: .*\.$"):
        bind(replace(settings, host="192.0.2.1", token="a token of some length"))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "desk.example"])
def test_other_machines_are_not_let_in_without_a_token(settings: ServerSettings, host: str) -> None:
    with pytest.raises(ServeError, match=r"starts with a token only"):
        bind(replace(settings, host=host))


def test_a_server_that_is_told_to_stop_leaves_its_calls_to_the_next_one(
    settings: ServerSettings, engine: Engine
) -> None:
    with serving(settings, engine) as address, a_feed(address, START) as feed:
        feed.say(HUM)
        with Client(address, "/ws/calls/one") as page:
            page.hear_one(TrendMessage, lambda trend: trend.at == 0.5)
    with Store(Path(settings.data_folder or "")) as store:
        call = store.call("one")
        assert call is not None
        assert (call.state, call.duration) == (CallState.INTERRUPTED, 1.0)
        assert [event.seq for event in store.events("one")] == [*range(1, store.last("one") + 1)]


def test_kill_9_loses_nothing_that_a_follower_was_shown(settings: ServerSettings) -> None:
    with (
        a_process(settings) as (process, address),
        a_feed(address, START) as feed,
        Client(address, "/ws/follow") as page,
    ):
        for _ in range(5):
            feed.say(HUM)
        shown = [page.hear_one(DurableMessage)]
        while shown[-1].seq < 12:
            shown.append(page.hear_one(DurableMessage))
        process.send_signal(signal.SIGKILL)
        shown += [event for event in page.hear_all() if isinstance(event, DurableMessage)]
    with a_process(settings) as (_, address):
        assert [call["state"] for call in httpx.get(f"{address}/api/calls").json()["calls"]] == ["interrupted"]
        with Client(address, "/ws/calls/one") as page:
            snapshot, *kept = page.hear_all()
        assert isinstance(snapshot, SnapshotMessage)
        assert snapshot.call.state is CallState.INTERRUPTED
        assert kept[: len(shown)] == shown
        audio = httpx.get(f"{address}/api/calls/one/audio").content
        assert HUM.startswith(audio[44:16_000])
        assert len(audio) > 16_000
        with a_feed(address, structs.replace(START, call="two")) as feed:
            feed.say('{"type": "stop"}')
            feed.hear_one(CallEndedMessage)
