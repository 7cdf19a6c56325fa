"""The whole pipeline on real calls: what it must find, what it must not, and that no cut changes any of it."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from audio.frame import STEREO, Channel, to_samples, to_seconds
from benchmarks.calls import DEMO_CALL, Call, load_call
from benchmarks.tone.laid_calls import ANGRY, CALM, lay_call
from coach.rules import load_rules
from coach.types import Detection, Dynamics, Trend
from models.tone.types import NoReading, ToneReading
from models.training.data.corpora import Corpus, clips
from models.words.types import Transcript
from server.loading import load_models
from server.pipeline.core import CoreSettings, Event
from server.pipeline.inline import InlinePipeline
from server.pipeline.models import Models
from server.settings import Settings


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models(Settings().models)


def hear(call: Call, models: Models, cuts: Iterator[tuple[Channel, int]] | None = None) -> list[Event]:
    """All events of a call, fed in `cuts` (channel, samples) at a time; whole channels by default."""
    pipeline = InlinePipeline(tuple(call.channels), CoreSettings(), tuple(load_rules()), models)
    left = dict(call.channels)
    events: list[Event] = []
    for channel, count in cuts or ((channel, len(samples)) for channel, samples in call.channels.items()):
        events += pipeline.feed(channel, left[channel][:count])
        left[channel] = left[channel][count:]
    return events + pipeline.flush()


def random_cuts(call: Call, seed: int) -> Iterator[tuple[Channel, int]]:
    """Both channels in pieces of up to half a second, either one up to several seconds ahead of the other."""
    draw, left = random.Random(seed), {channel: len(samples) for channel, samples in call.channels.items()}
    while any(left.values()):
        channel = draw.choice([channel for channel, count in left.items() if count])
        count = min(draw.randrange(8_000), left[channel])
        left[channel] -= count
        yield channel, count


def first(events: list[Event], rule: str) -> int | None:
    """Stream time at which a rule first fired."""
    return next((event.at for event in events if isinstance(event, Detection) and event.rule == rule), None)


@pytest.mark.parametrize("seed", range(3))
def test_any_cut_gives_the_same_events(models: Models, seed: int) -> None:
    call = load_call(DEMO_CALL)
    short = Call(call.name, {channel: samples[: to_samples(30)] for channel, samples in call.channels.items()})
    assert hear(short, models, random_cuts(short, seed)) == hear(short, models)


def test_a_calm_call_gives_words_on_both_channels_and_no_escalation(models: Models, recorded_call: Path) -> None:
    events = hear(load_call(recorded_call), models)
    said = {
        channel: " ".join(e.text for e in events if isinstance(e, Transcript) and e.channel is channel).lower()
        for channel in STEREO
    }
    assert "thank you for calling platinum motors" in said[Channel.AGENT]
    assert "i got a car from" in said[Channel.CUSTOMER]
    assert first(events, "customer_escalating") is None


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    ("corpus", "speaker", "other"),
    [("ravdess", "19", "24"), ("ravdess", "20", "23"), ("emodb", "14", "16"), ("emodb", "15", "16")],
)
def test_the_cue_comes_within_6_s_of_the_onset_and_not_before(
    models: Models, corpus: Corpus, speaker: str, other: str
) -> None:
    customer = [clip for clip in clips(corpus, "test") if clip.speaker == speaker]
    agent = [clip for clip in clips(corpus, "test") if clip.speaker == other]
    call = lay_call(customer, agent, (CALM,) * 5 + (ANGRY,) * 5, seed=1, per_turn=3)
    at = first(hear(call, Models(models.vad, models.tone, None)), "customer_escalating")
    assert call.onset is not None
    assert at is not None
    assert 0 <= to_seconds(at - call.onset) <= 6


def test_a_mixed_channel_gives_words_and_says_that_nobody_can_be_told_apart(models: Models) -> None:
    call = load_call(DEMO_CALL)
    both = call.channels[Channel.AGENT] + call.channels[Channel.CUSTOMER]
    mixed = Call("mixed", {Channel.MIXED: both[: to_samples(20)]})
    events = hear(mixed, models)
    readings = [event for event in events if isinstance(event, ToneReading)]
    assert [reading.reason for reading in readings] == [NoReading.MIXED]
    assert any(event.text for event in events if isinstance(event, Transcript))
    assert not any(isinstance(event, Trend | Dynamics | Detection) for event in events)
