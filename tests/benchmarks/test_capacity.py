"""What the ramp counts: when audio was sent, what a call adds to memory."""

import pytest

from benchmarks.capacity import Step, _slope
from benchmarks.load import sent
from benchmarks.machine import spread


def a_step(calls: int, rss_mb: float | None) -> Step:
    nothing = spread([0.0])
    return Step(calls, nothing, nothing, 1.0, rss_mb, 0.0, 0.0, 0.0, 0, True)


@pytest.mark.parametrize(("at", "after"), [(0.1, 0.1), (0.12, 0.2), (0.2, 0.2), (2.5, 2.5), (2.51, 2.6)])
def test_a_sample_is_sent_with_the_block_that_it_completes(at: float, after: float) -> None:
    assert sent(at) == pytest.approx(after)


def test_memory_added_by_a_call_is_the_slope_of_the_curve() -> None:
    assert _slope([a_step(1, 310), a_step(4, 340), a_step(8, 380)]) == pytest.approx(10)
    assert _slope([a_step(1, 310)]) is None
    assert _slope([a_step(1, None), a_step(4, None)]) is None
