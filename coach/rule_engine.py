"""Watches signals by the rules: fires once as a signal crosses its onset, and again only after it has cleared.

In: signals at stream times that never go back. Out: detections. State: for each rule whether it is armed, and since
when its signal has held. Pure. The cue policy decides what of this reaches the screen.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from audio.frame import to_samples
from coach.rules import Rule
from coach.types import Detection, Signal, Signals


@dataclass(slots=True)
class _Watch:
    rule: Rule
    armed: bool = True
    since: int | None = None  # stream time from which the signal has been at its onset


class RuleEngine:
    def __init__(self, rules: Iterable[Rule]) -> None:
        self._watches = [_Watch(rule) for rule in rules]

    def feed(self, at: int, signals: Signals) -> list[Detection]:
        """Look at the signals of stream time `at`. Of one that is absent nothing new is known: it stays as it was."""
        return [
            _detection(watch.rule, at, signals[watch.rule.signal])
            for watch in self._watches
            if watch.rule.signal in signals and _fires(watch, at, signals[watch.rule.signal].value)
        ]


def _fires(watch: _Watch, at: int, value: float) -> bool:
    if value < watch.rule.onset:
        watch.since = None
        watch.armed |= value <= watch.rule.clear
        return False
    if watch.since is None:
        watch.since = at
    if not watch.armed or at - watch.since < to_samples(watch.rule.hold_s):
        return False
    watch.armed = False
    return True


def _detection(rule: Rule, at: int, signal: Signal) -> Detection:
    reasons = [reason for name in rule.evidence for reason in signal.evidence if reason.name == name]
    return Detection(
        rule=rule.id,
        kind=rule.kind,
        at=at,
        say=rule.say,
        advice=signal.advice or rule.advice,
        evidence=tuple(reasons),
        cooldown=to_samples(rule.cooldown_s),
    )
