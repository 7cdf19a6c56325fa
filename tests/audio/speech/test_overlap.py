from itertools import product

from hypothesis import given
from hypothesis import strategies as st
from sounds import voices

from audio.frame import Channel
from audio.speech.overlap import NEVER_S, PAUSE_S, OverlapTracker
from audio.speech.turns import Overlap, Turn, TurnEnded, TurnSettings, TurnTracker
from audio.speech.vad import WINDOW

AGENT, CUSTOMER = Channel.AGENT, Channel.CUSTOMER


def overlaps(agent: str, customer: str) -> list[Overlap]:
    tracker, found = OverlapTracker(), []
    for one, other in zip(voices(agent), voices(customer), strict=True):
        found += tracker.feed(AGENT, one) + tracker.feed(CUSTOMER, other)
    return found + tracker.flush(len(agent) * WINDOW)


def test_the_one_who_comes_in_is_the_starter() -> None:
    (overlap,) = overlaps(agent="......##########...........", customer="..##########...............")
    assert overlap == Overlap(at=19 * WINDOW, start=6 * WINDOW, end=12 * WINDOW, starter=AGENT)


def test_an_overlap_is_told_while_the_turns_of_both_run_on() -> None:
    agent, customer = "....#####..........####", "##########........#####"
    (overlap, _) = overlaps(agent, customer)
    assert overlap.at == 16 * WINDOW
    assert TurnSettings().hangover_s > 10 * WINDOW / 16_000  # longer than either pauses: both turns are still open


def test_a_word_put_in_between_two_pauses_overlaps_nothing() -> None:
    assert overlaps(agent=".........####.........", customer="#######........#######") == []


def test_a_breath_does_not_break_an_overlap() -> None:
    (overlap,) = overlaps(agent="....####..####........", customer="##################....")
    assert (overlap.start, overlap.end) == (4 * WINDOW, 14 * WINDOW)


def test_starting_at_once_is_not_held_against_the_agent() -> None:
    assert [overlap.starter for overlap in overlaps(agent="..####........", customer="..######......")] == [CUSTOMER]
    assert [overlap.starter for overlap in overlaps(agent="..######......", customer="..####........")] == [CUSTOMER]


def test_an_overlap_that_is_open_when_the_call_ends_is_told_by_the_flush() -> None:
    tracker, pattern = OverlapTracker(), "##########"
    for one, other in zip(voices("..########"), voices(pattern), strict=True):
        assert tracker.feed(AGENT, one) + tracker.feed(CUSTOMER, other) == []
    end = len(pattern) * WINDOW
    assert tracker.flush(end) == [Overlap(at=end, start=2 * WINDOW, end=end, starter=AGENT)]
    assert tracker.flush(end) == []


@given(st.integers(0, 80).flatmap(lambda n: st.tuples(*[st.text("##-..", min_size=n, max_size=n)] * 2)))
def test_overlaps_are_all_the_crossings_of_the_stretches(patterns: tuple[str, str]) -> None:
    agent, customer = (stretches(pattern) for pattern in patterns)
    crossings = [(max(a.start, b.start), min(a.end, b.end)) for a, b in product(agent, customer)]
    found = [(overlap.start, overlap.end) for overlap in overlaps(*patterns)]
    assert sorted(found) == sorted((start, end) for start, end in crossings if start < end)


def stretches(pattern: str) -> list[Turn]:
    tracker = TurnTracker(AGENT, TurnSettings(hangover_s=PAUSE_S, longest_s=NEVER_S))
    events = [event for voice in voices(pattern) for event in tracker.feed(voice)]
    events += tracker.flush(len(pattern) * WINDOW)
    return [event.turn for event in events if isinstance(event, TurnEnded)]
