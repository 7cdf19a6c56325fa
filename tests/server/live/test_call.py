"""The shell around the core: what models that are slow or fail do to a call, and what a full disk does."""

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from feeders import Nobody
from msgspec import structs
from numpy.typing import NDArray

from audio.frame import STEREO, Samples
from audio.intake import Intake
from audio.sources.files import open_recording
from models.tone.types import NoReading, ToneJob, ToneReading
from models.words.types import Transcript, Word, WordsJob
from server.live.call import CallOverError, LiveCall, LiveSettings
from server.live.registry import CallRegistry, Engine
from server.live.scheduling.scheduler import Scheduler
from server.pipeline.inline import InlinePipeline
from server.protocol.events.base import Message
from server.protocol.events.call import CallEndedMessage, EndReason, NotedMessage, StatusMessage
from server.protocol.events.cues import DetectionMessage
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.events.tone import LiveTrendMessage, ToneMessage
from server.protocol.events.turns import TurnEndedMessage, TurnStartedMessage
from server.protocol.events.words import PartialWordsMessage, WordsMessage
from server.protocol.messages import NoteMessage, StartMessage, read_from_server
from server.protocol.translate import message
from server.store.store import Store

FullDisk = Callable[[Store], AbstractContextManager[None]]
Kind = TypeVar("Kind", bound=Message)
START = StartMessage(call="one", agent="Kim", rate=8000)
SECOND = bytes(2 * 2 * 8000)  # of silence


@pytest.fixture(scope="session")
def talk(recorded_call: Path) -> bytes:
    """The first 25 s of a real call, PCM16 at 8 kHz, both of them speaking."""
    return b"".join(block.astype("<i2").tobytes() for block in islice(open_recording(recorded_call).blocks(1.0), 25))


class Faulty:
    """A model that fails, always."""

    def read(self, job: ToneJob) -> ToneReading:
        raise RuntimeError("no such voice")

    def transcribe(self, job: WordsJob) -> Transcript:
        raise RuntimeError("no such word")

    def transcribe_all(self, jobs: Sequence[WordsJob]) -> list[Transcript]:
        return [self.transcribe(job) for job in jobs]

    def run(self, *windows: object) -> tuple[list[float], NDArray[np.float32], NDArray[np.float32]]:
        raise RuntimeError("no such sound")


class Prints:
    """Words that are the finger print of their audio, given once there is leave to."""

    def __init__(self) -> None:
        self.leave = threading.Event()

    def transcribe(self, job: WordsJob) -> Transcript:
        self.leave.wait()
        print_ = hashlib.sha256(job.samples.tobytes()).hexdigest()
        return Transcript(job.at, job.turn, job.final, (Word(print_, job.turn.start, job.turn.end, 1.0),))

    def transcribe_all(self, jobs: Sequence[WordsJob]) -> list[Transcript]:
        return [self.transcribe(job) for job in jobs]


@asynccontextmanager
async def a_call(
    engine: Engine, store: Store, start: StartMessage = START, **models: object
) -> AsyncIterator[LiveCall]:
    """A live call without sockets, some models replaced."""
    engine = replace(engine, models=replace(engine.models, **models))
    calls = CallRegistry(engine, store, LiveSettings(queue_blocks=3), keep_audio=False)
    live = await calls.open(start, Nobody())
    yield live
    await calls.close()


async def ended(live: LiveCall) -> list[Message]:
    """Stop a call; everything that was told of it."""
    live.finish(EndReason.STOPPED)
    await live.over.wait()
    return await told(live)


async def told(live: LiveCall) -> list[Message]:
    messages: list[Message] = []
    while page := await live.journal.read(len(messages)):
        messages += [read_from_server(event.json) for event in page]
    return messages


async def until(live: LiveCall, kind: type[Kind], fitting: Callable[[Kind], bool]) -> Kind:
    """Wait for a message that fits, numbered or of the moment."""
    while True:
        changed = live.journal.changed
        for it in (*await told(live), *(read_from_server(text) for text in live.journal.newest(0)[1])):
            if isinstance(it, kind) and fitting(it):
                return it
        await changed.wait()


def of(kind: type[Kind], messages: list[Message]) -> list[Kind]:
    """The messages of a kind, without their numbers, which depend on when answers came."""
    return [structs.replace(it, seq=0) for it in messages if isinstance(it, kind)]


async def test_steps_that_wait_are_taken_in_one_go(
    engine: Engine, store: Store, talk: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes, on_sound = list[object](), Scheduler.on_sound

    def counted(workers: Scheduler, call: str, step: Callable[[], Kind], ahead: bool) -> "asyncio.Future[Kind]":
        goes.append(step)
        return on_sound(workers, call, step, ahead)

    monkeypatch.setattr(Scheduler, "on_sound", counted)
    block = len(SECOND) // 10
    async with a_call(engine, store) as live:
        for start in range(0, 3 * block, block):
            await live.take_audio(talk[start : start + block])
        live.finish(EndReason.STOPPED)
        await live.over.wait()
        assert live.status().at == pytest.approx(0.3)
    assert len(goes) == 1  # all the audio, with the end of the call


async def test_tone_and_trend_do_not_wait_for_words_and_no_final_word_is_lost(
    engine: Engine, store: Store, talk: bytes
) -> None:
    words = Prints()
    async with a_call(engine, store, words=words) as live:
        await live.take_audio(talk)
        await until(live, LiveTrendMessage, lambda trend: trend.at >= 24)
        assert of(ToneMessage, await told(live))
        assert not of(WordsMessage, await told(live))
        status = await until(live, StatusMessage, lambda status: status.at > 24)
        assert status.words_lag > 10
        assert status.shed > 0
        words.leave.set()
        everything = await ended(live)
    turns = [(turn.channel, turn.turn) for turn in of(TurnEndedMessage, everything)]
    assert [(said.channel, said.turn) for said in of(WordsMessage, everything)] == turns
    assert len(turns) > 3


async def test_a_live_call_comes_to_what_the_pipeline_comes_to(engine: Engine, store: Store, talk: bytes) -> None:
    words = Prints()
    words.leave.set()
    async with a_call(engine, store, words=words) as live:
        for start in range(0, len(talk), 4444):
            await live.take_audio(talk[start : start + 4444])
        lived = await ended(live)
    pipeline = InlinePipeline(STEREO, engine.settings, engine.rules, replace(engine.models, words=words))
    intake = Intake(START.rate, STEREO)
    pcm = np.frombuffer(talk, "<i2").reshape(-1, 2)
    audio = [*intake.feed(pcm), *intake.flush()]
    events = [event for channel, samples in audio for event in pipeline.feed(channel, samples)] + pipeline.flush()
    replayed: list[Message] = [message(event) for event in events]
    for kind in (TurnStartedMessage, TurnEndedMessage, WordsMessage, ToneMessage, DetectionMessage):
        assert sorted(of(kind, lived), key=str) == sorted(of(kind, replayed), key=str)
    assert of(WordsMessage, lived)
    assert of(ToneMessage, lived)


async def test_partial_words_are_shown_while_a_turn_runs(engine: Engine, store: Store, talk: bytes) -> None:
    words = Prints()
    words.leave.set()
    async with a_call(engine, store, words=words) as live:
        feeding = asyncio.create_task(live.take_audio(talk))
        partial = await until(live, PartialWordsMessage, lambda partial: partial.text != "")
        await feeding
        final = await until(
            live, WordsMessage, lambda said: (said.channel, said.turn) == (partial.channel, partial.turn)
        )
        assert final.start == partial.start


async def test_models_that_fail_are_told_once_each_and_the_call_goes_on(
    engine: Engine, store: Store, talk: bytes
) -> None:
    async with a_call(engine, store, words=Faulty(), tone=Faulty()) as live:
        await live.take_audio(talk)
        everything = await ended(live)
    errors = of(ErrorMessage, everything)
    assert [error.code for error in errors] == [ErrorCode.MODEL_FAILED] * 2
    assert {error.text.partition(" model")[0] for error in errors} == {"The tone", "The words"}
    assert "no such voice. The call goes on without that tone." in errors[0].text + errors[1].text
    assert {reading.reason for reading in of(ToneMessage, everything)} == {NoReading.FAILED}
    assert len(of(WordsMessage, everything)) == len(of(TurnEndedMessage, everything)) > 3
    assert of(CallEndedMessage, everything) == [CallEndedMessage(25.0, EndReason.STOPPED)]


async def test_a_fault_in_the_core_ends_the_call_and_says_so(engine: Engine, store: Store) -> None:
    async with a_call(engine, store, vad=Faulty()) as live:
        await live.take_audio(SECOND[:3200])
        await live.over.wait()
        *_, error, end = await told(live)
        assert isinstance(error, ErrorMessage)
        assert error.code is ErrorCode.CALL_FAILED
        assert "no such sound" in error.text
        assert isinstance(end, CallEndedMessage)
        assert end.reason is EndReason.FAILED
        with pytest.raises(CallOverError, match="Call one is over"):
            await live.take_audio(SECOND)


class Slow:
    """Voice activity that waits for leave."""

    def __init__(self) -> None:
        self.leave = threading.Event()

    def run(
        self, windows: Samples, h: NDArray[np.float32], c: NDArray[np.float32]
    ) -> tuple[list[float], NDArray[np.float32], NDArray[np.float32]]:
        self.leave.wait()
        return [0.0] * len(windows), h, c


async def test_a_feed_that_is_too_fast_has_to_wait_and_nothing_is_dropped(engine: Engine, store: Store) -> None:
    vad = Slow()
    async with a_call(engine, store, vad=vad) as live:
        feeding = asyncio.create_task(live.take_audio(SECOND))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not feeding.done()
        assert live.taken == 3 * 800  # as many blocks of 100 ms as may wait
        vad.leave.set()
        await feeding
        assert live.taken == 8000
        assert of(CallEndedMessage, await ended(live)) == [CallEndedMessage(1.0, EndReason.STOPPED)]


async def test_on_a_full_disk_the_call_goes_on_and_is_shown_as_not_being_stored(
    engine: Engine, store: Store, full_disk: FullDisk
) -> None:
    async with a_call(engine, store) as live:
        await live.take_audio(SECOND)
        await until(live, LiveTrendMessage, lambda trend: trend.at >= 0.5)
        before = store.last("one")
        with full_disk(store):
            for k in range(40):
                live.command(NoteMessage(0.0, f"{k} " + "x" * 900))
            await live.take_audio(SECOND)
            await until(live, StatusMessage, lambda status: not status.stored)
            await until(live, NotedMessage, lambda note: note.text.startswith("39"))
            assert [error.code for error in of(ErrorMessage, await told(live))] == [ErrorCode.NOT_STORED]
            assert store.last("one") >= before > 0
        everything = await ended(live)
    assert [read_from_server(event.json) for event in store.events("one")] == everything


async def test_where_the_disk_has_no_room_for_audio_the_call_itself_goes_on(engine: Engine, store: Store) -> None:
    store.audio_path("one").parent.mkdir()
    store.audio_path("one").symlink_to("/dev/full")
    async with a_call(engine, store, structs.replace(START, keep_audio=True)) as live:
        await live.take_audio(SECOND)
        everything = await ended(live)
    (error,) = of(ErrorMessage, everything)
    assert error.code is ErrorCode.AUDIO_NOT_KEPT
    assert error.text.endswith("(No space left on device); the call itself goes on.")
    assert of(CallEndedMessage, everything) == [CallEndedMessage(1.0, EndReason.STOPPED)]
