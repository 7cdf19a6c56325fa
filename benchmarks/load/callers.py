"""Live calls on a server, for benchmarks: recordings sent over real websockets at 1x, and what is told of them.

Each call sends the same audio from another point on, so that they do not speak in step, and is followed by a websocket
of its own, as the agent's page would be. Delays run from the moment at which the block that completes it was sent.
One process sends and follows them all, on the machine that it measures.
"""

import asyncio
import math
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from time import perf_counter

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from audio.frame import SAMPLE_RATE, STEREO, Channel
from benchmarks.calls import DEMO_CALL, Call, load_call, real_call
from coach.rules import load_rules
from coach.signals import SOUND
from models.words.whisper import Whisper, WhisperSettings
from server.live.scheduling.capacity import measured_capacity
from server.protocol.events.call import CallEndedMessage, StatusMessage
from server.protocol.events.cues import DetectionMessage
from server.protocol.events.errors import ErrorMessage
from server.protocol.events.tone import ToneMessage
from server.protocol.events.turns import TurnStartedMessage
from server.protocol.events.words import PartialWordsMessage, WordsMessage
from server.protocol.messages import AcceptedMessage, FromServer, StartMessage, StopMessage, read_from_server, write

BLOCK = SAMPLE_RATE // 10  # samples sent at a time
APART = 0.618  # of the audio between the calls: by the golden section any number of them is spread evenly


def pcm_of(calls: list[Call]) -> bytes:
    """Two-channel calls one after the other, PCM16 at 16 kHz."""
    parts = [np.stack([call.channels[channel][: call.length] for channel in STEREO], axis=1) for call in calls]
    return (np.concatenate(parts) * 32767).astype("<i2").tobytes()


def a_days_sound() -> bytes:
    """Ordinary talk, and a customer who gets angry: the recorded call, then the demo call."""
    return pcm_of([load_call(real_call()), load_call(DEMO_CALL)])


def estimate(model: str) -> int:
    """How many calls a server on this machine would take with these weights."""
    return measured_capacity(Whisper(WhisperSettings(model=model)))


@dataclass(slots=True)
class Delays:
    """What was told of the calls: delays in seconds, and counts."""

    tone: list[float] = field(default_factory=list)
    finals: list[float] = field(default_factory=list)
    alerts: list[float] = field(default_factory=list)  # detections that need sound only
    partials: int = 0
    lag: float = 0.0
    words_lag: float = 0.0
    errors: int = 0


class Load:
    """The calls that run. `over` tells them to hang up."""

    def __init__(self, address: str, pcm: bytes, names: str = "load") -> None:
        self.delays = Delays()
        self.over = asyncio.Event()
        self.sent_s = 0.0  # stream time of all calls together
        self.begun = 0
        self.started: set[tuple[str, Channel, int]] = set()  # turns
        self.said: set[tuple[str, Channel, int]] = set()  # those of them whose final words came
        self._address, self._pcm, self._names = address, pcm, names
        self._shed: dict[str, int] = {}
        self._dropped: dict[str, int] = {}

    @property
    def shed(self) -> int:
        """Partials left out so far."""
        return sum(self._shed.values())

    @property
    def dropped(self) -> int:
        return sum(self._dropped.values())

    @property
    def lost(self) -> int:
        """Turns whose final words did not come; those of calls that run may still."""
        return len(self.started - self.said)

    async def open(self) -> tuple[str, ClientConnection]:
        """A new call that was taken, of which nothing has been sent yet."""
        self.begun += 1
        name = f"{self._names}-{self.begun}"
        feed = await connect(f"{self._address}/ws/feed", compression=None)
        await feed.send(write(StartMessage(name, "bench", SAMPLE_RATE)))
        while not isinstance(read_from_server(await feed.recv()), AcceptedMessage):
            pass
        return name, feed

    async def begin(self, seconds: float = math.inf) -> asyncio.Task[None]:
        """One more call, which was taken and lasts this long. The task ends with all that is told of it."""
        name, feed = await self.open()
        page = await connect(f"{self._address}/ws/calls/{name}", compression=None)
        start = round(self.begun * APART % 1 * len(self._pcm) / 4) * 4
        return asyncio.create_task(self._run(name, feed, page, start, seconds))

    async def _run(self, name: str, feed: ClientConnection, page: ClientConnection, start: int, seconds: float) -> None:
        began = perf_counter()
        await asyncio.gather(self._send(feed, began, start, seconds), self._follow(page, name, began))

    async def _send(self, feed: ClientConnection, began: float, start: int, seconds: float) -> None:
        """The audio from byte `start` on, over and over."""
        for number in count():
            at, after_s = (start + number * BLOCK * 4) % len(self._pcm), (number + 1) * BLOCK / SAMPLE_RATE
            await asyncio.sleep(max(0.0, began + after_s - perf_counter()))
            if after_s > seconds or self.over.is_set():
                break
            await feed.send((self._pcm[at : at + BLOCK * 4]).ljust(BLOCK * 4, b"\0"))
            self.sent_s += BLOCK / SAMPLE_RATE
        await feed.send(write(StopMessage()))
        async for data in feed:
            if isinstance(read_from_server(data), CallEndedMessage):
                break
        await feed.close()

    async def _follow(self, page: ClientConnection, name: str, began: float) -> None:
        async for data in page:
            self._note(name, read_from_server(data), perf_counter() - began)

    def _note(self, name: str, message: FromServer, when: float) -> None:
        delays = self.delays
        match message:
            case ToneMessage():
                delays.tone.append(when - sent(message.at))
            case WordsMessage():
                delays.finals.append(when - sent(message.at))
                self.said.add((name, message.channel, message.turn))
            case TurnStartedMessage():
                self.started.add((name, message.channel, message.turn))
            case DetectionMessage() if found_by_sound(message):
                delays.alerts.append(when - sent(message.at))
            case PartialWordsMessage():
                delays.partials += 1
            case StatusMessage():
                delays.lag = max(delays.lag, message.lag)
                delays.words_lag = max(delays.words_lag, message.words_lag)
                self._shed[name] = message.shed
                self._dropped[name] = message.dropped
            case ErrorMessage():
                delays.errors += 1


def sent(at: float) -> float:
    """Seconds after which the block that holds a stream time was sent."""
    return -(-round(at * SAMPLE_RATE) // BLOCK) * BLOCK / SAMPLE_RATE


def found_by_sound(detection: DetectionMessage) -> bool:
    """Whether it needed sound only: a rule that looks at sound may also fire later, through what was said."""
    return detection.rule in _rules_of_sound() and all(it.name != "words" for it in detection.evidence)


@cache
def _rules_of_sound() -> frozenset[str]:
    return frozenset(rule.id for rule in load_rules() if rule.signal in SOUND)
