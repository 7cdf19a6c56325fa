"""What a server imports, it imports before it is ready: later there may be no descriptor left, or a call that waits."""

import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
from msgspec import json
from wire import Client, a_feed

from server.protocol.events.call import CallEndedMessage
from server.protocol.messages import StartMessage, StopMessage

TOKEN = "a token of some length"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
HUM = np.random.default_rng(1).normal(0, 100, (8000, 2)).astype("<i2").tobytes()  # a second of quiet noise
PROGRAM = """
import json, os, sys, threading
from audio.speech.vad import load_vad
from coach.rules import load_rules
from models.tone.onnx_tone import OnnxTone
from server.app import ServerSettings
from server.live.registry import Engine
from server.pipeline.core import CoreSettings
from server.pipeline.models import Models
from server.serve import address, bind, serve

settings = ServerSettings(port=0, data_folder=sys.argv[1], token=sys.argv[2])
listener = bind(settings)
engine = Engine(Models(load_vad(), OnnxTone(), None), load_rules(), CoreSettings())

def ready():
    before = set(sys.modules)
    def tell():
        sys.stdin.readline()
        print(json.dumps(sorted(set(sys.modules) - before)), flush=True)
        os._exit(0)
    threading.Thread(target=tell).start()
    print(address(settings, listener), flush=True)

serve(settings, engine, listener, ready)
"""


def test_nothing_is_imported_once_the_server_is_ready(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "data"), TOKEN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            use(process.stdout.readline().strip())
            process.stdin.write("\n")
            process.stdin.flush()
            assert json.decode(process.stdout.readline()) == []
        finally:
            process.kill()


def use(address: str) -> None:
    """A bit of everything that can be asked of a server."""
    with httpx.Client(base_url=address) as http:
        assert http.post("/api/login", content="wrong").status_code == 401
        assert http.post("/api/login", content=TOKEN).status_code == 204
        call(address)
        of_call = ("", "/events", "/audio", "/peaks", "/verdicts")
        for path in (
            "/",
            "/agent.js",
            "/review.html",
            "/metrics",
            "/api/health",
            "/api/calls",
            "/demo/billing_call.opus",
        ):
            assert http.get(path).status_code == 200
        for path in of_call:
            assert http.get(f"/api/calls/one{path}").status_code == 200
        for ranges in ("bytes=0-10", "bytes=0-1,5-6"):
            assert http.get("/api/calls/one/audio", headers={"Range": ranges}).status_code == 206
        assert http.get("/nowhere").status_code == 404
        assert http.put("/api/calls/one/verdicts/1", content='"wrong"').status_code == 404
        assert http.put("/api/calls/one/verdicts/1", content="x" * 2000).status_code == 413
        assert http.delete("/api/calls/one").status_code == 204
        assert http.post("/api/logout").status_code == 204


def call(address: str) -> None:
    start = StartMessage("one", "Kim", 8000, keep_audio=True)
    with (
        a_feed(address, start, additional_headers=BEARER) as feed,
        Client(address, "/ws/calls/one", additional_headers=BEARER) as page,
        Client(address, "/ws/follow", additional_headers=BEARER),
        Client(address, "/ws/nowhere", additional_headers=BEARER) as lost,
    ):
        lost.hear_all()
        feed.say("nonsense")
        page.say("nonsense")
        for _ in range(5):
            feed.say(HUM)
        feed.say(StopMessage())
        feed.hear_one(CallEndedMessage)
        page.hear_all()
