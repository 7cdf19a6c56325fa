"""A server in a process of its own, which a test may kill, stop or hold up; everything in it is real but words."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from server.app import ServerSettings

PROGRAM = """
import sys
from audio.speech.vad import load_vad
from coach.rules import load_rules
from models.tone.onnx_tone import OnnxTone
from server.app import ServerSettings
from server.live.registry import Engine
from server.pipeline.core import CoreSettings
from server.pipeline.models import Models
from server.serve import address, bind, serve

settings = ServerSettings(port=0, data_folder=sys.argv[1])
listener = bind(settings)
engine = Engine(Models(load_vad(), OnnxTone(), None), load_rules(), CoreSettings())
serve(settings, engine, listener, lambda: print(address(settings, listener), flush=True))
"""


@contextmanager
def a_process(settings: ServerSettings) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own, and its address."""
    command = [sys.executable, "-c", PROGRAM, settings.data_folder or ""]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()
