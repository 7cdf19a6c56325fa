"""One peer, in a process of the Python that has it: sound on standard input, a line of JSON whenever its text changes.

`PYTHON peer_process.py` lists the peers that this Python has, with their versions. `PYTHON peer_process.py NAME
WEIGHTS` says "ready", then hears PCM16 of one channel at 16 kHz as fast as it comes, and tells the whole of its text so
far: what it will not take back ("confirmed") and what it shows after that ("open"). Each peer runs as its authors have
it, with int8 weights on the processor. Imports nothing of Calmline: the peer's Python does not have it.
"""

import asyncio
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

BLOCK = 640  # bytes, 20 ms
Tell = Callable[[str, str], None]  # confirmed, open
Ready = Callable[[], None]


def main() -> None:
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a peer prints is no text of ours
    if len(sys.argv) == 1:
        out.write(json.dumps(dict(_installed())) + "\n")
        return
    name, weights = sys.argv[1:]
    last: list[str] = []

    def tell(confirmed: str, still_open: str) -> None:
        line = json.dumps({"confirmed": confirmed, "open": still_open})
        if last != [line]:
            last[:] = [line]
            out.write(line + "\n")

    PEERS[name](weights, lambda: print("ready", file=out), tell)
    os._exit(0)  # threads and children of peers do not end by themselves


def _installed() -> Iterator[tuple[str, str]]:
    for name in PEERS:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def _blocks() -> Iterator[bytes]:
    while len(block := sys.stdin.buffer.read(BLOCK)) == BLOCK:
        yield block


def _whisper_live(weights: str, ready: Ready, tell: Tell) -> None:
    """WhisperLive's faster-whisper backend, behind the websocket that it has in its server."""
    from whisper_live.backend.faster_whisper_backend import ServeClientFasterWhisper

    class Websocket:
        def send(self, data: str) -> None:
            segments = json.loads(data).get("segments", [])
            done, still_open = ([it["text"] for it in segments if it["completed"] is done] for done in (True, False))
            tell(" ".join(done), " ".join(still_open))

    client = ServeClientFasterWhisper(
        Websocket(), language="en", client_uid="bench", model=weights, send_last_n_segments=10_000
    )
    ready()
    for block in _blocks():
        client.add_frames(np.frombuffer(block, "<i2").astype(np.float32) / 2**15)


def _whisperlivekit(weights: str, ready: Ready, tell: Tell) -> None:
    """WhisperLiveKit with LocalAgreement, the policy of its two that takes faster-whisper's weights."""
    from whisperlivekit import AudioProcessor, TranscriptionEngine

    engine = TranscriptionEngine(
        backend="faster-whisper",
        backend_policy="localagreement",
        model_path=weights,
        lan="en",
        pcm_input=True,
        warmup_file="",
    )

    async def run() -> None:
        processor = AudioProcessor(transcription_engine=engine)
        results = await processor.create_tasks()

        async def follow() -> None:
            async for told in results:
                tell(" ".join(line.text for line in told.lines if line.text), told.buffer_transcription)

        following = asyncio.create_task(follow())
        ready()
        blocks = _blocks()
        while block := await asyncio.to_thread(next, blocks, b""):
            await processor.process_audio(block)
        following.cancel()

    asyncio.run(run())


def _realtimestt(weights: str, ready: Ready, tell: Tell) -> None:
    """RealtimeSTT, fed instead of a microphone. Its stabilised text counts as confirmed, as its finals do."""
    from RealtimeSTT import AudioToTextRecorder

    finals: list[str] = []

    def update(event: Any) -> None:
        tell(" ".join([*finals, event.stable_text]), event.unstable_text)

    recorder = AudioToTextRecorder(
        model=weights,
        realtime_model_type=weights,
        enable_realtime_transcription=True,
        on_realtime_text_stabilization_update=update,
        language="en",
        device="cpu",
        compute_type="int8",
        use_microphone=False,
        spinner=False,
        no_log_file=True,
    )

    def follow() -> None:
        while True:
            finals.append(recorder.text())
            tell(" ".join(finals), "")

    threading.Thread(target=follow, daemon=True).start()
    ready()
    for block in _blocks():
        recorder.feed_audio(block)


PEERS: dict[str, Callable[[str, Ready, Tell], None]] = {
    "RealtimeSTT": _realtimestt,
    "whisper-live": _whisper_live,
    "whisperlivekit": _whisperlivekit,
}

if __name__ == "__main__":
    main()
