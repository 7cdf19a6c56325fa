"""The command line: what goes wrong is one sentence on standard error and exit status 1, whatever it was."""

import ctypes.util
import hashlib
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import CommandLine
from typer.testing import CliRunner

from models.tone.onnx_tone import shipped
from server.cli.main import app
from server.demo import DEMO_CALL


@pytest.fixture
def calmline(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence that a command ended with."""
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith(".\n")
    return done.stderr


def test_help_loads_no_models_and_no_server() -> None:
    program = "import sys, server.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "onnxruntime", "faster_whisper", "starlette", "sqlalchemy", "websockets"} & set(loaded)


@pytest.mark.parametrize("command", ["serve", "devices", "listen", "replay", "analyze", "tone", "demo"])
def test_every_command_explains_itself(command: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.stdout


def test_the_installed_command_has_the_benchmarks_too(calmline: CommandLine) -> None:
    done = calmline.run("bench", "--help")
    assert done.returncode == 0
    assert "core" in done.stdout
    assert "latency" in done.stdout


def test_a_port_that_is_taken(calmline: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused(calmline.run("serve", "--port", port))
        assert f"Port {port} of 127.0.0.1 is taken" in said


def test_a_server_says_where_its_page_is_and_ends_with_ctrl_c(calmline: CommandLine) -> None:
    with calmline.start("serve", "--port", 0, errors_too=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert said.startswith("The agent's page is at http://127.0.0.1:")
    assert rest == ""
    assert process.returncode == 0


def test_other_machines_need_a_token(calmline: CommandLine) -> None:
    assert "with a token only" in refused(calmline.run("serve", "--host", "0.0.0.0"))


def test_a_setting_that_cannot_be(calmline: CommandLine) -> None:
    said = refused(calmline.run("serve", CALMLINE_SERVER_PORT="high"))
    assert "CALMLINE_SERVER_PORT server.port = 'high'" in said


def test_a_settings_file_that_is_not_there(calmline: CommandLine) -> None:
    assert "none.toml could not be read" in refused(calmline.run("--config", "none.toml", "serve"))


def test_a_rules_file_with_a_fault(calmline: CommandLine, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("[[rule]]\nid = 'one'\n")
    said = refused(calmline.run("analyze", DEMO_CALL, CALMLINE_COACH_RULES=str(rules)))
    assert str(rules) in said


def test_a_call_that_is_not_there(calmline: CommandLine) -> None:
    assert "There is no file missing.wav" in refused(calmline.run("replay", "missing.wav"))


def test_a_call_that_is_not_audio(calmline: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("This is not a call.")
    assert "notes.txt" in refused(calmline.run("replay", "notes.txt"))


def test_portaudio_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.delitem(sys.modules, "_sounddevice_data", raising=False)
    monkeypatch.setattr(ctypes.util, "find_library", lambda _: None)
    monkeypatch.setattr(sys, "platform", "linux")
    for command in ("devices", "listen"):
        done = CliRunner().invoke(app, [command])
        assert done.exit_code == 1
        assert "PortAudio is missing" in done.stderr
        assert "apt install libportaudio2" in done.stderr


@pytest.mark.skipif(any(Path("/dev/snd").glob("pcm*c")), reason="this machine has a microphone")
def test_a_machine_that_cannot_hear(calmline: CommandLine) -> None:
    for command in ("devices", "listen"):
        assert "No input device was found" in refused(calmline.run(command, PULSE_SERVER="unix:/nonexistent"))


def test_tone_weights_that_are_missing(calmline: CommandLine) -> None:
    assert "none.onnx is missing" in refused(calmline.run("tone", "--weights", "none.onnx", DEMO_CALL))


def test_tone_weights_that_were_altered(calmline: CommandLine, tmp_path: Path) -> None:
    altered = tmp_path / shipped().name
    published = shipped().read_bytes()
    altered.write_bytes(published + b"!")
    altered.with_suffix(".json").write_text(json.dumps({"sha256": hashlib.sha256(published).hexdigest()}))
    assert "is not the file that tone-open.json describes" in refused(
        calmline.run("tone", "--weights", altered, DEMO_CALL)
    )


def test_words_weights_that_are_missing(calmline: CommandLine, tmp_path: Path) -> None:
    said = refused(calmline.run("analyze", DEMO_CALL, CALMLINE_MODELS_WHISPER_MODEL=str(tmp_path)))
    assert "model.bin" in said


def test_a_command_that_does_not_exist(calmline: CommandLine) -> None:
    done = calmline.run("lisen")
    assert done.returncode == 2
    assert "No such command 'lisen'" in done.stderr
