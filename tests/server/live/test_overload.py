"""More calls than the decoders can follow: partial words go first and visibly, and nothing else is lost or late.

The overload is counted, not timed: three calls are fed over websockets second by second, and a decoder that has a few
decodes to give for each second is asked for more than twice as many.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from typing import TypeVar

import pytest
from fed_call import FedCall
from msgspec import structs
from scrape import scrape
from wire import Client

from audio.frame import STEREO
from audio.intake import Intake
from audio.sources.files import open_recording
from models.words.types import Transcript, Word, WordsJob
from models.words.whisper import Whisper, WhisperSettings
from server.app import ServerSettings
from server.demo import DEMO_CALL
from server.live.call import LiveSettings
from server.live.registry import Engine
from server.pipeline.inline import InlinePipeline
from server.protocol.events.base import Message
from server.protocol.events.call import StatusMessage
from server.protocol.events.cues import CueMessage, DetectionMessage
from server.protocol.events.tone import ToneMessage
from server.protocol.events.turns import TurnEndedMessage, TurnStartedMessage
from server.protocol.events.words import WordsMessage
from server.protocol.translate import message
from server.serve import serving

SECONDS = 56  # of the demo call: calm, then angry, and the agent talks over
CALLS = ("one", "two", "three")
DECODES = 4  # that can be done in a second of all the calls; they ask for ten
Kind = TypeVar("Kind", bound=Message)


class Rationed:
    """Decodes as the model that it learns them from does, but as often only as there are rations."""

    def __init__(self) -> None:
        self.learnt: dict[bytes, tuple[Word, ...]] = {}  # final words by their audio
        self.decodes = 0
        self._rations = threading.Semaphore(0)
        self._no_end = threading.Event()

    def learn(self, job: WordsJob, transcript: Transcript) -> Transcript:
        self.learnt[job.samples.tobytes()] = transcript.words
        return transcript

    def give(self, decodes: int) -> None:
        self._rations.release(decodes)

    def give_without_end(self) -> None:
        self._no_end.set()
        self._rations.release()

    def transcribe(self, job: WordsJob) -> Transcript:
        self._rations.acquire()
        if self._no_end.is_set():
            self._rations.release()
        self.decodes += 1
        return Transcript(job.at, job.turn, job.final, self.learnt[job.samples.tobytes()] if job.final else ())

    def transcribe_all(self, jobs: Sequence[WordsJob]) -> list[Transcript]:
        return [self.transcribe(job) for job in jobs]


class Teacher:
    """A real model, from which the other learns."""

    def __init__(self, pupil: Rationed) -> None:
        self._whisper = Whisper(WhisperSettings(model="tiny.en"))
        self._pupil = pupil

    def transcribe(self, job: WordsJob) -> Transcript:
        return self._pupil.learn(job, self._whisper.transcribe(job))


@pytest.fixture(scope="module")
def words() -> Rationed:
    return Rationed()


@pytest.fixture(scope="module")
def alone(engine: Engine, words: Rationed) -> list[Message]:
    """What the call comes to with nothing beside it, real words included."""
    recording = open_recording(DEMO_CALL)
    intake = Intake(recording.rate, STEREO)
    audio = [part for block in islice(recording.blocks(1.0), SECONDS) for part in intake.feed(block)] + intake.flush()
    models = replace(engine.models, words=Teacher(words))
    pipeline = InlinePipeline(STEREO, engine.settings, engine.rules, models)
    events = [event for channel, samples in audio for event in pipeline.feed(channel, samples)] + pipeline.flush()
    return [message(event) for event in events]


@pytest.fixture
def address(settings: ServerSettings, engine: Engine, words: Rationed) -> Iterator[str]:
    """A server that takes all the calls that come, and has one decoder."""
    live = LiveSettings(calls_at_most=1000)
    with serving(replace(settings, live=live), replace(engine, models=replace(engine.models, words=words))) as where:
        yield where


def test_at_more_than_twice_its_load_a_server_leaves_out_partial_words_and_nothing_else(
    address: str, words: Rationed, alone: list[Message]
) -> None:
    with ExitStack() as open_calls:
        calls = [open_calls.enter_context(FedCall(address, name)) for name in CALLS]
        for second in range(1, SECONDS + 1):
            for call in calls:
                call.until_second(second - 0.5)
            words.give(DECODES)
        statuses = [newest_status(address, name) for name in CALLS]
        asked = words.decodes + sum(status.shed for status in statuses)
        left_out = scrape(address)["calmline_partials_shed_total"]
        words.give_without_end()
        for call in calls:
            call.end()
    assert all(status.shed > 0 for status in statuses)
    assert asked > 2 * DECODES * SECONDS
    assert left_out >= sum(status.shed for status in statuses)
    assert all((status.dropped, status.at > SECONDS - 2) == (0, True) for status in statuses)
    for name in CALLS:
        with Client(address, f"/ws/calls/{name}") as page:
            told = page.hear_all()
        for kind in (TurnStartedMessage, TurnEndedMessage, WordsMessage, ToneMessage, DetectionMessage):
            assert of(kind, told) == of(kind, alone) != []
        assert len(of(WordsMessage, told)) == len(of(TurnEndedMessage, told))
        assert by_sound(told) == by_sound(alone) != []


def newest_status(address: str, call: str) -> StatusMessage:
    """As a page is told that opens now."""
    with Client(address, f"/ws/calls/{call}") as page:
        return page.hear_one(StatusMessage)


def by_sound(messages: list[Message]) -> list[tuple[float, str, str]]:
    """The cues that need sound only: when and whether they were shown."""
    return [
        (cue.detected_at, cue.rule, cue.fate)
        for cue in of(CueMessage, messages)
        if cue.rule in ("customer_escalating", "talking_over")
    ]


def of(kind: type[Kind], messages: list[Message]) -> list[Kind]:
    """The messages of a kind in stream order, without their numbers, which depend on when answers came."""
    return sorted((structs.replace(it, seq=0) for it in messages if isinstance(it, kind)), key=str)
