"""Escalation is detected once a rise, whichever lane was first to see it.

In: what the sound lane detected, and the trend with words, in stream order. Out: detections that the sound lane has not
made already. State: the rules that have fired in this rise. A rise is over once both trends have cleared. Pure.
"""

from collections.abc import Iterable, Sequence

from coach.rule_engine import RuleEngine
from coach.rules import Rule
from coach.types import Detection, Direction, Signal, Signals, Trend

PUSHES = 0.05  # log-odds from which a reason is worth naming


class EscalationDedup:
    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._with_words = RuleEngine(rules)
        self._fired: set[str] = set()  # in this rise

    def note(self, by_sound: Iterable[Detection]) -> None:
        """Take note of what the sound lane has detected."""
        self._fired.update(detection.rule for detection in by_sound)

    def feed(self, at: int, sound: Trend, shaded: Trend) -> list[Detection]:
        """Look at the trend with words at stream time `at`."""
        fired = self._with_words.feed(at, escalation(shaded))
        new = [detection for detection in fired if detection.rule not in self._fired]
        self._fired.update(detection.rule for detection in new)
        self._fired -= {rule.id for rule in self._rules if max(sound.value, shaded.value) <= rule.clear}
        return new


def escalation(trend: Trend) -> Signals:
    """The signal `escalation`, with the reasons that push it up; none where there is no reading."""
    if trend.direction is Direction.UNKNOWN:
        return {}
    return {"escalation": Signal(trend.value, tuple(reason for reason in trend.evidence if reason.value >= PUSHES))}
