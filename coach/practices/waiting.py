"""Silence, and whether the customer was asked to wait.

In: the agent's turns with their cues, and ticks. Out: the signals `dead_air` (seconds of silence, 0 on hold) and `hold`
(seconds since the agent asked the customer to wait). A hold begins with a hold phrase and ends when the agent speaks
again. State: since when. Pure.
"""

from collections.abc import Iterable

from audio.frame import to_seconds
from audio.speech.turns import Turn
from coach.types import Evidence, Signal, Tick
from models.text_cues import CueKind, TextCue


class Waiting:
    def __init__(self) -> None:
        self._asked: tuple[int, str] | None = None  # end of the agent's turn, and the phrase

    def feed(self, turn: Turn, cues: Iterable[TextCue]) -> None:
        """The agent has said something: a request to wait, or anything else, which ends the wait."""
        phrases = [cue.phrase for cue in cues if cue.kind is CueKind.HOLD]
        self._asked = (turn.end, phrases[-1]) if phrases else None

    def at(self, tick: Tick) -> dict[str, Signal]:
        silence = to_seconds(tick.dynamics.silence)
        if self._asked is None or tick.dynamics.agent_speaking:
            nobody = Evidence(
                "silence", f"nobody spoke for {silence:.0f} s", silence, tick.at - tick.dynamics.silence, tick.at
            )
            return {"dead_air": Signal(silence, (nobody,)), "hold": Signal(0.0)}
        since, phrase = self._asked
        waited = to_seconds(tick.at - since)
        why = Evidence("hold", f"{waited:.0f} s since '{phrase}'", waited, since, tick.at)
        return {"dead_air": Signal(0.0), "hold": Signal(waited, (why,))}
