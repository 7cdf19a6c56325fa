"""Escalating, calming, steady."""

from audio.frame import to_samples
from coach.escalation.trend_direction import TrendDirection
from coach.types import Direction


def directions(*values: float) -> list[Direction]:
    """The direction after each value, ten seconds apart."""
    direction, out = TrendDirection(), []
    for number, value in enumerate(values):
        direction = direction.after(to_samples(10 * number), value)
        out.append(direction.direction)
    return out


ESCALATING, CALMING, STEADY = Direction.ESCALATING, Direction.CALMING, Direction.STEADY


def test_a_low_trend_is_steady_not_calming():
    assert directions(0.1, 0.5, 0.2, 0.1) == [STEADY] * 4


def test_a_fall_after_an_escalation_is_calming_and_in_the_end_steady():
    assert directions(0.7, 0.5, 0.3, 0.3, 0.3, 0.3) == [ESCALATING, ESCALATING, CALMING, CALMING, CALMING, STEADY]


def test_who_flares_up_again_is_escalating():
    assert directions(0.7, 0.3, 0.5, 0.7) == [ESCALATING, CALMING, CALMING, ESCALATING]


def test_asking_what_would_be_changes_nothing():
    direction = TrendDirection()
    assert direction.after(5, 0.9).direction is ESCALATING
    assert direction.direction is STEADY


def test_since_is_the_time_of_the_turn():
    direction = TrendDirection().after(to_samples(3), 0.7).after(to_samples(8), 0.8)
    assert direction.since == to_samples(3)
