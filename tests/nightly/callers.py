"""Calls fed live by our own client through whatever happens to the server, and followers that note what they are shown.

In: a recording, played again and again at its own pace. Out: for each call every numbered event that anybody saw of it,
to the letter, and what went wrong. Threads: one feeds each call, one follows it.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from websockets.exceptions import WebSocketException
from wire import Client

from audio.errors import CalmlineError
from audio.sources.files import open_recording
from audio.sources.source import Pcm
from server.cli.client.link import Link
from server.cli.client.send import send_call
from server.demo import DEMO_CALL
from server.protocol.events.base import DurableMessage
from server.protocol.events.call import CallEndedMessage
from server.protocol.messages import FromServer, StartMessage, read_from_server, write

PATIENCE_S = 300.0  # that a client waits for its server
_BLOCK_S = 0.02
_APART_S = 11.0  # by which the calls lag behind each other, so that their turns differ


@dataclass(frozen=True, slots=True)
class Sound:
    """A recorded call in memory."""

    rate: int  # Hz
    pcm: Pcm


def demo_sound() -> Sound:
    recording = open_recording(DEMO_CALL)
    return Sound(recording.rate, np.ascontiguousarray(np.concatenate([*recording.blocks(1.0)]), "<i2"))


class Caller:
    """One call. `changed` is notified with each event that somebody sees."""

    def __init__(self, number: int, address: str, sound: Sound, changed: threading.Condition) -> None:
        self.id = f"call-{number}"
        self.seen: dict[int, str] = {}  # events by their number
        self.faults: list[str] = []
        self.at = 0.0  # seconds of stream time that were seen
        self._address = address
        self._changed = changed
        self._over = threading.Event()
        self._sound = sound
        self._at = round(number * _APART_S * sound.rate)  # the frame that is said next
        self._start = StartMessage(self.id, f"Agent {number}", sound.rate, keep_audio=number == 0)
        self._hung_up = threading.Event()
        self._threads = [
            threading.Thread(target=self._feed, name=f"{self.id} is fed"),
            threading.Thread(target=self._follow, name=f"{self.id} is followed"),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def hang_up(self) -> None:
        self._hung_up.set()

    def join(self, within_s: float) -> None:
        """Wait until the call is over and all of it was shown."""
        for thread in self._threads:
            thread.join(within_s)
            if thread.is_alive():
                self.faults.append(f"after {within_s:g} s {thread.name} still; last event {max(self.seen, default=0)}")

    def give_up(self) -> None:
        self._hung_up.set()
        self._over.set()

    def _feed(self) -> None:
        link = Link(self._address, None)
        try:
            send_call(
                link,
                self._start,
                self._said(),
                self._see,
                interrupted=self._over.is_set,
                live=True,
                patience_s=PATIENCE_S,
            )
        except CalmlineError as error:
            self.faults.append(f"the feed was given up: {error}")

    def _said(self) -> Iterator[bytes]:
        """The sound over and over, each block when a live call would have it, until the caller hangs up."""
        began, said, block = time.monotonic(), 0, round(_BLOCK_S * self._sound.rate)
        while not self._hung_up.wait(max(0.0, began + said / self._sound.rate - time.monotonic())):
            pcm = self._sound.pcm[self._at :][:block]
            self._at = (self._at + block) % len(self._sound.pcm)
            said += len(pcm)
            yield pcm.tobytes()

    def _follow(self) -> None:
        """Follow as a page does, and after a break sometimes all of it again."""
        after, breaks = 0, 0
        while not self._over.is_set():
            with (
                suppress(OSError, WebSocketException),
                Client(self._address, f"/ws/calls/{self.id}?after={after}") as page,
            ):
                while True:
                    text = page.socket.recv(timeout=10)
                    message = read_from_server(text)
                    if isinstance(message, DurableMessage) and message.seq:
                        if message.seq != after + 1:
                            self._fault(f"event {message.seq} came after {after}")
                        after = message.seq
                    self._see(message, str(text))
                    if isinstance(message, CallEndedMessage):
                        return
            breaks += 1
            after = after if breaks % 3 else 0
            self._over.wait(0.2)

    def _see(self, message: FromServer, text: str | None = None) -> None:
        if not isinstance(message, DurableMessage) or not message.seq:  # an error may be about the connection alone
            return
        text = write(message) if text is None else text
        with self._changed:
            before = self.seen.setdefault(message.seq, text)
            if before != text:
                self._fault(f"event {message.seq} was {before}, and later {text}")
            self.at = max(self.at, getattr(message, "at", 0.0))
            self._changed.notify_all()

    def _fault(self, text: str) -> None:
        if text not in self.faults:
            self.faults.append(text)
