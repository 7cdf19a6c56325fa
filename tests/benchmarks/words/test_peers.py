"""Delays out of growing texts, ours and the peers' alike, and which peers a Python has."""

import sys
from pathlib import Path

import pytest

from audio.frame import Channel
from benchmarks.speed.latency import Arrival
from benchmarks.words.peers import NoPeerError, installed
from benchmarks.words.word_delays import Part, Timed, Told, delays_of, told_by
from server.protocol.events.words import PartialWordsMessage, WordsMessage

SENT = [k / 50 for k in range(1, 500)]  # each block of 20 ms once it has been spoken, on a clock that begins at 0
SAID = [Timed("i", 1.0), Timed("want", 1.5), Timed("what", 2.0), Timed("i", 2.5)]


def text(when: float, confirmed: str, still_open: str = "") -> Told:
    return Told(when, (Part(confirmed, True), Part(still_open, False)))


def test_a_word_is_timed_to_its_first_sight_and_to_its_confirmation() -> None:
    told = [text(1.4, "", "I won't"), text(2.0, "I", "want"), text(3.5, "I want what I")]
    delays = [
        (it.word, it.shown and round(it.shown, 2), it.confirmed and round(it.confirmed, 2))
        for it in delays_of("a peer", Channel.CUSTOMER, SAID, SENT, told)
    ]
    assert delays == [("i", 0.38, 0.98), ("want", 0.48, 1.98), ("what", 1.48, 1.48), ("i", 0.98, 0.98)]


def test_a_word_that_is_not_said_yet_is_not_taken_for_shown() -> None:
    first, *_, last = delays_of("a peer", Channel.CUSTOMER, SAID, SENT, [text(1.4, "I")])
    assert first.confirmed == pytest.approx(0.38)
    assert last.shown is None


def test_a_word_that_never_comes_has_no_delay() -> None:
    delays = list(delays_of("a peer", Channel.CUSTOMER, SAID, SENT, [text(4.0, "I want it", "I")]))
    assert [it.shown is None for it in delays] == [False, False, True, False]
    assert [it.confirmed is None for it in delays] == [False, False, True, True]


def test_our_turns_make_one_text_of_a_channel() -> None:
    agent, customer = Channel.AGENT, Channel.CUSTOMER
    arrivals = [
        Arrival(PartialWordsMessage(1.5, customer, 0, 0.5, "I want", 1), 1.6),
        Arrival(PartialWordsMessage(1.5, agent, 0, 0.5, "Good morning", 4), 1.7),
        Arrival(PartialWordsMessage(3.0, customer, 1, 2.5, "Two", 0), 3.1),
        Arrival(WordsMessage(at=2.4, channel=customer, turn=0, start=0.5, end=2.0, text="I want tea.", words=[]), 3.2),
    ]
    told = list(told_by(arrivals, customer))
    assert told[0] == Told(1.6, (Part("I", True), Part(" want", False)))
    assert [(part.text, part.sure) for part in told[2].parts if part.text] == [
        ("I want tea.", True),
        ("Two", False),
    ]


def test_a_python_without_peers_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoPeerError, match="none is installed"):
        installed(Path(sys.executable))
    with pytest.raises(NoPeerError, match="A Python with numpy was expected"):
        installed(tmp_path / "python")
