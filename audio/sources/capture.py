"""Capture: one device, recorded in a process of its own, to standard output.

`python -m audio.sources.capture NAME API` waits until the device is there, then writes `Captured` blocks of 20 ms, mono
PCM16 at the device's own rate, until the device vanishes, stalls, or is swapped for another by the sound server; then
it exits, and whoever started it starts it again. It ends at once when its standard input closes.

A process a device, because PortAudio finds a device that came back only after a restart, which ends every stream of
its process; because a lost stream may hang when it is closed; and because its callback so never waits for Python code
that thinks. Costs about 50 MB each.
"""

import os
import queue
import signal
import struct
import sys
import threading
import time
from typing import IO, Any

import numpy as np

from audio.sources.alignment import Captured
from audio.sources.devices import PULSE, THROUGH_PULSE, Device, list_devices, portaudio
from audio.sources.pulse import attachment

BLOCK_S = 0.02
QUEUE = 250  # blocks, 5 s: more than that is lost, and counted
STALLED_S = 3.0  # an idle PulseAudio monitor takes up to 2 s to begin
POLL_S = 1.0
HEADER = struct.Struct("<dIIII")  # at, rate, samples, lost, flagged


def write(stream: IO[bytes], block: Captured) -> None:
    header = HEADER.pack(block.at, block.rate, len(block.pcm), block.lost, block.flagged)
    stream.write(header + block.pcm.astype("<i2").tobytes())
    stream.flush()


def read(stream: IO[bytes]) -> Captured | None:
    """The next block; None at the end, also in the middle of a block."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    at, rate, count, lost, flagged = HEADER.unpack(header)
    body = stream.read(2 * count)
    return Captured(at, rate, np.frombuffer(body, "<i2"), lost, flagged) if len(body) == 2 * count else None


class Recorder:
    """What the sound card's thread hands over: it only copies, and counts what finds no room."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rate, self._channels = rate, channels
        self._queue: queue.Queue[tuple[float, bytes, int, int]] = queue.Queue(QUEUE)
        self._lost = self._flagged = 0

    def callback(self, data: Any, frames: int, _time: Any, status: Any) -> None:
        self._flagged += bool(status)
        try:
            self._queue.put_nowait((time.monotonic(), bytes(data), self._lost, self._flagged))
            self._lost = self._flagged = 0
        except queue.Full:
            self._lost += frames

    def block(self) -> Captured | None:
        """The next block, its channels mixed down to one; None where the device has stalled."""
        try:
            at, data, lost, flagged = self._queue.get(timeout=STALLED_S)
        except queue.Empty:
            return None
        mixed = np.frombuffer(data, np.int16).reshape(-1, self._channels).mean(axis=1)
        return Captured(at, self._rate, np.rint(mixed).astype(np.int16), lost, flagged)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes our input
    threading.Thread(target=_end_with_parent, daemon=True).start()
    name, api = sys.argv[1:]
    while (device := _find(name, api)) is None:
        time.sleep(POLL_S)
    _record(device)
    os._exit(0)  # past PortAudio's own end, which can hang on a lost device


def _find(name: str, api: str) -> Device | None:
    return next((device for device in list_devices() if (device.name, device.api) == (name, api)), None)


def _record(device: Device) -> None:
    """Writes the device's blocks until it is lost."""
    address = f"{device.name}, {device.api}"
    if device.api == PULSE:
        os.environ["PULSE_SOURCE"], address = device.name, THROUGH_PULSE
    channels = min(device.channels, 2)
    recorder = Recorder(device.rate, channels)
    stream = portaudio().RawInputStream(
        device=address,
        samplerate=device.rate,
        channels=channels,
        dtype="int16",
        latency="high",
        blocksize=round(device.rate * BLOCK_S),
        callback=recorder.callback,
    )
    stream.start()
    attached = attachment()
    while (block := recorder.block()) is not None and (attached is None or attached.holds()):
        write(sys.stdout.buffer, block)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
