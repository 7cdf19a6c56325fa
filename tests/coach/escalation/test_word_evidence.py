"""What words add to the trend."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.frame import Channel, to_samples
from coach.escalation.word_evidence import WordEvidence
from coach.types import Direction, Trend
from models.text_cues import shipped_cues

CALM = Trend(to_samples(10), 0.12, Direction.STEADY, 0.3, ())


def after(make, *turns: str, at_s: float = 10.0, trend: Trend = CALM, probability: float = 1.0) -> Trend:
    """The trend at `at_s` when all turns have ended just then."""
    words = WordEvidence()
    for text in turns:
        start = 10 - 0.4 * len(text.split())
        words.feed(shipped_cues().find(make.transcript(Channel.CUSTOMER, text, start, probability=probability)))
    return words.shade(Trend(to_samples(at_s), trend.value, trend.direction, trend.confidence, trend.evidence))


def test_words_that_tell_nothing_change_nothing(make):
    assert after(make, "my name is Parker") == CALM


def test_a_threat_raises_the_trend_and_is_named_with_its_time(make):
    shaded = after(make, "I want to cancel")
    assert CALM.value < shaded.value < 0.4
    [reason] = shaded.evidence
    assert (reason.name, reason.text) == ("words", "said 'cancel'")
    assert (reason.start, reason.end) == (to_samples(9.6), to_samples(10))
    assert shaded.confidence == 0.5


def test_several_kinds_add_up(make):
    shaded = after(make, "this is ridiculous I want to cancel get me a manager")
    assert shaded.value > 0.6
    assert len(shaded.evidence) == 3


def test_saying_it_again_adds_nothing(make):
    assert after(make, "cancel", "cancel", "cancel it cancel it").value == pytest.approx(after(make, "cancel").value)


def test_unsure_words_count_less(make):
    assert after(make, "cancel", probability=0.3).value < after(make, "cancel").value


def test_thanks_lower_it(make):
    angry = Trend(CALM.at, 0.7, Direction.ESCALATING, 0.8, ())
    assert after(make, "thank you", trend=angry).value < 0.6


def test_words_fade_within_half_a_minute_and_are_forgotten_within_two(make):
    rises = [after(make, "cancel", at_s=at).value - CALM.value for at in (10, 35, 70)]
    assert rises[1] < rises[0] / 2
    assert rises[2] < rises[0] / 8
    assert after(make, "cancel", at_s=130).evidence == ()


@given(st.floats(0, 1), st.lists(st.sampled_from(["cancel", "a manager", "third time", "ridiculous", "thanks"])))
def test_the_trend_stays_within_0_and_1(make, value, turns):
    assert 0 <= after(make, *turns, trend=Trend(CALM.at, value, Direction.STEADY, 0.0, ())).value <= 1
