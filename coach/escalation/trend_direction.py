"""Where the customer's trend is heading: escalating, steady, or calming after having been escalated.

In: the trend's value at stream times that never go back. Out: a `Direction`. A value, not an object with state: `after`
gives the next direction and leaves this one as it was, so that one may also ask what would be. Pure.
"""

from dataclasses import dataclass, field, replace

from audio.frame import to_samples
from audio.ranges import Share, Wait
from coach.types import Direction


@dataclass(frozen=True, slots=True)
class TrendDirectionSettings:
    escalated: Share = 0.6  # trend from which the customer counts as escalated
    calmed: Share = 0.4  # trend under which one who was escalated counts as calming
    calming_s: Wait = 30.0  # seconds of calming after which the customer is simply steady again
    least_confidence: Share = 0.2  # under which there is no reading

    def __post_init__(self) -> None:
        """Raises `ValueError` where two settings contradict each other."""
        if self.calmed > self.escalated:
            raise ValueError(f"expected calmed ({self.calmed:g}) to be no more than escalated ({self.escalated:g})")


@dataclass(frozen=True, slots=True)
class TrendDirection:
    settings: TrendDirectionSettings = field(default_factory=TrendDirectionSettings)
    direction: Direction = Direction.STEADY
    since: int = 0  # stream time at which it took this direction

    def after(self, at: int, value: float) -> "TrendDirection":
        """The direction once the trend has come to `value` at stream time `at`."""
        direction = self._direction(at, value)
        return self if direction is self.direction else replace(self, direction=direction, since=at)

    def _direction(self, at: int, value: float) -> Direction:
        if value >= self.settings.escalated:
            return Direction.ESCALATING
        if self.direction is Direction.ESCALATING and value <= self.settings.calmed:
            return Direction.CALMING
        if self.direction is Direction.CALMING and at - self.since >= to_samples(self.settings.calming_s):
            return Direction.STEADY
        return self.direction
