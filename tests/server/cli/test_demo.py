"""The demo call as committed: the words of its script, a voice as angry as it claims, and the cues it is made for."""

import json
import math
import re
from pathlib import Path
from typing import Any

import av
import numpy as np
import parselmouth
import pytest

from audio.frame import SAMPLE_RATE, STEREO, Channel, Samples, to_samples, to_seconds
from benchmarks.calls import Call, load_call
from coach.rules import load_rules
from coach.types import Cue, Detection, Fate
from models.words.types import Transcript
from server.loading import load_models
from server.pipeline.core import CoreSettings, Event
from server.pipeline.inline import InlinePipeline
from server.settings import Settings

DEMO = Path(__file__).parents[3] / "server" / "demo"
AUDIO = DEMO / "billing_call.opus"
CALM, RAISED = {"calm"}, {"angry", "furious"}


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    told: dict[str, Any] = json.loads((DEMO / "billing_call.json").read_text(encoding="utf-8"))
    return told


@pytest.fixture(scope="module")
def call() -> Call:
    return load_call(AUDIO)


@pytest.fixture(scope="module")
def events(call: Call) -> list[Event]:
    """What Calmline makes of it, from sound to cues."""
    pipeline = InlinePipeline(tuple(call.channels), CoreSettings(), load_rules(), load_models(Settings().models))
    told = [event for channel, samples in call.channels.items() for event in pipeline.feed(channel, samples)]
    return told + pipeline.flush()


def spoken(call: Call, turn: dict[str, Any], channel: str) -> Samples:
    """What one channel carries during a turn."""
    return call.channels[Channel(channel)][to_samples(turn["start"]) : to_samples(turn["end"])]


def fired(events: list[Event], rule: str) -> list[float]:
    """Seconds at which a rule fired."""
    return [to_seconds(event.at) for event in events if isinstance(event, Detection) and event.rule == rule]


def customer_speech(call: Call, script: dict[str, Any], moods: set[str]) -> Samples:
    turns = [turn for turn in script["turns"] if turn["channel"] == "customer" and turn["mood"] in moods]
    return np.concatenate([spoken(call, turn, "customer") for turn in turns])


def words(text: str) -> list[str]:
    """In lower case, without punctuation, amounts spelled out."""
    spelled = re.sub(r"\$(\d+)", r"\1 dollars", text.lower()).replace("94", "ninety four").replace("60", "sixty")
    return re.sub(r"[^a-z' ]", " ", spelled).split()


def word_errors(reference: list[str], heard: list[str]) -> int:
    """Substitutions, insertions and deletions between two rows of words (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, expected in enumerate(reference, 1):
        before, row = row, [i]
        for j, word in enumerate(heard, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (expected != word)))
    return row[-1]


def median_pitch(samples: Samples) -> float:
    """In Hz, by Praat."""
    pitch = parselmouth.Sound(samples.astype(np.float64), SAMPLE_RATE).to_pitch_ac(pitch_floor=120, pitch_ceiling=500)
    f0 = pitch.selected_array["frequency"]
    return float(np.median(f0[f0 > 0]))


def semitones(samples: Samples, above: Samples) -> float:
    return 12 * math.log2(median_pitch(samples) / median_pitch(above))


def level(samples: Samples) -> float:
    """RMS in dB re full scale."""
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


def test_the_call_is_stereo_and_as_long_as_its_script_says(call: Call, script: dict[str, Any]) -> None:
    assert tuple(call.channels) == STEREO
    assert to_seconds(call.length) == pytest.approx(script["seconds"], abs=0.05)
    assert 75 <= script["seconds"] <= 90


def test_the_file_is_small_and_says_that_it_is_synthetic() -> None:
    assert AUDIO.stat().st_size < 1_000_000
    with av.open(AUDIO) as container:
        tags = {key.lower(): value for key, value in container.streams.audio[0].metadata.items()}
    assert "SYNTHETIC" in tags["comment"]
    assert tags["license"] == "Apache-2.0"


@pytest.mark.parametrize("channel", STEREO)
def test_the_right_words_are_on_the_right_channel(
    events: list[Event], script: dict[str, Any], channel: Channel
) -> None:
    said = words(" ".join(turn["text"] for turn in script["turns"] if turn["channel"] == channel))
    heard = words(
        " ".join(event.text for event in events if isinstance(event, Transcript) and event.channel is channel)
    )
    assert word_errors(said, heard) / len(said) < 0.08


def test_one_voice_does_not_leak_into_the_other_channel(call: Call, script: dict[str, Any]) -> None:
    for turn in script["turns"]:
        (other,) = {"agent", "customer"} - {turn["channel"]}
        overlapped = [it for it in script["turns"] if it["start"] < turn["end"] and turn["start"] < it["end"]]
        if overlapped == [turn]:
            assert level(spoken(call, turn, turn["channel"])) - level(spoken(call, turn, other)) > 20


def test_the_angry_customer_is_louder_and_higher_than_the_calm_one(call: Call, script: dict[str, Any]) -> None:
    calm, raised = customer_speech(call, script, CALM), customer_speech(call, script, RAISED)
    assert level(raised) - level(calm) > 6
    assert semitones(raised, above=calm) > 2.5


def test_the_customer_calms_after_the_acknowledgement(call: Call, script: dict[str, Any]) -> None:
    calm, relieved = customer_speech(call, script, CALM), customer_speech(call, script, {"relieved"})
    assert script["acknowledged"][0] > script["angry"][1]
    assert abs(level(relieved) - level(calm)) < 3
    assert abs(semitones(relieved, above=calm)) < 2


def test_the_agent_talks_over_the_customer_twice_within_a_minute(script: dict[str, Any]) -> None:
    first, second = script["talk_overs"]
    assert all(end - start > 0.7 for start, end in (first, second))
    assert second[1] - first[0] < 60


def test_the_agent_rushes_in_the_bad_part_only(script: dict[str, Any]) -> None:
    def pace(mood: str) -> float:
        turns = [turn for turn in script["turns"] if turn["channel"] == "agent" and turn["mood"] == mood]
        minutes = float(sum(turn["end"] - turn["start"] for turn in turns)) / 60
        return sum(len(turn["text"].split()) for turn in turns) / minutes

    assert 120 <= pace("kind") <= 160
    assert pace("rushed") > 200


def test_the_first_cue_of_all_is_that_the_customer_escalates_in_the_angry_part(
    events: list[Event], script: dict[str, Any]
) -> None:
    shown = [event.detection for event in events if isinstance(event, Cue) and event.fate is Fate.SHOWN]
    assert shown[0].rule == "customer_escalating"
    start, end = script["angry"]
    assert start < to_seconds(shown[0].at) < min(start + 6, end)
    assert len(fired(events, "customer_escalating")) == 1


def test_the_credit_comes_after_the_acknowledgement_and_is_shown(events: list[Event], script: dict[str, Any]) -> None:
    (at,) = fired(events, "customer_calming")
    assert at > script["acknowledged"][1]
    assert [event.fate for event in events if isinstance(event, Cue)][-1] is Fate.SHOWN


def test_the_agents_bad_part_is_found(events: list[Event], script: dict[str, Any]) -> None:
    bad = script["talk_overs"][0][0], script["acknowledged"][0]
    for rule in ("talking_over", "fast_pace", "say_it_positively"):
        (at,) = fired(events, rule)
        assert bad[0] < at < bad[1]
