"""The headset: microphone = agent; loopback, monitor or any second device = customer; one live source.

Out: int16 [n, 2] at 16 kHz in whole frames, both channels on one stream time. Each device is recorded by a process of
its own (`audio.sources.capture`), which is started again about once a second while its device is gone; meanwhile that
channel is silent, the other goes on, and a note says so. Threads: one a device reads its process into one bounded
queue; `blocks` runs on the caller's. Where the caller is too slow the queues fill up, and what is lost then is counted.
"""

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from audio.frame import SAMPLE_RATE, STEREO, Channel, to_seconds
from audio.sources.alignment import Alignment, Captured, Change
from audio.sources.capture import POLL_S, read
from audio.sources.devices import Device, choose, list_devices
from audio.sources.source import Note, Pcm

QUEUE = 100  # blocks of both devices, about 1 s
TICK_S = 0.1  # how often time goes on where no device delivers
START_S = 8.0  # how long the first device waits for the second


@dataclass(slots=True)
class Health:
    """What went wrong with one device so far."""

    flagged: int = 0  # blocks that the sound card reported an overrun for
    lost: int = 0  # samples that found no room, at the device's rate
    away: int = 0  # times that the device delivered nothing
    present: bool = True  # whether it delivers now


class Headset:
    """Two devices, listened to while `blocks` is drawn from, once."""

    rate = SAMPLE_RATE
    layout = STEREO

    def __init__(self, agent: Device, customer: Device) -> None:
        self.devices = dict(zip(STEREO, (agent, customer), strict=True))
        self.notes: list[Note] = []
        self.health = {channel: Health() for channel in STEREO}
        self._arrived: queue.Queue[tuple[Channel, Captured]] = queue.Queue(QUEUE)
        self._over = threading.Event()

    def blocks(self) -> Generator[Pcm, None, None]:
        """The live call from now on, until `stop` or closed. [shape=(n, 2), n a multiple of FRAME]"""
        captures_live, alive = os.pipe()  # capture processes end when `alive` is closed, also by our own death
        threads = [
            threading.Thread(target=self._listen, args=(channel, captures_live), name=f"{channel}'s device")
            for channel in STEREO
        ]
        for thread in threads:
            thread.start()
        try:
            alignment = Alignment(origin=self._both_deliver())
            while not self._over.is_set():
                yield from self._next(alignment)
        finally:
            self.stop()
            os.close(alive)
            for thread in threads:
                thread.join()
            os.close(captures_live)

    def stop(self) -> None:
        """Ends `blocks`, from any thread."""
        self._over.set()

    def _listen(self, channel: Channel, captures_live: int) -> None:
        device = self.devices[channel]
        command = [sys.executable, "-P", "-m", "audio.sources.capture", device.name, device.api]
        while not self._over.is_set():
            with subprocess.Popen(
                command, stdin=captures_live, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            ) as capture:
                while capture.stdout and (block := read(capture.stdout)) is not None:
                    self._put(channel, block)
            self._over.wait(POLL_S)

    def _put(self, channel: Channel, block: Captured) -> None:
        while not self._over.is_set():
            try:
                return self._arrived.put((channel, block), timeout=TICK_S)
            except queue.Full:
                continue

    def _get(self) -> tuple[Channel, Captured] | None:
        try:
            return self._arrived.get(timeout=TICK_S)
        except queue.Empty:
            return None

    def _both_deliver(self) -> float:
        """The moment, in monotonic seconds, from which both devices deliver, or one has waited long enough."""
        waiting, latest = set(STEREO), time.monotonic() + START_S
        while waiting and time.monotonic() < latest and not self._over.is_set():
            arrival = self._get()
            if arrival is not None:
                waiting.discard(arrival[0])
        return time.monotonic()

    def _next(self, alignment: Alignment) -> Iterator[Pcm]:
        arrival = self._get()
        if arrival is None:
            now = time.monotonic()
        else:
            channel, block = arrival
            now = block.at  # not the clock: a block that waited in the queue was missed while we were busy
            alignment.feed(channel, block)
            self.health[channel].flagged += block.flagged
            self.health[channel].lost += block.lost
        pcm, changes = alignment.take(now)
        for change in changes:
            self._say(change)
        if len(pcm):
            yield pcm

    def _say(self, change: Change) -> None:
        what = "delivers nothing, so that channel is silent until it does" if change.silent else "is heard again"
        device = f"The {change.channel}'s device {self.devices[change.channel]}"
        self.health[change.channel].away += change.silent
        self.health[change.channel].present = not change.silent
        self.notes.append(Note(change.at, f"{device} {what} (from {to_seconds(change.at):.1f} s on)."))


def open_headset(agent: str | None = None, customer: str | None = None) -> Headset:
    """The devices named, or microphone and loopback. Raises DeviceError, in one sentence, before any sound."""
    return Headset(*choose(list_devices(), agent, customer))
