"""A real PulseAudio server of a test's own: two sinks, `agent` and `customer`, whose monitors are the headset.

`env` is what a process needs to live in that world; the test's own process gets it too. Nothing of the machine's sound
is touched: socket, configuration and ALSA devices are in the test's folder, and the server ends with the test.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ALSA = """
</usr/share/alsa/alsa.conf>
pcm.agent { type pulse device "agent.monitor" }
pcm.customer { type pulse device "customer.monitor" }
"""
IDLE_S = 60  # the server's own end, should the test be killed before it ends it


class SoundServer:
    """Speak into a sink with `play`; `unload` and `load` make it vanish and come back."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        (folder / "asound.conf").write_text(ALSA)
        self._folder = folder
        self.env = os.environ | {
            "XDG_RUNTIME_DIR": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PULSE_SERVER": f"unix:{folder}/pulse/native",
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
        }
        self._modules: dict[str, str] = {}
        start = [
            "pulseaudio",
            "-n",
            "--daemonize=yes",
            f"--exit-idle-time={IDLE_S}",
            "-L",
            "module-native-protocol-unix",
        ]
        subprocess.run(start, env=self.env, check=True, stderr=subprocess.DEVNULL)
        for sink in ("agent", "customer"):
            self.load(sink)

    def load(self, sink: str) -> None:
        self._modules[sink] = self._pactl("load-module", "module-null-sink", f"sink_name={sink}")

    def unload(self, sink: str) -> None:
        self._pactl("unload-module", self._modules.pop(sink))

    def play(self, sink: str, wav: Path) -> subprocess.Popen[bytes]:
        """Starts to speak; `wait()` for the process to hear it out."""
        return subprocess.Popen(["paplay", f"--device={sink}", str(wav)], env=self.env)

    def close(self) -> None:
        os.kill(int((self._folder / "pulse" / "pid").read_text()), signal.SIGTERM)

    def _pactl(self, *words: str) -> str:
        return subprocess.run(
            ["pactl", *words], env=self.env, check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()


@pytest.fixture
def sound_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    """A running server; the test is skipped where PulseAudio is not installed."""
    if missing := [tool for tool in ("pulseaudio", "pactl", "paplay") if shutil.which(tool) is None]:
        pytest.skip(f"no real sound server to be had: {', '.join(missing)} is not installed")
    server = SoundServer(tmp_path / "sound")
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    yield server
    server.close()
