"""What becomes of a follower that reads nothing any more, or breaks the protocol: it is let go without a fault."""

import logging
import select
from dataclasses import replace

import pytest
from wire import Client, a_feed, narrow

from server.app import ServerSettings
from server.live.registry import Engine
from server.protocol.events.call import CallEndedMessage
from server.protocol.messages import NoteMessage, SnapshotMessage, StartMessage, StopMessage
from server.serve import serving

START = StartMessage(call="one", agent="Kim", rate=8000)
PATIENCE_MS = 30_000


def test_a_follower_that_reads_nothing_is_let_go(
    settings: ServerSettings, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.WARNING),
        serving(replace(settings, ping_s=0.5), engine) as address,
        a_feed(address, START) as feed,
    ):
        for number in range(1_000):
            feed.say(NoteMessage(0.0, f"{number} " + "x" * 900))
        mute = narrow(address)
        cut = select.poll()
        cut.register(mute, select.POLLERR | select.POLLHUP)
        with Client(address, "/ws/calls/one", sock=mute, max_queue=1):
            assert cut.poll(PATIENCE_MS)
        feed.say(StopMessage())
        feed.hear_one(CallEndedMessage)
    assert caplog.records == []


def test_a_follower_that_breaks_the_protocol_is_let_go(
    settings: ServerSettings, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.WARNING),
        serving(settings, engine) as address,
        a_feed(address, START) as feed,
    ):
        for _ in range(20):
            with Client(address, "/ws/calls/one") as broken:
                broken.hear_one(SnapshotMessage)
                broken.socket.socket.sendall(b"\xff" * 64)
                for _ in range(20):
                    feed.say(NoteMessage(0.0, "hm"))
                broken.hear_all()
        feed.say(StopMessage())
        feed.hear_one(CallEndedMessage)
    assert caplog.records == []
