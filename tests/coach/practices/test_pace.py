"""The agent's pace, from words with known times."""

import pytest

from audio.frame import Channel, to_samples
from coach.practices.pace import AgentPace

FAST, NORMAL = 60 / 240, 60 / 140  # seconds a word


def speak(make, pace: AgentPace, seconds: float, word_s: float, start: float = 0.0):
    words = " ".join(["word"] * round(seconds / word_s))
    return pace.feed(make.transcript(Channel.AGENT, words, start, word_s))


def test_nothing_is_said_before_15_seconds_of_speech(make):
    assert speak(make, AgentPace(), 14, FAST) is None


def test_pauses_between_turns_do_not_count(make):
    pace = AgentPace()
    for turn in range(4):
        signal = speak(make, pace, 5, 60 / 200, start=100.0 * turn)
    assert signal.value == pytest.approx(200, rel=0.03)
    [reason] = signal.evidence
    assert reason.text == f"{reason.value:.0f} words a minute"


def test_it_is_counted_over_the_last_15_seconds_of_speech_once_kept_up(make):
    pace = AgentPace()
    speak(make, pace, 30, NORMAL)
    assert speak(make, pace, 8, FAST, start=30).value < 190  # a burst
    assert speak(make, pace, 6, FAST, start=40).value > 190
    signal = speak(make, pace, 6, FAST, start=50)
    assert signal.evidence[0].value == pytest.approx(240, rel=0.03)
    assert signal.evidence[0].start == pytest.approx(to_samples(30), abs=to_samples(0.3))
    assert signal.evidence[0].end == to_samples(56)


def test_who_is_fast_from_the_start_counts_as_fast_after_15_seconds(make):
    assert speak(make, AgentPace(), 15, FAST).value == pytest.approx(240, rel=0.03)


def test_a_slow_speaker_who_hurries_counts_as_fast_before_190(make):
    pace = AgentPace()
    speak(make, pace, 60, 60 / 100)
    signal = speak(make, pace, 20, 60 / 130, start=60)
    assert signal.evidence[0].value == pytest.approx(130, rel=0.03)
    assert signal.evidence[0].text.endswith("usually 100")
    assert signal.value > 190


def test_a_fast_speaker_at_their_usual_is_not_helped_by_it(make):
    pace = AgentPace()
    speak(make, pace, 60, 60 / 210)
    assert speak(make, pace, 15, 60 / 210, start=60).value == pytest.approx(210, rel=0.03)


def test_the_pace_is_known_after_15_seconds_of_speech_and_the_usual_after_50(make):
    pace = AgentPace()
    assert pace.known is None
    speak(make, pace, 15, NORMAL)
    assert pace.known.now == pytest.approx(140, rel=0.03)
    assert pace.known.usual is None
    speak(make, pace, 35, NORMAL, start=15)
    speak(make, pace, 20, FAST, start=50)
    assert pace.known.now == pytest.approx(240, rel=0.03)
    assert pace.known.usual == pytest.approx(140, rel=0.03)


def test_a_turn_without_words_is_not_counted(make):
    pace = AgentPace()
    speak(make, pace, 20, NORMAL)
    assert pace.feed(make.transcript(Channel.AGENT, "")) is None
    assert speak(make, pace, 15, NORMAL, start=50).value == pytest.approx(140, rel=0.03)
