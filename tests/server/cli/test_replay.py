"""Replay: what a recording comes to is the same as if it had been analysed, and Ctrl-C ends a call in order."""

import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from command_line import CommandLine
from sounds import hear

from audio.frame import SAMPLE_RATE, to_samples
from audio.sources.files import open_recording
from server.app import ServerSettings
from server.cli.client.link import Link, LinkError
from server.cli.client.send import send_call
from server.cli.replay import paced
from server.demo import DEMO_CALL
from server.live.registry import Engine
from server.protocol.calls import CallState
from server.protocol.events.base import DurableMessage
from server.protocol.events.call import CallEndedMessage
from server.protocol.events.cues import DetectionMessage
from server.protocol.events.tone import ToneMessage
from server.protocol.events.turns import TurnEndedMessage, TurnStartedMessage
from server.protocol.events.words import WordsMessage
from server.protocol.ids import call_id, start_of
from server.protocol.messages import FromServer, read_from_server
from server.serve import serving
from server.store.store import Store

KINDS = (TurnStartedMessage, TurnEndedMessage, WordsMessage, ToneMessage, DetectionMessage)


@pytest.fixture
def call_file(tmp_path: Path) -> Path:
    """15 s of the demo call."""
    wave = np.stack([channel[: to_samples(15)] for channel in hear(DEMO_CALL)], axis=1)
    soundfile.write(tmp_path / "call.wav", wave, SAMPLE_RATE)
    return tmp_path / "call.wav"


@pytest.fixture
def port() -> int:
    """One that is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def nothing(_: FromServer) -> None:
    """Nobody looks on."""


def found(told: list[FromServer], kind: type[DurableMessage]) -> list[DurableMessage]:
    """What does not depend on how a call was played, sorted, without the numbers: two decoders may swap words."""
    return sorted((msgspec.structs.replace(event, seq=0) for event in told if isinstance(event, kind)), key=str)


def test_a_replay_comes_to_the_same_as_an_analysis(tmp_path: Path, call_file: Path, port: int) -> None:
    command_line = CommandLine(tmp_path)
    replayed = command_line.run("replay", call_file, "--speed", 5, "--port", port, "--json")
    analysed = command_line.run("analyze", call_file, "--json")
    assert (replayed.returncode, analysed.returncode) == (0, 0)
    live = [read_from_server(line) for line in replayed.stdout.splitlines()]
    with Store(command_line.data) as store:
        calls = store.calls(9)
        assert [call.state for call in calls] == [CallState.ENDED] * 2
        kept = {call.id: [read_from_server(event.json) for event in store.events(call.id)] for call in calls}
    id_of_analysis = msgspec.json.decode(analysed.stdout)["call"]
    other = kept.pop(id_of_analysis)
    (stored,) = kept.values()
    assert stored == live
    for kind in KINDS:
        assert found(live, kind) == found(other, kind)
    assert len(found(live, WordsMessage)) > 1
    assert len(found(live, ToneMessage)) > 1


def test_ctrl_c_ends_a_replay_with_nothing_lost(tmp_path: Path, call_file: Path, port: int) -> None:
    command_line = CommandLine(tmp_path)
    with command_line.start("replay", call_file, "--port", port, "--json") as process:
        assert process.stdout is not None
        told = [read_from_server(next(process.stdout))]
        while not isinstance(told[-1], TurnStartedMessage):
            told.append(read_from_server(next(process.stdout)))
        process.send_signal(signal.SIGINT)
        told += [read_from_server(line) for line in process.stdout]
    assert process.returncode == 0
    assert isinstance(told[-1], CallEndedMessage)
    assert told[-1].at < 14
    assert len(found(told, WordsMessage)) == len(found(told, TurnStartedMessage)) > 0
    with Store(command_line.data) as store:
        (call,) = store.calls(9)
        assert call.state is CallState.ENDED
        assert [read_from_server(event.json) for event in store.events(call.id)] == told
    assert "Traceback" not in command_line.errors


def test_sigterm_while_the_server_is_away_ends_a_replay_at_once_and_says_why(
    tmp_path: Path, call_file: Path, port: int
) -> None:
    command_line = CommandLine(tmp_path)
    with command_line.start("serve", "--port", port, errors_too=True) as server:
        assert server.stdout is not None
        assert any("The agent's page is at" in line for line in server.stdout)
        with command_line.start("replay", call_file, "--port", port, "--json", errors_too=True) as process:
            assert process.stdout is not None
            assert any(line.startswith("{") for line in process.stdout)
            server.kill()
            assert any("was lost; trying again." in line for line in process.stdout)
            process.send_signal(signal.SIGTERM)
            *_, last = process.stdout
    assert process.returncode == 1
    assert last.startswith("calmline: Call call-")
    assert last.endswith("what it had stored is kept.\n")


def test_a_server_that_runs_is_used(settings: ServerSettings, engine: Engine, tmp_path: Path, call_file: Path) -> None:
    with serving(settings, engine) as address:
        done = CommandLine(tmp_path).run("replay", call_file, "--speed", 50, "--port", address.rpartition(":")[2])
    assert done.returncode == 0
    assert "the call is over (stopped)" in done.stdout
    with Store(tmp_path / "data") as store:  # the running server's, not that of a server of the command's own
        (call,) = store.calls(9)
    assert call.title == "call"


def test_a_server_that_wants_another_token_is_named(settings: ServerSettings, engine: Engine, call_file: Path) -> None:
    start = start_of(open_recording(call_file), "call", "Kim")
    with serving(replace(settings, token="the right token of it"), engine) as address:
        with pytest.raises(LinkError, match=r"token"):
            send_call(Link(address, "wrong"), start, [], nothing)
        send_call(Link(address, "the right token of it"), start, [], nothing)


def test_a_call_that_is_refused_says_why(address: str, call_file: Path) -> None:
    start = start_of(open_recording(call_file), "call", "Kim")
    send_call(Link(address, None), start, [], nothing)
    with pytest.raises(LinkError, match=r"^There is a call .* already, and it is over; start this one under another "):
        send_call(Link(address, None), start, [], nothing)


def test_a_source_that_fails_ends_its_call_in_order(address: str, call_file: Path) -> None:
    told: list[FromServer] = []

    def failing() -> Iterator[bytes]:
        yield bytes(4 * SAMPLE_RATE)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        send_call(Link(address, None), start_of(open_recording(call_file), "call", "Kim"), failing(), told.append)
    assert isinstance(told[-1], CallEndedMessage)
    assert told[-1].at == 1


def test_an_interrupted_replay_sends_no_more(call_file: Path) -> None:
    recording = open_recording(call_file)
    answers = iter([False] * 10)
    assert len(list(paced(recording, 100, lambda: next(answers, True)))) < 10


def test_every_call_has_an_id_of_its_own() -> None:
    assert len({call_id("Überraschung: a call") for _ in range(100)}) == 100
    assert call_id("Überraschung: a call").startswith("berraschung-a-call-")
    assert call_id("...").startswith("call-")
    assert len(call_id("long" * 100)) <= 64
