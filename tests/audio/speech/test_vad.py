import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.vad import VadOptions, get_speech_timestamps
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import buzz, hear

from audio.frame import SAMPLE_RATE, Channel, Samples
from audio.speech.turns import TurnEnded, TurnSettings, TurnTracker
from audio.speech.vad import WINDOW, Vad, VadMissingError, load_vad
from benchmarks.calls import load_call
from benchmarks.words.word_errors import DIALOGUE
from models.training.data.line import telephone

MODEL = load_vad()
SOUND = np.concatenate((np.zeros(3000, np.float32), buzz(140, 0.3), np.zeros(777, np.float32)))


@settings(max_examples=25)
@given(st.lists(st.integers(0, 2000), max_size=12))
def test_any_cut_gives_the_same_probabilities(cuts: list[int]) -> None:
    whole, vad = Vad(MODEL).feed(SOUND), Vad(MODEL)
    parts = [voice for part in np.split(SOUND, np.cumsum(cuts)) for voice in vad.feed(part)]
    assert parts == whole
    assert [voice.end for voice in whole] == [WINDOW * (k + 1) for k in range(len(SOUND) // WINDOW)]


def test_windows_in_one_go_give_the_probabilities_of_each_alone() -> None:
    whole, vad = Vad(MODEL).feed(SOUND), Vad(MODEL)
    assert len(whole) > 10
    assert [voice for k in range(0, len(SOUND), WINDOW) for voice in vad.feed(SOUND[k : k + WINDOW])] == whole


def test_channels_share_the_model_but_no_state() -> None:
    alone = Vad(MODEL).feed(SOUND)
    first, second = Vad(MODEL), Vad(MODEL)
    noise = np.random.default_rng(0).normal(0, 0.2, len(SOUND)).astype(np.float32)
    heard = []
    for k in range(0, len(SOUND), 500):
        heard += first.feed(SOUND[k : k + 500])
        second.feed(noise[k : k + 500])
    assert heard == alone


def test_silence_is_not_speech() -> None:
    assert max(voice.probability for voice in Vad(MODEL).feed(np.zeros(32_000, np.float32))) < 0.1


def test_turns_of_a_real_call_are_those_of_faster_whisper(recorded_call: Path) -> None:
    rules = TurnSettings()
    for channel, samples in zip(Channel, hear(recorded_call), strict=False):
        theirs = get_speech_timestamps(
            samples,
            VadOptions(
                threshold=rules.onset,
                neg_threshold=rules.offset,
                min_speech_duration_ms=round(rules.shortest_s * 1000),
                min_silence_duration_ms=round(rules.hangover_s * 1000),
                speech_pad_ms=0,
            ),
        )
        ours = speech_of(channel, samples, rules)
        assert 0.3 < ours.mean() < 0.7
        assert np.mean(ours == marked(len(samples), [(s["start"], s["end"]) for s in theirs])) >= 0.97


def speech_of(channel: Channel, samples: Samples, rules: TurnSettings) -> np.ndarray:
    vad, tracker = Vad(MODEL), TurnTracker(channel, rules)
    events = [event for voice in vad.feed(samples) for event in tracker.feed(voice)]
    turns = [event.turn for event in (*events, *tracker.flush(len(samples))) if isinstance(event, TurnEnded)]
    return marked(len(samples), [(turn.start, turn.end) for turn in turns])


def marked(length: int, spans: list[tuple[int, int]]) -> np.ndarray:
    marks = np.zeros(length, np.bool_)
    for start, end in spans:
        marks[start:end] = True
    return marks


def test_the_model_loads_without_importing_faster_whisper() -> None:
    code = "import sys, audio.speech.vad; audio.speech.vad.load_vad(); sys.exit('faster_whisper' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_model_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio.speech.vad.find_spec", lambda _name: None)
    with pytest.raises(VadMissingError, match="pip install --force-reinstall faster-whisper"):
        load_vad()


def test_first_words_after_digital_silence_are_heard() -> None:
    samples = load_call(DIALOGUE).channels[Channel.CUSTOMER][: 90 * SAMPLE_RATE]
    speech = np.count_nonzero(np.abs(samples).reshape(-1, 1600).max(axis=1) > 0.003) * 1600
    tracker, vad = TurnTracker(Channel.CUSTOMER), Vad(MODEL)
    events = [event for voice in vad.feed(telephone(samples)) for event in tracker.feed(voice)]
    turns = [event.turn for event in [*events, *tracker.flush(len(samples))] if isinstance(event, TurnEnded)]
    assert sum(turn.duration for turn in turns) > 0.97 * speech
