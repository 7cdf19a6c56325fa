"""What a monitor reads of a server: figures that move with its calls, and nothing of what is said in them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import httpx
import pytest
from fed_call import FedCall
from scrape import scrape
from wire import Client, a_feed

from audio.frame import Channel
from models.words.types import Transcript, Word, WordsJob
from server.app import ServerSettings
from server.live.call import LiveSettings
from server.live.registry import Engine
from server.protocol.events.call import CallEndedMessage, StatusMessage
from server.protocol.events.cues import CueMessage
from server.protocol.events.errors import ErrorMessage
from server.protocol.events.tone import ToneMessage
from server.protocol.events.turns import TurnEndedMessage
from server.protocol.events.words import WordsMessage
from server.protocol.messages import DeviceMessage, StartMessage, StopMessage
from server.serve import serving

START = StartMessage(call="some-name", agent="Kim", rate=8000, title="a title")


class Parrot:
    """A words model that always hears the same word."""

    def transcribe(self, job: WordsJob) -> Transcript:
        return Transcript(job.at, job.turn, job.final, (Word("parrots", job.turn.start, job.turn.end, 1.0),))

    def transcribe_all(self, jobs: Sequence[WordsJob]) -> list[Transcript]:
        return [self.transcribe(job) for job in jobs]


@pytest.fixture
def address(settings: ServerSettings, engine: Engine) -> Iterator[str]:
    """A server that follows one call with words."""
    models = replace(engine.models, words=Parrot())
    with serving(replace(settings, live=LiveSettings(calls_at_most=1)), replace(engine, models=models)) as where:
        yield where


def test_figures_move_as_a_call_is_fed_and_agree_with_what_was_told(address: str) -> None:
    before = scrape(address)
    with FedCall(address) as call:
        call.until(CueMessage)
        during = scrape(address)
        call.end()
    after = scrape(address)
    with Client(address, "/ws/calls/demo") as page:
        told = page.hear_all()
    for name, kind in {
        "turns": TurnEndedMessage,
        "finals": WordsMessage,
        "tone_readings": ToneMessage,
        "cues": CueMessage,
    }.items():
        name = "calmline_cues_total.shown" if kind is CueMessage else f"calmline_{name}_total"
        assert (before[name], after[name]) == (0, sum(isinstance(message, kind) for message in told))
        assert 0 < during[name] <= after[name]
    for figures, running in ((before, 0), (during, 1), (after, 0)):
        assert figures["calmline_calls"] == figures["calmline_calls_with_words"] == running
        assert figures["calmline_lag_seconds"] < 2
        assert figures["calmline_calls_with_words_most"] == 1
    assert after["calmline_decode_seconds_count.final"] == after["calmline_finals_total"] > 0
    assert during["calmline_decode_seconds_count.partial"] > 0
    assert after["calmline_decode_seconds_sum.final"] > 0
    assert after["process_cpu_seconds_total"] > before["process_cpu_seconds_total"]


def test_what_was_lost_before_it_came_is_counted_once(address: str) -> None:
    with a_feed(address, START) as feed, Client(address, "/ws/follow") as page:
        for dropped in (3, 3, 8):
            feed.say(DeviceMessage(Channel.AGENT, present=True, dropped=dropped))
        page.hear_one(StatusMessage, lambda status: status.dropped == 8)
        assert scrape(address)["calmline_frames_dropped_total"] == 8


def test_refusals_are_counted(address: str) -> None:
    with a_feed(address, START):
        for name in ("two", "three"):
            with Client(address, "/ws/feed") as refused:
                refused.say(StartMessage(call=name, agent="Kim", rate=8000))
                refused.hear_one(ErrorMessage)
        figures = scrape(address)
    assert figures["calmline_calls_refused_total"] == 2
    assert figures["calmline_calls_tone_only_total"] == 0


def test_nothing_in_them_names_a_call_or_a_person_or_tells_what_was_said(address: str) -> None:
    with a_feed(address, START) as feed:
        feed.say(bytes(32_000))
        feed.say(StopMessage())
        feed.hear_one(CallEndedMessage)
    answer = httpx.get(f"{address}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["cache-control"] == "no-store"
    assert not any(text in answer.text for text in ("Kim", "some-name", "a title", "parrots"))


def test_each_server_counts_for_itself(address: str, engine: Engine, settings: ServerSettings) -> None:
    with a_feed(address, START), serving(replace(settings, data_folder=f"{settings.data_folder}2"), engine) as other:
        assert scrape(address)["calmline_calls"] == 1
        assert scrape(other)["calmline_calls"] == 0
