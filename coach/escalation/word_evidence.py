"""What the customer's words add to the trend from sound.

In: text cues of the customer's turns. Out: the trend, shaded by them. Each kind of cue adds log-odds, once however
often it was said, as much as the words are sure, and fades within half a minute. State: one cue of each kind. Pure.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from audio.frame import SAMPLE_RATE
from audio.ranges import MostLogOdds, Share, Span
from coach.escalation.logodds import to_log_odds, to_probability
from coach.types import Evidence, Trend
from models.text_cues import CueKind, TextCue


@dataclass(frozen=True, slots=True)
class WordEvidenceSettings:
    fade_s: Span = 25.0  # time constant, seconds
    most: MostLogOdds = 3.0  # log-odds that words add or take together
    faint: MostLogOdds = 0.1  # log-odds under which a cue is forgotten
    confidence: Share = 0.5  # of a trend for which there are words


class WordEvidence:
    def __init__(self, settings: WordEvidenceSettings | None = None) -> None:
        self._settings = settings or WordEvidenceSettings()
        self._cues: dict[CueKind, TextCue] = {}

    def feed(self, cues: Iterable[TextCue]) -> None:
        """Take the cues of a customer's turn. Of two of a kind the one that counts more now stays."""
        for cue in cues:
            before = self._cues.get(cue.kind)
            if cue.weight and (before is None or abs(self._force(cue, cue.end)) >= abs(self._force(before, cue.end))):
                self._cues[cue.kind] = cue

    def shade(self, trend: Trend) -> Trend:
        """The trend with the words added: value, confidence and reasons. The direction is left as it is."""
        forces = [(cue, self._force(cue, max(trend.at, cue.end))) for cue in self._cues.values()]
        said = [_reason(cue, force) for cue, force in forces if abs(force) >= self._settings.faint]
        if not said:
            return trend
        total = sum(reason.value for reason in said)
        total = min(max(total, -self._settings.most), self._settings.most)
        return replace(
            trend,
            value=to_probability(to_log_odds(trend.value) + total),
            confidence=max(trend.confidence, self._settings.confidence),
            evidence=(*trend.evidence, *said),
        )

    def _force(self, cue: TextCue, at: int) -> float:
        return cue.weight * cue.probability * math.exp(-(at - cue.end) / SAMPLE_RATE / self._settings.fade_s)


def _reason(cue: TextCue, force: float) -> Evidence:
    return Evidence("words", f"said '{cue.phrase}'", force, cue.start, cue.end)
