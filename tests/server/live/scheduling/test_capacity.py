"""Beyond what a machine carries a call is refused in one sentence, or followed by its sound alone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec import structs
from wire import Client, a_feed

from audio.sources.files import open_recording
from models.words.types import Transcript, Word, WordsJob
from server.app import ServerSettings
from server.live.call import LiveSettings
from server.live.registry import TONE_ONLY, Engine
from server.live.scheduling.capacity import OverloadPolicy, measured_capacity
from server.protocol.events.base import Message
from server.protocol.events.call import CallEndedMessage, NotedMessage
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.events.tone import ToneMessage
from server.protocol.events.turns import TurnEndedMessage
from server.protocol.events.words import WordsMessage
from server.protocol.messages import CloseCode, StartMessage, StopMessage
from server.serve import serving

Kind = TypeVar("Kind", bound=Message)


class Parrot:
    """A words model that always hears the same word."""

    def transcribe(self, job: WordsJob) -> Transcript:
        return Transcript(job.at, job.turn, job.final, (Word("hello", job.turn.start, job.turn.end, 1.0),))

    def transcribe_all(self, jobs: Sequence[WordsJob]) -> list[Transcript]:
        return [self.transcribe(job) for job in jobs]


@pytest.fixture
def talking(engine: Engine) -> Engine:
    return replace(engine, models=replace(engine.models, words=Parrot()))


def a_server(settings: ServerSettings, live: LiveSettings, engine: Engine) -> Iterator[str]:
    with serving(replace(settings, live=live), engine) as address:
        yield address


@pytest.fixture
def full(settings: ServerSettings, talking: Engine) -> Iterator[str]:
    """A server that follows one call."""
    yield from a_server(settings, LiveSettings(calls_at_most=1), talking)


@pytest.fixture
def measured(settings: ServerSettings, talking: Engine) -> Iterator[str]:
    """A server on a machine that was measured to carry one call."""
    yield from a_server(settings, LiveSettings(), replace(talking, capacity=1))


@pytest.fixture
def generous(settings: ServerSettings, talking: Engine) -> Iterator[str]:
    """A server that follows one call with words, and others without."""
    yield from a_server(settings, LiveSettings(calls_at_most=1, overload_policy=OverloadPolicy.TONE_ONLY), talking)


def heard(address: str, call: str, pcm: bytes) -> list[Message]:
    """Everything that is told of a call, from its feed to its end."""
    with a_feed(address, StartMessage(call=call, agent="Kim", rate=8000)) as feed:
        feed.say(pcm)
        feed.say(StopMessage())
        feed.hear_one(CallEndedMessage)
    with Client(address, f"/ws/calls/{call}") as page:
        return page.hear_all()


@pytest.mark.parametrize("server", ["full", "measured"])
def test_a_call_too_many_is_refused_with_the_reason_and_has_room_once_one_is_over(
    server: str, request: pytest.FixtureRequest
) -> None:
    address: str = request.getfixturevalue(server)
    with a_feed(address, StartMessage(call="one", agent="Kim", rate=8000)) as first:
        with Client(address, "/ws/feed") as second:
            second.say(StartMessage(call="two", agent="Kim", rate=8000))
            refused = second.hear_one(ErrorMessage)
            assert refused.code is ErrorCode.AT_CAPACITY
            assert "as many calls are followed already as this machine carries (1)" in refused.text.lower()
            second.hear_all()
            assert second.socket.close_code == CloseCode.CALL_REFUSED
        first.say(StopMessage())
        first.hear_one(CallEndedMessage)
        first.hear_all()
    with a_feed(address, StartMessage(call="two", agent="Kim", rate=8000)):
        pass


def test_a_call_too_many_is_followed_by_its_sound_where_that_is_set(generous: str, recorded_call: Path) -> None:
    talk = b"".join(block.astype("<i2").tobytes() for block in islice(open_recording(recorded_call).blocks(1.0), 15))
    with a_feed(generous, StartMessage(call="one", agent="Kim", rate=8000)) as first:
        sound_only = heard(generous, "two", talk)
        first.say(StopMessage())
        first.hear_one(CallEndedMessage)
        first.hear_all()
    with_words = heard(generous, "three", talk)
    assert [note.text for note in of(NotedMessage, sound_only)] == [TONE_ONLY]
    assert not of(NotedMessage, with_words)
    assert {said.text for said in of(WordsMessage, sound_only)} == {""}
    assert {said.text for said in of(WordsMessage, with_words)} == {"hello"}
    for kind in (TurnEndedMessage, ToneMessage):
        assert of(kind, sound_only) == of(kind, with_words) != []


def of(kind: type[Kind], messages: list[Message]) -> list[Kind]:
    """The messages of a kind, without their numbers."""
    return [structs.replace(message, seq=0) for message in messages if isinstance(message, kind)]


def test_slower_words_mean_fewer_calls() -> None:
    class Slower(Parrot):
        def transcribe(self, job: WordsJob) -> Transcript:
            for _ in range(1_000_000):
                pass
            return super().transcribe(job)

    assert 1 <= measured_capacity(Slower()) < measured_capacity(Parrot())
