"""What the ramp tells of what a call adds."""

import pytest

from benchmarks.load.capacity import Step, _slope
from benchmarks.machine import spread


def a_step(calls: int, rss_mb: float) -> Step:
    nothing = spread([0.0])
    return Step(calls, nothing, nothing, 1.0, rss_mb, 0.0, 0.0, 0.0, 0, True)


def test_memory_added_by_a_call_is_the_slope_of_the_curve() -> None:
    assert _slope([a_step(1, 310), a_step(4, 340), a_step(8, 380)]) == pytest.approx(10)
    assert _slope([a_step(1, 310)]) is None
