"""Nothing leaves the machine: every command under strace, with all its processes, sends to loopback and nowhere else.

Nor does any leave a file in the user's home outside of Calmline's own folders, where libraries queue what they will
send another day.
"""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import soundfile
from command_line import PATIENCE_S, CommandLine
from network_trace import NetworkTrace, needs_strace
from sound_server import SoundServer
from sounds import hear

from audio.frame import SAMPLE_RATE, to_samples
from server.demo import DEMO_CALL

pytestmark = pytest.mark.usefixtures("strace")
SECOND = to_samples(1.0)


@pytest.fixture(scope="module")
def strace() -> None:
    needs_strace()


@pytest.fixture
def trace(tmp_path: Path) -> NetworkTrace:
    return NetworkTrace(tmp_path / "trace")


@pytest.fixture
def calmline(tmp_path: Path, trace: NetworkTrace) -> Iterator[CommandLine]:
    """The command line, traced; when the test ends, nothing has left and nothing waits to leave."""
    home = tmp_path / "home"
    home.mkdir()
    command_line = CommandLine(home, trace.under)
    yield command_line
    assert trace.departures == []
    kept = (path.relative_to(home) for path in home.rglob("*") if path.is_file())
    assert [path for path in kept if not _known(path)] == []


def _known(path: Path) -> bool:
    """The test's, Calmline's, or PulseAudio's."""
    first, *rest = path.parts
    return first in ("errors", "results") or rest[:1] == ["calmline"] or rest == ["pulse", "cookie"]


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first twelve seconds of the demo call: both speak."""
    path = tmp_path_factory.mktemp("sound") / "call.wav"
    agent, customer = hear(DEMO_CALL)
    soundfile.write(path, list(zip(agent[: 12 * SECOND], customer[: 12 * SECOND], strict=True)), SAMPLE_RATE)
    return path


def test_the_trace_sees_what_would_leave(tmp_path: Path) -> None:
    """Names and addresses that no program of ours asks for; strace refuses them, so that nothing is really sent."""
    trace = NetworkTrace(tmp_path / "trace", refuse=True)
    program = """
import socket
from contextlib import suppress
for send in (
    lambda: socket.create_connection(("192.0.2.1", 443)),
    lambda: socket.create_connection(("2001:db8::1", 443)),
    lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.2", 9)),
    lambda: socket.getaddrinfo("calmline.invalid", 443),
    lambda: socket.create_connection(("127.0.0.1", 9)),
):
    with suppress(OSError):
        send()
"""
    subprocess.run([*trace.under, sys.executable, "-c", program], check=True)
    departures = " ".join(trace.departures)
    for expected in ("192.0.2.1", "2001:db8::1", "192.0.2.2", "htons(53)"):
        assert expected in departures
    assert any("127.0.0.1" in line and "htons(9)" in line for line in trace.seen)
    assert "127.0.0.1" not in departures


def test_serve_with_a_call_its_pages_and_its_review(calmline: CommandLine, call: Path) -> None:
    with calmline.running("serve", "--port", 0, "--keep-audio") as server:
        assert server.stdout is not None
        address = next(line for line in server.stdout if "http://" in line).split()[-1]
        told = calmline.run("replay", call, "--speed", 8, "--port", urlsplit(address).port, "--json")
        assert told.returncode == 0, told.stderr
        with urllib.request.urlopen(f"{address}/api/calls") as answer:
            (kept,) = json.load(answer)["calls"]
        name = kept["id"]
        for path in ("/", "/review.html", "/agent.js", "/metrics", "/api/calls", *within(f"/api/calls/{name}")):
            with urllib.request.urlopen(address + path) as answer:
                assert answer.status == 200
        with urllib.request.urlopen(urllib.request.Request(f"{address}/api/calls/{name}", method="DELETE")) as answer:
            assert answer.status == 204
        server.send_signal(signal.SIGINT)
        ended(server)


def within(call: str) -> list[str]:
    """What the review asks for."""
    return [call, *(f"{call}/{part}" for part in ("events", "audio", "peaks", "verdicts"))]


def ended(process: subprocess.Popen[str]) -> None:
    """All of it, with its trace."""
    assert process.stdout is not None
    said = process.stdout.read()
    assert process.wait(PATIENCE_S) == 0, said


def test_replay_with_a_server_of_its_own(calmline: CommandLine, call: Path, trace: NetworkTrace) -> None:
    done = calmline.run("replay", call, "--speed", 8, "--port", a_port())
    assert done.returncode == 0, done.stderr
    assert any("127.0.0.1" in line for line in trace.seen)


def test_analyze(calmline: CommandLine, call: Path) -> None:
    done = calmline.run("analyze", call, "--keep-audio")
    assert done.returncode == 0, done.stderr


def test_tone(calmline: CommandLine, call: Path) -> None:
    assert json.loads(calmline.run("tone", call, "--json").stdout)["path"] == str(call)


def test_devices(sound_server: SoundServer, calmline: CommandLine) -> None:
    done = calmline.run("devices")
    assert done.returncode == 0, done.stderr
    assert "customer.monitor" in done.stdout


def test_listen(sound_server: SoundServer, calmline: CommandLine, call: Path) -> None:
    devices = ("--agent-device", "agent.monitor", "--customer-device", "customer.monitor")
    with calmline.running("listen", *devices, "--port", a_port(), "--json") as process:
        assert process.stdout is not None
        next(line for line in process.stdout if '"type":"call_started"' in line)
        voice = sound_server.play("agent", call)
        next(line for line in process.stdout if '"type":"words"' in line)
        voice.kill()
        voice.wait()
        process.send_signal(signal.SIGINT)
        ended(process)


def test_demo(calmline: CommandLine) -> None:
    with calmline.running("demo", "--no-browser", "--port", a_port()) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if "agent" in line and "help" in line)  # the first words
        process.send_signal(signal.SIGINT)
        ended(process)


def test_a_benchmark(calmline: CommandLine) -> None:
    done = calmline.run("bench", "idle", "--calls", 1, "--seconds", 1, "--json")
    assert done.returncode == 0, done.stderr


def a_port() -> int:
    """One that is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
