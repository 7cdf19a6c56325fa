"""What the agent does with words: acknowledging a feeling, and refusing or blaming.

In: turns of both with their cues, in stream order. Out: the signals `unacknowledged` and `negative_wording`, each for
the one moment at which it is known. State: the feeling that waits, and how much of an answer there has been. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from audio.frame import to_samples
from coach.types import Evidence, Signal
from models.text_cues import CueKind, TextCue
from models.words.types import Transcript

SUBSTANCE = 12  # words: a shorter answer, "okay, one moment", may still lead up to an acknowledgement
MEMORY = to_samples(30.0)  # after which a feeling no longer waits
ACKNOWLEDGING = (CueKind.ACKNOWLEDGEMENT, CueKind.APOLOGY)


@dataclass(slots=True)
class _Open:
    """A feeling that waits for the agent's answer."""

    feeling: TextCue
    words: int = 0  # of the answer so far


class Acknowledging:
    """Whether a feeling the customer voices is acknowledged before the solution comes."""

    def __init__(self) -> None:
        self._open: _Open | None = None

    def customer(self, cues: Sequence[TextCue]) -> None:
        voiced = [cue for cue in cues if cue.kind is CueKind.FEELING]
        if voiced:
            self._open = _Open(voiced[-1])

    def agent(self, transcript: Transcript, cues: Sequence[TextCue]) -> Signal:
        """1 where this turn answers without acknowledging, else 0. One that began before the feeling is no answer."""
        waits, turn = self._open, transcript.turn
        if waits is None or turn.start < waits.feeling.start:
            return Signal(0.0)
        if turn.start > waits.feeling.end + MEMORY:
            self._open = None
            return Signal(0.0)
        first = next((cue for cue in cues if cue.kind in (*ACKNOWLEDGING, CueKind.OFFER)), None)
        waits.words += len(transcript.words)
        if first is None and waits.words < SUBSTANCE:
            return Signal(0.0)
        self._open = None
        if first and first.kind in ACKNOWLEDGING:
            return Signal(0.0)
        answer = f"answered with '{first.phrase}'" if first else "answered without naming it"
        return Signal(1.0, (_voiced(waits.feeling), Evidence("answer", answer, 1.0, turn.start, turn.end)))


def _voiced(cue: TextCue) -> Evidence:
    return Evidence("feeling", f"customer said '{cue.phrase}'", cue.probability, cue.start, cue.end)


def negative_wording(cues: Sequence[TextCue]) -> Signal:
    """1 where the agent's turn refuses or blames, with what to say in its place; else 0."""
    said = [cue for cue in cues if cue.kind is CueKind.NEGATIVE]
    if not said:
        return Signal(0.0)
    reasons = (Evidence("wording", f"said '{cue.phrase}'", cue.probability, cue.start, cue.end) for cue in said)
    return Signal(1.0, tuple(reasons), advice=f"Try: {said[0].instead}")
