"""Feeds that are faster than the server: slowed down, never cut, at nobody's cost; and what is late is said to be."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from feeders import Nobody
from numpy.typing import NDArray

from audio.frame import Samples
from audio.sources.files import open_recording
from models.tone.types import ToneJob, ToneReading
from models.words.types import Transcript, WordsJob
from server.live.call import LiveCall, LiveSettings
from server.live.registry import CallRegistry, Engine
from server.protocol.events.base import Message
from server.protocol.events.call import EndReason, StatusMessage
from server.protocol.events.tone import ToneMessage
from server.protocol.events.turns import TurnEndedMessage
from server.protocol.events.words import WordsMessage
from server.protocol.messages import StartMessage, read_from_server
from server.store.store import Store

Kind = TypeVar("Kind", bound=Message)
SECOND = bytes(2 * 2 * 8000)  # of silence
WORDS_AHEAD_S = 4.0
FAST_S = 50  # seconds of audio that a fast feed has


@pytest.fixture(scope="session")
def talk(recorded_call: Path) -> bytes:
    """The first 25 s of a real call, PCM16 at 8 kHz, both of them speaking."""
    return b"".join(block.astype("<i2").tobytes() for block in islice(open_recording(recorded_call).blocks(1.0), 25))


class Leave:
    """Words and tone that come once there is leave to; in the end without asking."""

    def __init__(self) -> None:
        self._leave = threading.Semaphore(0)
        self._always = False
        self.finals = list[WordsJob]()

    def one(self) -> None:
        self._leave.release()

    def always(self) -> None:
        self._always = True
        self._leave.release()

    def transcribe(self, job: WordsJob) -> Transcript:
        self._wait()
        if job.final:
            self.finals.append(job)
        return Transcript(job.at, job.turn, job.final, ())

    def transcribe_all(self, jobs: Sequence[WordsJob]) -> list[Transcript]:
        return [self.transcribe(job) for job in jobs]

    def read(self, job: ToneJob) -> ToneReading:
        self._wait()
        return ToneReading(job.at, anger=0.1, arousal=0.1, valence=0.5, confidence=1.0)

    def _wait(self) -> None:
        self._leave.acquire()
        if self._always:
            self._leave.release()


@asynccontextmanager
async def registry(engine: Engine, store: Store, **models: object) -> AsyncIterator[CallRegistry]:
    engine = replace(engine, models=replace(engine.models, **models))
    settings = LiveSettings(words_ahead_s=WORDS_AHEAD_S, calls_at_most=100)
    calls = CallRegistry(engine, store, settings, keep_audio=False)
    yield calls
    await calls.close()


def a_start(call: str) -> StartMessage:
    return StartMessage(call=call, agent="Kim", rate=8000)


async def feed_fast(live: LiveCall, talk: bytes) -> None:
    for _ in range(FAST_S // 25):
        await live.take_audio(talk)


async def told(live: LiveCall, kind: type[Kind]) -> list[Kind]:
    messages, after = list[Message](), 0
    while page := await live.journal.read(after):
        messages += [read_from_server(event.json) for event in page]
        after = page[-1].seq
    return [message for message in messages if isinstance(message, kind)]


async def status(live: LiveCall, fitting: Callable[[StatusMessage], bool]) -> StatusMessage:
    """Wait for a status that fits."""
    while True:
        changed = live.journal.changed
        for text in live.journal.newest(0)[1]:
            message = read_from_server(text)
            if isinstance(message, StatusMessage) and fitting(message):
                return message
        await changed.wait()


async def ended(live: LiveCall) -> None:
    live.finish(EndReason.STOPPED)
    await live.over.wait()


async def test_a_feed_whose_words_are_far_behind_has_to_wait_and_gets_them_all(
    engine: Engine, store: Store, talk: bytes
) -> None:
    words = Leave()
    async with registry(engine, store, words=words) as calls:
        live = await calls.open(a_start("fast"), Nobody())
        feeding = asyncio.create_task(feed_fast(live, talk))
        slowed = await status(live, lambda status: status.lag > 1 and status.words_lag > 1)
        assert not feeding.done()
        turns = await told(live, TurnEndedMessage)
        assert (
            sum(turn.end - turn.start for turn in turns) < WORDS_AHEAD_S + 2 * 15
        )  # with the last go's, of a channel each
        assert live.taken / 8000 < slowed.at + 15  # what waits is bounded too
        assert slowed.at < FAST_S / 2
        words.always()
        await feeding
        await ended(live)
        turns = await told(live, TurnEndedMessage)
        assert len(await told(live, WordsMessage)) == len(turns) == len(words.finals) > 5
        assert live.status().at == FAST_S


async def test_a_feed_whose_tone_is_far_behind_has_to_wait_and_gets_every_reading(
    engine: Engine, store: Store, talk: bytes
) -> None:
    tone = Leave()
    async with registry(engine, store, tone=tone) as calls:
        live = await calls.open(a_start("fast"), Nobody())
        feeding = asyncio.create_task(feed_fast(live, talk))
        slowed = await status(live, lambda status: status.lag > 1 and status.tone_lag > 0.5)
        assert not feeding.done()
        assert slowed.at < FAST_S / 2
        tone.always()
        await feeding
        await ended(live)
        assert live.status().tone_lag == 0
        readings = [reading.at for reading in await told(live, ToneMessage)]
        assert readings == sorted(readings)
    async with registry(engine, store) as calls:
        other = await calls.open(a_start("at its own pace"), Nobody())
        await feed_fast(other, talk)
        await ended(other)
        assert readings == [reading.at for reading in await told(other, ToneMessage)]


async def test_a_live_call_gets_its_words_before_those_that_fast_feeds_have_waiting(
    engine: Engine, store: Store, talk: bytes
) -> None:
    words = Leave()
    async with registry(engine, store, words=words) as calls:
        fast = [await calls.open(a_start(f"fast {k}"), Nobody()) for k in range(2)]
        feeds = [asyncio.create_task(feed_fast(live, talk)) for live in fast]
        for live in fast:
            await status(live, lambda status: status.lag > 1 and status.words_lag > 1)
        live = await calls.open(a_start("live"), Nobody())
        await live.take_audio(talk[12 * len(SECOND) : 16 * len(SECOND)])
        live.finish(EndReason.STOPPED)
        while live.status().at < 4:
            await live.journal.changed.wait()
        spoken = len(await told(live, TurnEndedMessage))
        assert spoken > 0
        for _ in range(4 + spoken):  # what had begun, at most four in one go, and the live call's own
            words.one()
        await live.over.wait()
        assert len(await told(live, WordsMessage)) == spoken
        words.always()
        await asyncio.gather(*feeds)
        for other in fast:
            await ended(other)
            assert len(await told(other, WordsMessage)) == len(await told(other, TurnEndedMessage)) > 5


class Stuck:
    """Voice activity that waits for leave."""

    def __init__(self) -> None:
        self.leave = threading.Event()

    def run(
        self, windows: Samples, h: NDArray[np.float32], c: NDArray[np.float32]
    ) -> tuple[list[float], NDArray[np.float32], NDArray[np.float32]]:
        self.leave.wait()
        return [0.0] * len(windows), h, c


async def test_lag_is_how_long_ago_the_oldest_audio_came_and_is_shown_where_stream_time_stands_still(
    engine: Engine, store: Store
) -> None:
    vad = Stuck()
    async with registry(engine, store, vad=vad) as calls:
        live = await calls.open(a_start("one"), Nobody())
        await live.take_audio(SECOND[: len(SECOND) // 10])  # a tenth of a second, and it is late by more than one
        late = await status(live, lambda status: status.lag > 1.0)
        assert late.at == 0
        vad.leave.set()
        await ended(live)
        assert live.status().lag == 0
