"""The credit: the customer calms down after the agent acknowledged how they feel.

In: the agent's cues and the course of the customer's trend, in stream order. Out: the signal `calming`. State: when the
customer escalated, and the first acknowledgement since. Pure.
"""

from collections.abc import Iterable

from coach.course import Course
from coach.moment import Direction, Evidence, Signal, Trend
from models.text_cues import CueKind, TextCue

ACKNOWLEDGING = (CueKind.ACKNOWLEDGEMENT, CueKind.APOLOGY)


class Calming:
    def __init__(self) -> None:
        self._escalated: int | None = None  # stream time
        self._kind: TextCue | None = None  # the acknowledgement

    def agent(self, cues: Iterable[TextCue]) -> None:
        """What the agent said in a turn. Of several acknowledgements the first one counts."""
        for cue in cues:
            if self._kind is None and self._escalated is not None and cue.kind in ACKNOWLEDGING:
                self._kind = cue if cue.end > self._escalated else None

    def at(self, trend: Trend, course: Course) -> Signal:
        if course.direction is Direction.ESCALATING:
            self._escalated = course.since if self._escalated is None else self._escalated
        elif course.direction is Direction.STEADY:
            self._escalated = self._kind = None
        kind = self._kind
        if course.direction is not Direction.CALMING or kind is None or kind.start >= course.since:
            return Signal(0.0)
        credit = Evidence("acknowledgement", f"you said '{kind.phrase}'", kind.probability, kind.start, kind.end)
        return Signal(
            1.0, (credit, *(reason for reason in trend.evidence if reason.name == "tone" or reason.value < 0))
        )
