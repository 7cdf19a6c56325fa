"""Escalation in the words lane: told once a rise, whichever lane was first to see it.

In: the trend as sound tells it and as words shade it, in stream order. Out: detections that the sound lane has not made
already. State: two watchers, of which one does exactly what the sound lane's does, and the rules told of in this rise.
A rise is over once both trends have cleared. Pure.
"""

from collections.abc import Sequence

from coach.rule_engine import RuleEngine
from coach.rules import Rule
from coach.types import Detection, Direction, Signal, Signals, Trend

PUSHES = 0.05  # log-odds from which a reason is worth naming


class Rises:
    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._sound = RuleEngine(rules)
        self._words = RuleEngine(rules)
        self._told: set[str] = set()

    def heard(self, trend: Trend) -> None:
        """A tick has gone through the sound lane, which made this trend of it."""
        self._told.update(detection.rule for detection in self._sound.feed(trend.at, escalation(trend)))

    def feed(self, at: int, sound: Trend, shaded: Trend) -> list[Detection]:
        """Look at the shaded trend at stream time `at`."""
        new = [detection for detection in self._words.feed(at, escalation(shaded)) if detection.rule not in self._told]
        self._told.update(detection.rule for detection in new)
        over = {rule.id for rule in self._rules if max(sound.value, shaded.value) <= rule.clear}
        self._told -= over
        return new


def escalation(trend: Trend) -> Signals:
    """The signal `escalation`, with the reasons that push it up; none where there is no reading."""
    if trend.direction is Direction.UNKNOWN:
        return {}
    return {"escalation": Signal(trend.value, tuple(reason for reason in trend.evidence if reason.value >= PUSHES))}
