"""The credit: the customer calms down after the agent acknowledged how they feel.

In: the agent's cues and the course of the customer's trend, in stream order. Out: the signal `calming`. State: when the
customer escalated, and the first acknowledgement since. Pure.
"""

from collections.abc import Iterable

from coach.practices import ACKNOWLEDGING
from coach.trend_direction import TrendDirection
from coach.types import Direction, Evidence, Signal, Trend
from models.text_cues import TextCue


class Calming:
    def __init__(self) -> None:
        self._escalated = 0  # stream time of the last escalation
        self._acknowledged: TextCue | None = None

    def agent(self, cues: Iterable[TextCue]) -> None:
        """What the agent said in a turn. Of several acknowledgements the first one counts."""
        since = (cue for cue in cues if cue.kind in ACKNOWLEDGING and cue.end > self._escalated)
        self._acknowledged = self._acknowledged or next(since, None)

    def at(self, trend: Trend, course: TrendDirection) -> Signal:
        if course.direction is Direction.ESCALATING and course.since != self._escalated:
            self._escalated, self._acknowledged = course.since, None
        said = self._acknowledged
        if course.direction is not Direction.CALMING or said is None or said.start >= course.since:
            return Signal(0.0)
        credit = Evidence("acknowledgement", f"you said '{said.phrase}'", said.probability, said.start, said.end)
        calmer = (reason for reason in trend.evidence if reason.name == "tone" or reason.value < 0)
        return Signal(1.0, (credit, *calmer))
