"""A server that stops in the middle of a call, and is started again: our own client goes on with the call."""

import signal
import socket
from collections import Counter
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from command_line import CommandLine
from sounds import hear

from audio.frame import SAMPLE_RATE, to_samples
from server.demo import DEMO_CALL
from server.protocol.calls import CallState
from server.protocol.events.base import DurableMessage
from server.protocol.events.call import CallEndedMessage, EndReason, NotedMessage
from server.protocol.events.turns import DynamicsMessage, TurnEndedMessage, TurnStartedMessage
from server.protocol.events.words import WordsMessage
from server.protocol.messages import read_from_server
from server.store.store import Store

SECONDS = 40


@pytest.fixture
def port() -> int:
    """One that is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def call_file(tmp_path: Path) -> Path:
    wave = np.stack([channel[: to_samples(SECONDS)] for channel in hear(DEMO_CALL)], axis=1)
    soundfile.write(tmp_path / "call.wav", wave, SAMPLE_RATE, subtype="PCM_16")
    return tmp_path / "call.wav"


def turns(events: list[DurableMessage], kind: type[TurnStartedMessage | TurnEndedMessage | WordsMessage]) -> Counter:
    return Counter((it.channel, it.turn) for it in events if isinstance(it, kind))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_replay_goes_on_over_a_server_that_stopped_and_was_started_again(
    tmp_path: Path, call_file: Path, port: int, end: signal.Signals
) -> None:
    """At 6 times its own pace words are behind when the server stops."""
    servers, client = CommandLine(tmp_path), CommandLine(tmp_path / "client")
    client.home.mkdir()
    with servers.start("serve", "--port", port, errors_too=True) as server:
        assert server.stdout is not None
        assert any("The agent's page is at" in line for line in server.stdout)
        replay = client.start("replay", call_file, "--port", port, "--speed", 6, "--keep-audio", "--json")
        assert replay.stdout is not None
        shown = [read_from_server(next(replay.stdout))]
        while not (isinstance(shown[-1], TurnStartedMessage) and shown[-1].at > 10):
            shown.append(read_from_server(next(replay.stdout)))
        server.send_signal(end)
    with servers.start("serve", "--port", port, errors_too=True) as server:
        with replay:
            shown += [read_from_server(line) for line in replay.stdout]
        address = f"http://127.0.0.1:{port}"
        audio = httpx.get(f"{address}/api/calls/{httpx.get(f'{address}/api/calls').json()['calls'][0]['id']}/audio")
        server.terminate()
    assert replay.returncode == 0
    events = [event for event in shown if isinstance(event, DurableMessage)]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert isinstance(events[-1], CallEndedMessage)
    assert (events[-1].reason, events[-1].at) == (EndReason.STOPPED, SECONDS)
    ended = turns(events, TurnEndedMessage)
    assert set(ended.values()) == {1}
    assert turns(events, TurnStartedMessage) == ended == turns(events, WordsMessage)
    ticks = [event.at for event in events if isinstance(event, DynamicsMessage)]
    assert ticks[: 2 * SECONDS] == [tick / 2 for tick in range(1, 2 * SECONDS + 1)]
    (note,) = [event.text for event in events if isinstance(event, NotedMessage) and "restarted" in event.text]
    assert note.startswith("The server was restarted at 0:1")
    said = " ".join(event.text for event in events if isinstance(event, WordsMessage)).lower()
    assert said.count("how can i help you") == 1
    with Store(servers.data) as store:
        (call,) = store.calls(9)
        assert call.state is CallState.ENDED
        assert [read_from_server(event.json) for event in store.events(call.id)] == events
    assert audio.content[44:] == call_file.read_bytes()[44:]
    assert "was lost; trying again." in client.errors
