"""The command line: what goes wrong is one sentence on standard error and exit status 1, whatever it was."""

import ctypes.util
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil
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


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 4000])
def test_something_else_on_the_port_is_no_server_of_ours(calmline: CommandLine, answer: bytes) -> None:
    def answer_once() -> None:
        with other.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=answer_once, daemon=True).start()
        port = other.getsockname()[1]
        assert f"Port {port} of 127.0.0.1 is taken" in refused(calmline.run("replay", DEMO_CALL, "--port", port))


@pytest.mark.parametrize("host", ["a b", "a..b", "h" * 300])
def test_a_host_that_cannot_be_is_said(calmline: CommandLine, host: str) -> None:
    assert f"host {host}" in refused(calmline.run("replay", DEMO_CALL, "--host", host))


def test_a_data_folder_in_the_home_of_nobody_is_said(calmline: CommandLine) -> None:
    done = calmline.run("serve", "--port", 0, CALMLINE_SERVER_DATA_FOLDER="~nobody-at-all/calls")
    assert done.returncode == 1
    assert "calmline: Expected a path; ~nobody-at-all/calls begins with the home of a user" in done.stderr


def test_a_server_says_where_its_page_is_and_ends_with_ctrl_c(calmline: CommandLine) -> None:
    with calmline.start("serve", "--port", 0, errors_too=True) as process:
        assert process.stdout is not None
        first, said = process.stdout.readline(), process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert re.fullmatch(r"Calmline \S+ is starting; the agent's page will be at http://127\.0\.0\.1:\d+\n", first)
    assert said.startswith("The agent's page is at http://127.0.0.1:")
    assert rest == ""
    assert process.returncode == 0


@pytest.mark.parametrize("command", ["serve", "analyze"])
def test_ctrl_c_while_the_models_load_is_no_traceback(calmline: CommandLine, command: str) -> None:
    words = {"serve": ["serve", "--port", 0], "analyze": ["analyze", DEMO_CALL]}[command]
    with calmline.start(*words, errors_too=True) as process:
        assert process.stdout is not None
        if command == "serve":
            process.stdout.readline()
        else:
            wait_for_threads(process)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert "Traceback" not in rest
    assert process.returncode == {"serve": 0, "analyze": 130}[command]


def test_ctrl_c_while_modules_load_is_no_traceback(calmline: CommandLine) -> None:
    program = "import runpy, signal, sys; sys.meta_path.insert(0, type('', (), {'find_spec': interrupt}))"
    interrupt = "interrupt = lambda name, *_: signal.raise_signal(signal.SIGINT) if name == 'typer' else None"
    command = f"import signal; {interrupt}; {program}; runpy.run_module('server.cli', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", command], env=calmline.env, capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 130)


def test_a_reader_that_goes_away_is_no_traceback(calmline: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not audio")
    command = f"{sys.executable} -m server.cli tone --json" + " text.wav" * 50 + " | head -n 1"
    done = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"],
        env=calmline.env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
    assert done.returncode == 1


def test_a_bug_is_one_sentence_that_says_where_its_details_are(calmline: CommandLine, tmp_path: Path) -> None:
    program = "from server.cli.main import app, main; app.command('divide')(lambda: 1 / 0); main()"
    env = calmline.env | {"XDG_STATE_HOME": str(tmp_path / "state")}
    said = refused(
        subprocess.run([sys.executable, "-c", program, "divide"], env=env, cwd=tmp_path, capture_output=True, text=True)
    )
    found = re.search(r"a fault in Calmline \(ZeroDivisionError: .*\); the details are in (.*)\.$", said)
    assert found is not None
    details = Path(found[1])
    assert "Traceback" in details.read_text()
    assert details.stat().st_mode & 0o777 == 0o600


def test_an_agent_without_a_name_is_refused(calmline: CommandLine) -> None:
    for command in ("analyze", "replay"):
        assert "Expected a name for the agent" in refused(calmline.run(command, DEMO_CALL, "--agent", ""))


def test_a_misspelt_variable_is_refused(calmline: CommandLine) -> None:
    assert "perhaps CALMLINE_SERVER_PORT was meant" in refused(calmline.run("serve", CALMLINE_SERVER_PROT="1"))


@pytest.mark.parametrize(
    "words",
    [
        ["devices"],
        ["listen"],
        ["tone", "gone.wav"],
        ["replay", "gone.wav"],
        ["analyze", "gone.wav"],
        ["analyze", "."],
        ["replay", DEMO_CALL, "--speed", "nan"],
        ["replay", DEMO_CALL, "--speed", "-1"],
        ["serve", "--port", "65536"],
        ["serve", "--host", ""],
        ["--config", "gone.toml", "demo"],
        ["--config", ".", "serve"],
        ["bench", "compare", "gone.json", "gone.json"],
        ["bench", "nonsense"],
        ["nonsense"],
    ],
    ids=lambda words: " ".join(map(str, words))[:40],
)
def test_a_command_that_fails_says_so_and_has_an_exit_status(calmline: CommandLine, words: list[object]) -> None:
    done = calmline.run(*words)
    assert done.returncode != 0
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert "fault in Calmline" not in done.stderr


def wait_for_threads(process: subprocess.Popen[str]) -> None:
    """Until a process is past its imports: it runs threads of the models' libraries."""
    watched = psutil.Process(process.pid)
    while watched.num_threads() < 2:
        os.sched_yield()


def test_other_machines_need_a_token(calmline: CommandLine) -> None:
    assert "with a token only" in refused(calmline.run("serve", "--host", "0.0.0.0"))


@pytest.mark.parametrize("host", ["a" * 300, "no host", "ä..b", "[::1", "::g", "1.2.3.4.5"])
def test_a_host_that_is_none(calmline: CommandLine, host: str) -> None:
    assert "Expected " in refused(calmline.run("serve", "--host", host, CALMLINE_SERVER_TOKEN="0123456789abcdef"))


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
