"""The credit: the customer calms down after the agent acknowledged how they feel.

In: the agent's cues and the direction of the customer's trend, in stream order. Out: the signal `calming`. State: when
the customer escalated, and the first acknowledgement since. Pure.
"""

from collections.abc import Iterable

from coach.escalation.trend_direction import TrendDirection
from coach.practices.wording import ACKNOWLEDGING
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

    def at(self, trend: Trend, direction: TrendDirection) -> Signal:
        if direction.direction is Direction.ESCALATING and direction.since != self._escalated:
            self._escalated, self._acknowledged = direction.since, None
        said = self._acknowledged
        if direction.direction is not Direction.CALMING or said is None or said.start >= direction.since:
            return Signal(0.0)
        credit = Evidence("acknowledgement", f"you said '{said.phrase}'", said.probability, said.start, said.end)
        calmer = (reason for reason in trend.evidence if reason.name == "tone" or reason.value < 0)
        return Signal(1.0, (credit, *calmer))
