"""The demo call on its way to a server, second by second, each once the tone of the one before was read: stream time is
driven, and no cue can be late."""

from collections.abc import Callable
from typing import Self, TypeVar

import numpy as np
from wire import Client, a_feed

from audio.sources.files import open_recording
from server.demo import DEMO_CALL
from server.protocol.events.base import Message
from server.protocol.events.call import CallEndedMessage
from server.protocol.events.tone import LiveTrendMessage
from server.protocol.messages import StartMessage, StopMessage

Kind = TypeVar("Kind", bound=Message)


class FedCall:
    """Use it as a context manager. It is called "demo" unless it is told otherwise."""

    def __init__(self, address: str, name: str = "demo", keep_audio: bool = False) -> None:
        recording = open_recording(DEMO_CALL)
        self._seconds = enumerate(recording.blocks(1.0), start=1)
        self._feed = a_feed(address, StartMessage(name, "Kim", recording.rate, keep_audio=keep_audio))
        self._follower = Client(address, f"/ws/calls/{name}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._follower.__exit__()
        self._feed.__exit__()

    def until(self, kind: type[Kind], fitting: Callable[[Kind], bool] = lambda _: True) -> Kind:
        """Feed until the server tells what is waited for."""
        for number, block in self._seconds:
            self._feed.say(np.ascontiguousarray(block, "<i2").tobytes())
            while True:
                message = self._follower.hear()
                if isinstance(message, kind) and fitting(message):
                    return message
                if isinstance(message, LiveTrendMessage) and message.at >= number - 0.5:
                    break
        raise AssertionError(f"the call ended and no {kind.__name__} came")

    def until_second(self, second: float) -> None:
        """Feed until that much of the call was heard."""
        self.until(LiveTrendMessage, lambda trend: trend.at >= second)

    def end(self) -> None:
        """Hang up, and wait until the server has told all."""
        self._feed.say(StopMessage())
        self._feed.hear_one(CallEndedMessage)
