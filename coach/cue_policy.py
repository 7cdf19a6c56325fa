"""The cue policy: which detections reach the agent's screen, and what became of the others.

In: detections as they arrive, with the stream time of arrival. Out: a `Cue` for each, with its fate. State: the cues
shown so far. Pure. The rules of the house, in this order: switched off; stale; one visible at a time; a pause between
any two and a longer one within a rule; a budget for the call. They hold for warnings and credits alike: an exception
for urgent ones would be more alerts in just the calls in which the agent has the least attention to spare. To
the same end a detection that was not shown is never shown later.
"""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from audio.frame import to_samples
from audio.ranges import Span, Wait
from coach.types import Cue, Detection, Fate


@dataclass(frozen=True, slots=True)
class CuePolicySettings:
    visible_s: Span = 10.0  # seconds for which a cue stays
    between_s: Wait = 30.0  # seconds from one cue to the next
    stale_s: Wait = 3.0  # seconds after which a detection comes too late to help
    budget: Annotated[int, Meta(ge=0, le=10_000)] = 12  # cues a call


class CuePolicy:
    """The screen of one agent for one call. `offer` in the order of arrival."""

    def __init__(self, settings: CuePolicySettings | None = None) -> None:
        self._settings = settings or CuePolicySettings()
        self._on = True
        self._visible_until = 0
        self._last: int | None = None  # arrival of the last cue shown
        self._last_of: dict[str, int] = {}  # the same for each rule
        self._shown = 0

    def switch(self, on: bool) -> None:
        """The agent switches cues off or on again. A visible cue goes at once."""
        self._on = on
        if not on:
            self._visible_until = 0

    def offer(self, detection: Detection, now: int) -> Cue:
        """Decide on a detection that arrives at stream time `now`."""
        fate = self._fate(detection, now)
        if fate is not Fate.SHOWN:
            return Cue(now, detection, fate, until=now)
        self._visible_until = now + to_samples(self._settings.visible_s)
        self._last = self._last_of[detection.rule] = now
        self._shown += 1
        return Cue(now, detection, fate, self._visible_until)

    def _fate(self, detection: Detection, now: int) -> Fate:
        if not self._on:
            return Fate.OFF
        if now - detection.at > to_samples(self._settings.stale_s):
            return Fate.STALE
        if now < self._visible_until:
            return Fate.BUSY
        same = self._last_of.get(detection.rule)
        if self._last is not None and now - self._last < to_samples(self._settings.between_s):
            return Fate.COOLING
        if same is not None and now - same < detection.cooldown:
            return Fate.COOLING
        return Fate.BUDGET if self._shown >= self._settings.budget else Fate.SHOWN
