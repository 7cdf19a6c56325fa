"""A server that is told to stop ends in time, whatever hangs, with what its calls had come to."""

import os
import signal
import socket
import sqlite3
import time
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from hanging_server import Running, a_hanging_server
from websockets.exceptions import ConnectionClosed
from wire import Client, a_feed

from audio.sources.files import open_recording
from server.app import ServerSettings
from server.protocol.calls import CallState
from server.protocol.events.base import DurableMessage, Message
from server.protocol.events.call import StatusMessage
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.events.turns import TurnEndedMessage, TurnStartedMessage
from server.protocol.events.words import WordsMessage
from server.protocol.messages import StartMessage, StopMessage, read_from_server
from server.shutdown import DEADLINE_S
from server.store.store import Store

START = StartMessage(call="one", agent="Kim", rate=8000)
GUARD_S = 10 * DEADLINE_S  # for a machine that is busy; that it ends by itself is what counts


@pytest.fixture(scope="session")
def talk(recorded_call: Path) -> bytes:
    """The first 25 s of a real call, PCM16 at 8 kHz, both of them speaking."""
    return b"".join(block.astype("<i2").tobytes() for block in islice(open_recording(recorded_call).blocks(1.0), 25))


def turns(
    told: list[Message], kind: type[TurnStartedMessage | TurnEndedMessage | WordsMessage]
) -> list[tuple[str, int]]:
    return sorted((it.channel, it.turn) for it in told if isinstance(it, kind))


def stop(server: Running) -> int:
    """Tell it to stop; its exit status."""
    server.process.send_signal(signal.SIGTERM)
    return server.process.wait(GUARD_S)


def events(settings: ServerSettings) -> list[Message]:
    with Store(Path(settings.data_folder or "")) as store:
        store.recover()
        call = store.call("one")
        assert call is not None
        assert call.state is CallState.INTERRUPTED  # the next server may go on with it
        return [read_from_server(event.json) for event in store.events("one", 0, 10_000)]


def assert_cut_short(told: list[Message], text: str) -> None:
    error = told[-1]
    assert isinstance(error, ErrorMessage)
    assert (error.code, text in error.text) == (ErrorCode.CUT_SHORT, True)


def test_while_feeds_go_on_and_followers_do_not_read_it_ends_in_order(settings: ServerSettings, talk: bytes) -> None:
    with a_hanging_server(settings) as server, a_feed(server.address, START) as feed:
        follower = Client(server.address, "/ws/calls/one", max_size=None)
        deaf = Client(server.address, "/ws/calls/one", max_queue=1)
        for second in range(25):
            feed.say(talk[second * 32_000 : (second + 1) * 32_000])
        follower.hear_one(TurnEndedMessage)
        assert stop(server) == 0
        with suppress(ConnectionClosed):
            while True:
                feed.say(bytes(32_000))
        shown = [it for it in follower.hear_all() if isinstance(it, DurableMessage)]
        for client in (follower, deaf):
            client.drop()
        assert server.log == ""
    kept = events(settings)
    assert kept[-len(shown) :] == shown
    assert turns(kept, TurnStartedMessage) == turns(kept, TurnEndedMessage) == turns(kept, WordsMessage) != []


@pytest.mark.parametrize("part", ["tone", "sound"])
def test_where_a_thread_hangs_the_call_ends_with_what_it_has(settings: ServerSettings, talk: bytes, part: str) -> None:
    with a_hanging_server(settings, part) as server, a_feed(server.address, START) as feed:
        with Client(server.address, "/ws/calls/one") as page:
            feed.say(talk)
            page.hear_one(StatusMessage, lambda status: max(status.lag, status.tone_lag) > 1)
        assert stop(server) == 1
        assert "Traceback" not in server.log
        assert server.log.count("The server stopped before all was done") == 1
    assert_cut_short(events(settings), "s of audio were not followed")


def test_where_the_words_process_hangs_turns_wait_for_their_words(settings: ServerSettings, talk: bytes) -> None:
    with a_hanging_server(settings, "words") as server, a_feed(server.address, START) as feed:
        children = psutil.Process(server.process.pid).children(recursive=True)
        words = next(child for child in children if "spawn_main" in " ".join(child.cmdline()))
        os.kill(words.pid, signal.SIGSTOP)
        with Client(server.address, "/ws/calls/one") as page:
            feed.say(talk)
            feed.say(StopMessage())
            page.hear_one(StatusMessage, lambda status: status.words_lag > 1 and status.at > 20)
        assert stop(server) == 1
        assert "Traceback" not in server.log
        words.wait(GUARD_S)
    kept = events(settings)
    assert_cut_short(kept, "0.0 s of audio were not followed, and ")
    assert len(turns(kept, TurnEndedMessage)) > len(turns(kept, WordsMessage)) == 0


def test_where_the_store_is_locked_it_ends_and_everything_is_stored_later(
    settings: ServerSettings, talk: bytes
) -> None:
    with (
        a_hanging_server(settings) as server,
        closing(sqlite3.connect(Path(settings.data_folder or "") / "calmline.db", isolation_level=None)) as other,
        a_feed(server.address, START) as feed,
        Client(server.address, "/ws/calls/one") as page,
    ):
        page.hear_one(StatusMessage)
        other.execute("BEGIN IMMEDIATE")
        feed.say(talk)
        shown = page.hear_one(TurnEndedMessage)
        assert stop(server) == 0
        assert "Traceback" not in server.log
    told = events(settings)
    assert shown in told
    assert turns(told, TurnStartedMessage) == turns(told, TurnEndedMessage) != []


def test_a_second_signal_ends_it_at_once(settings: ServerSettings, talk: bytes) -> None:
    with a_hanging_server(settings, "tone") as server, a_feed(server.address, START) as feed:
        with Client(server.address, "/ws/calls/one") as page:
            feed.say(talk)
            page.hear_one(StatusMessage, lambda status: status.tone_lag > 1)
        server.process.send_signal(signal.SIGTERM)
        where = urlsplit(server.address)
        with suppress(ConnectionRefusedError):
            while server.process.poll() is None:
                socket.create_connection((where.hostname, where.port)).close()
                time.sleep(0)  # the first signal is dealt with once nobody is let in
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(GUARD_S) == 1
        assert server.log == ""  # nothing was waited for, and nothing said
