"""A server in a process of its own, parts of which hang for ever: what it does when it is told to stop."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.app import ServerSettings

PROGRAM = """
import logging
import sys
import threading

from audio.speech.vad import load_vad
from coach.rules import load_rules
from models.tone.onnx_tone import OnnxTone
from models.words.process import WordsProcess
from models.words.whisper import WhisperSettings
from server.app import ServerSettings
from server.live.registry import Engine
from server.pipeline.core import CoreSettings
from server.pipeline.models import Models
from server.serve import address, bind, serve


class Hangs:
    def run(self, *windows):
        threading.Event().wait()

    def read(self, job):
        threading.Event().wait()


logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
folder, *parts = sys.argv[1:]
settings = ServerSettings(port=0, data_folder=folder)
listener = bind(settings)
vad = Hangs() if "sound" in parts else load_vad()
tone = Hangs() if "tone" in parts else OnnxTone()
words = WordsProcess(WhisperSettings(model="tiny.en")) if "words" in parts else None
engine = Engine(Models(vad, tone, words, 2), load_rules(), CoreSettings())
serve(settings, engine, listener, lambda: print(address(settings, listener), flush=True))
"""


class Running:
    def __init__(self, process: subprocess.Popen[str], address: str, log: Path) -> None:
        self.process = process
        self.address = address
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()


@contextmanager
def a_hanging_server(settings: ServerSettings, *parts: str) -> Iterator[Running]:
    """Parts that hang: "sound", "tone"; with "words" there is a real words process, for the test to stop."""
    folder = Path(settings.data_folder or "")
    log = folder.with_name(f"{folder.name}.log")
    command = [sys.executable, "-c", PROGRAM, str(folder), *parts]
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            yield Running(process, process.stdout.readline().strip(), log)
        finally:
            process.kill()
