"""Analysis: the same findings as live, kept and written; one bad file stops no other; memory holds no call."""

import csv
import tracemalloc
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from command_line import CommandLine
from sounds import hear

from audio.frame import SAMPLE_RATE, Channel, Samples, to_samples
from audio.sources.files import open_recording
from server.demo import DEMO_CALL
from server.live.registry import Engine
from server.offline.analysis import analyze
from server.offline.batch import Outcome
from server.offline.result_files import COLUMNS, WriteError, write_result
from server.protocol.calls import CallState, Layout
from server.protocol.events.base import DurableMessage
from server.protocol.events.call import CallEndedMessage
from server.protocol.messages import read_from_server
from server.store.report import Result
from server.store.store import CallDeletedError, Store


@pytest.fixture(scope="module")
def beginning() -> Samples:
    """The first 20 s of the demo call. [shape=(n, 2)]"""
    return np.stack([channel[: to_samples(20)] for channel in hear(DEMO_CALL)], axis=1)


@pytest.fixture
def call_file(tmp_path: Path, beginning: Samples) -> Path:
    soundfile.write(tmp_path / "call.wav", beginning, SAMPLE_RATE)
    return tmp_path / "call.wav"


def nothing(_: float) -> None:
    """Nobody watches the progress."""


def test_every_file_is_analysed_kept_and_written(tmp_path: Path, call_file: Path, beginning: Samples) -> None:
    (tmp_path / "text.wav").write_text("not audio")
    soundfile.write(tmp_path / "mono.wav", beginning.mean(axis=1), SAMPLE_RATE)
    command_line = CommandLine(tmp_path)
    done = command_line.run("analyze", "--json", "--out", "out", "text.wav", call_file, "mono.wav")
    text, call, mono = (msgspec.json.decode(line, type=Outcome) for line in done.stdout.splitlines())
    assert done.returncode == 1
    assert text.status in done.stderr
    assert (call.status, mono.status) == ("ok", "ok")

    result = msgspec.json.decode((tmp_path / "out" / "call" / "result.json").read_bytes(), type=Result)
    assert {turn.channel for turn in result.words if turn.text} == {Channel.AGENT, Channel.CUSTOMER}
    assert result.call.duration == pytest.approx(20, abs=0.02)
    assert result.dynamics is not None
    assert call.agent_share == result.dynamics.agent_share
    with (tmp_path / "out" / "call" / "result.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [float(row["start_s"]) for row in rows] == sorted(float(row["start_s"]) for row in rows)
    assert {"words", "tone", "trend"} <= {row["kind"] for row in rows}

    mixed = msgspec.json.decode((tmp_path / "out" / "mono" / "result.json").read_bytes(), type=Result)
    assert mixed.call.layout is Layout.MIXED
    assert any(turn.text for turn in mixed.words)
    assert (mono.agent_share, mono.highest_trend, mixed.dynamics) == (None, None, None)
    assert [reading.reason for reading in mixed.tone] == ["one mixed channel"]
    assert "one channel: the call is taken as mixed" in done.stderr

    with Store(command_line.data) as store:
        assert {kept.id for kept in store.calls(9)} == {call.call, mono.call}
        assert {kept.state for kept in store.calls(9)} == {CallState.ENDED}


def test_a_folder_is_gone_through_and_a_second_run_takes_up_what_the_first_left(
    tmp_path: Path, beginning: Samples
) -> None:
    (tmp_path / "calls" / "may").mkdir(parents=True)
    for name, part in {"b": beginning[: to_samples(6)], "may/a": beginning[to_samples(6) : to_samples(12)]}.items():
        soundfile.write(tmp_path / "calls" / f"{name}.wav", part, SAMPLE_RATE)
    (tmp_path / "calls" / "bad.wav").write_text("not audio")
    (tmp_path / "calls" / "notes.txt").write_text("not meant")
    command_line = CommandLine(tmp_path)
    first = outcomes(command_line.run("analyze", "--json", "--resume", "calls").stdout)
    assert [(Path(it.path).name, it.status == "ok") for it in first] == [
        ("b.wav", True),
        ("bad.wav", False),
        ("a.wav", True),
    ]
    (tmp_path / "results" / "may" / "a" / "result.json").unlink()
    again = outcomes(command_line.run("analyze", "--json", "--resume", "calls").stdout)
    assert [it.status for it in again if it.path != first[1].path] == ["done before", "ok"]


def outcomes(lines: str) -> list[Outcome]:
    return [msgspec.json.decode(line, type=Outcome) for line in lines.splitlines()]


def test_two_mono_files_are_one_call(tmp_path: Path, beginning: Samples) -> None:
    for name, samples in zip(("agent", "customer"), beginning.T, strict=True):
        soundfile.write(tmp_path / f"{name}.wav", samples[: to_samples(5)], SAMPLE_RATE)
    done = CommandLine(tmp_path).run("analyze", "agent.wav", "--customer", "customer.wav")
    assert done.returncode == 0
    assert "agent, customer" in done.stdout
    assert (tmp_path / "results" / "agent" / "result.json").is_file()


def test_events_are_numbered_without_gaps_and_end_with_the_end(store: Store, engine: Engine, call_file: Path) -> None:
    result = analyze(open_recording(call_file), "call", "Kim", engine, store, False, nothing)
    kept = [read_from_server(event.json) for event in store.events(result.call.id)]
    assert [event.seq for event in kept if isinstance(event, DurableMessage)] == list(range(1, len(kept) + 1))
    assert isinstance(kept[-1], CallEndedMessage)
    assert kept[-1].at == result.call.duration


def test_an_analysis_that_breaks_off_is_kept_as_interrupted(store: Store, engine: Engine, call_file: Path) -> None:
    def stop(now: float) -> None:
        if now > 15:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyze(open_recording(call_file), "call", "Kim", engine, store, False, stop)
    (kept,) = store.calls(9)
    assert kept.state is CallState.INTERRUPTED


def test_a_call_that_is_deleted_while_it_is_analysed_does_not_come_back(
    store: Store, engine: Engine, call_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.offline.analysis._PAGE", 20)

    def delete(now: float) -> None:
        for call in store.calls(9):
            store.delete(call.id)

    with pytest.raises(CallDeletedError, match=r"^Call call-.* was deleted while it was being analysed"):
        analyze(open_recording(call_file), "call", "Kim", engine, store, True, delete)
    assert store.calls(9) == []
    assert not list((store.folder / "audio").iterdir())


def test_memory_holds_no_call(
    store: Store, engine: Engine, tmp_path: Path, beginning: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is held after half a minute stays the same: all the events of the rest would be 3 kB a second."""
    monkeypatch.setattr("server.offline.analysis._PAGE", 50)
    soundfile.write(tmp_path / "long.wav", np.tile(beginning, (4, 1)), SAMPLE_RATE)
    held: dict[int, int] = {}

    def weigh(now: float) -> None:
        if int(now) not in held:
            held[int(now)] = tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        analyze(open_recording(tmp_path / "long.wav"), "long", "Kim", engine, store, False, weigh)
    finally:
        tracemalloc.stop()
    assert max(held[second] for second in range(65, 80)) < max(held[second] for second in range(30, 45)) + 60_000


def test_a_folder_that_cannot_be_written_to_is_said(store: Store, engine: Engine, call_file: Path) -> None:
    result = analyze(open_recording(call_file), "call", "Kim", engine, store, False, nothing)
    with pytest.raises(WriteError, match=r"^The result could not be written to .*: (File exists|Not a directory)\.$"):
        write_result(result, call_file)


def test_the_audio_is_kept_where_it_is_asked_for(store: Store, engine: Engine, call_file: Path) -> None:
    result = analyze(open_recording(call_file), "call", "Kim", engine, store, True, nothing)
    assert result.call.keep_audio
    kept, _ = soundfile.read(store.audio_path(result.call.id), dtype="int16")
    heard = np.concatenate(list(open_recording(call_file).blocks()))
    np.testing.assert_array_equal(kept, heard)
