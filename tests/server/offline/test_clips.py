"""`calmline tone`: one line a file, on standard output alone, whatever became of the file."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from command_line import CommandLine
from sounds import hear

from audio.frame import SAMPLE_RATE, Samples, to_samples
from audio.speech.vad import load_vad
from models.tone.onnx_tone import OnnxTone, shipped
from server.demo import DEMO_CALL
from server.offline.clips import LONGEST_S, FileTone, TooLongError, customer_of, read_file


@pytest.fixture(scope="module")
def voices() -> tuple[Samples, Samples]:
    """The agent's and the customer's first words of the demo call."""
    agent, customer = hear(DEMO_CALL)
    return agent[: to_samples(20)], customer[: to_samples(20)]


def test_each_file_gets_its_line_and_a_bad_one_stops_no_other(tmp_path: Path, voices: tuple[Samples, Samples]) -> None:
    soundfile.write(tmp_path / "speech.wav", voices[1], SAMPLE_RATE)
    soundfile.write(tmp_path / "silence.wav", np.zeros(SAMPLE_RATE * 3), SAMPLE_RATE)
    (tmp_path / "text.wav").write_text("not audio")
    done = CommandLine(tmp_path).run("tone", "--json", "speech.wav", "text.wav", "none.wav", "silence.wav")
    lines = [msgspec.json.decode(line, type=FileTone) for line in done.stdout.splitlines()]
    speech, text, none, silence = lines
    assert [line.path for line in lines] == ["speech.wav", "text.wav", "none.wav", "silence.wav"]
    assert speech.status == "ok"
    assert all(figure is not None for figure in (speech.anger, speech.arousal, speech.valence, speech.confidence))
    assert silence.status == "not speech"
    assert silence.anger is None
    assert none.status == "There is no file none.wav."
    assert "text.wav" in text.status
    assert done.stderr.splitlines() == [text.status, none.status]
    assert done.returncode == 1


def test_no_reading_is_no_failure(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    done = CommandLine(tmp_path).run("tone", "silence.wav")
    assert done.returncode == 0
    assert "not speech" in done.stdout
    assert done.stderr == ""


def test_of_two_channels_the_customers_is_read(tmp_path: Path, voices: tuple[Samples, Samples]) -> None:
    models = OnnxTone(), load_vad()
    agent, customer = voices
    soundfile.write(tmp_path / "customer.wav", customer, SAMPLE_RATE)
    soundfile.write(tmp_path / "call.wav", np.stack((agent, customer), axis=1), SAMPLE_RATE)
    soundfile.write(tmp_path / "other.wav", np.stack((agent[::-1], customer), axis=1), SAMPLE_RATE)
    alone, call, other = (read_file(tmp_path / f"{name}.wav", *models) for name in ("customer", "call", "other"))
    assert alone.status == "ok"
    assert msgspec.structs.astuple(alone)[1:] == msgspec.structs.astuple(call)[1:] == msgspec.structs.astuple(other)[1:]


def test_a_call_is_no_clip(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "call.flac", np.zeros(round((LONGEST_S + 1) * 8000)), 8000)
    with pytest.raises(TooLongError, match=r"call.flac was expected to be a clip of 10 minutes at most"):
        customer_of(tmp_path / "call.flac")


@pytest.mark.parametrize("weights", ["tone-open", "tone-research", "file"])
def test_weights_go_by_name_or_by_file(tmp_path: Path, voices: tuple[Samples, Samples], weights: str) -> None:
    soundfile.write(tmp_path / "speech.wav", voices[1], SAMPLE_RATE)
    named = str(shipped("research")) if weights == "file" else weights
    done = CommandLine(tmp_path).run("tone", "--json", "--weights", named, "speech.wav")
    line = msgspec.json.decode(done.stdout, type=FileTone)
    assert (done.returncode, line.status) == (0, "ok")
    model = OnnxTone(shipped("open" if weights == "tone-open" else "research"))
    assert line == msgspec.structs.replace(read_file(tmp_path / "speech.wav", model, load_vad()), path="speech.wav")


def test_weights_that_are_not_there_are_told_in_one_sentence(tmp_path: Path) -> None:
    done = CommandLine(tmp_path).run("tone", "--weights", "model.onnx", "speech.wav")
    assert done.returncode == 1
    assert "The tone model model.onnx is missing: name tone-open, tone-research or an ONNX file." in done.stderr
