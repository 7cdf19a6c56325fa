"""Acknowledging a voiced feeling, and wording."""

import pytest

from coach.practices.wording import Acknowledging, negative_wording
from models.text_cues import shipped_cues

LONG = "So the charge on your bill comes from the package that was added in May this year"


def answered(make, *answers: str, feeling: str = "I am so frustrated with this", gap_s: float = 1.0):
    """The signals of the agent's turns after the customer has voiced a feeling."""
    acknowledging = Acknowledging()
    acknowledging.customer(shipped_cues().find(make.customer(feeling, 10).transcript))
    start, signals = 12.0 + gap_s, []
    for text in answers:
        heard = make.agent(text, start)
        signals.append(acknowledging.agent(heard.transcript, shipped_cues().find(heard.transcript)))
        start += 10
    return signals


def values(signals) -> list[float]:
    return [signal.value for signal in signals]


def test_a_solution_without_an_acknowledgement_is_told_once_with_both_sides(make):
    signals = answered(make, LONG, LONG)
    assert values(signals) == [1, 0]
    feeling, answer = signals[0].evidence
    assert (feeling.name, feeling.text) == ("feeling", "customer said 'frustrated'")
    assert (answer.name, answer.text) == ("answer", "answered without naming it")


@pytest.mark.parametrize("kind", ["I can imagine how annoying that is.", "I'm so sorry.", "I understand."])
def test_an_acknowledgement_before_the_solution_is_fine(make, kind):
    assert values(answered(make, f"{kind} {LONG}")) == [0]
    assert values(answered(make, kind, LONG)) == [0, 0]


def test_an_acknowledgement_after_the_offer_comes_too_late(make):
    [signal] = answered(make, "What I can do is a refund, and I understand you.")
    assert signal.value == 1
    assert signal.evidence[1].text == "answered with 'What I can do'"


def test_a_short_turn_is_no_answer_yet(make):
    assert values(answered(make, "Okay, one moment.", "I understand how that feels.", LONG)) == [0, 0, 0]
    assert values(answered(make, "Okay, one moment.", LONG)) == [0, 1]


def test_without_a_feeling_nothing_is_missing(make):
    assert values(answered(make, LONG, feeling="my name is Parker")) == [0]
    assert values(answered(make, LONG, feeling="I'm not frustrated at all")) == [0]


def test_a_turn_that_began_before_the_feeling_is_no_answer(make):
    assert values(answered(make, LONG, gap_s=-4)) == [0]


def test_a_feeling_waits_for_half_a_minute(make):
    assert values(answered(make, LONG, gap_s=31)) == [0]


def test_negative_wording_comes_with_what_to_say(make):
    signal = negative_wording(shipped_cues().find(make.agent("That's our policy.", 3).transcript))
    assert signal.value == 1
    assert signal.evidence[0].text == "said 'our policy'"
    assert signal.advice.startswith('Try: "Here is why')
    assert negative_wording(shipped_cues().find(make.agent("What I can do is this.", 3).transcript)).value == 0
