"""When a rule fires, and when it may again."""

from audio.frame import to_samples
from coach.rule_engine import RuleEngine
from coach.rules import Rule
from coach.types import Evidence, Kind, Signal

RULE = Rule(
    id="loud", signal="escalation", kind=Kind.WARN, onset=0.6, clear=0.4, say="Slow down.", advice="Breathe.",
    evidence=("tone", "words"), hold_s=1.0, cooldown_s=90.0,
)  # fmt: skip


def fired_at(values: list[float | None], rule: Rule = RULE) -> list[float]:
    """Seconds at which the rule fires, one value each half second; None where the signal is absent."""
    watcher = RuleEngine([rule])
    return [
        number / 2
        for number, value in enumerate(values)
        if watcher.feed(to_samples(number / 2), {} if value is None else {"escalation": Signal(value)})
    ]


def test_fires_once_the_signal_has_held():
    assert fired_at([0.1, 0.7, 0.7, 0.7, 0.9, 0.9]) == [1.5]


def test_does_not_fire_where_the_signal_dips_within_the_hold_time():
    assert fired_at([0.7, 0.7, 0.5, 0.7, 0.7, 0.5, 0.7]) == []


def test_fires_again_only_after_it_has_cleared():
    assert fired_at([0.7, 0.7, 0.7, 0.5, 0.7, 0.7, 0.7, 0.7]) == [1.0]
    assert fired_at([0.7, 0.7, 0.7, 0.4, 0.7, 0.7, 0.7, 0.7]) == [1.0, 3.0]


def test_fires_at_once_without_a_hold_time():
    pulse = Rule(**{**{name: getattr(RULE, name) for name in RULE.__struct_fields__}, "hold_s": 0.0})
    assert fired_at([0.0, 1.0, 0.0, 1.0], pulse) == [0.5, 1.5]


def test_an_absent_signal_changes_nothing():
    assert fired_at([0.7, None, None, 0.7, None, 0.7]) == [1.5]


def test_a_detection_carries_the_rules_words_its_reasons_in_order_and_its_time():
    why = [Evidence(name, name, 1.0, 0, 5) for name in ("words", "pitch", "tone")]
    watcher = RuleEngine([RULE])
    watcher.feed(0, {"escalation": Signal(0.9, tuple(why))})
    [detection] = watcher.feed(16_000, {"escalation": Signal(0.9, tuple(why))})
    assert (detection.rule, detection.kind, detection.at) == ("loud", Kind.WARN, 16_000)
    assert (detection.say, detection.advice) == ("Slow down.", "Breathe.")
    assert [reason.name for reason in detection.evidence] == ["tone", "words"]
    assert detection.cooldown == to_samples(90)


def test_advice_of_the_moment_goes_before_that_of_the_rule():
    watcher = RuleEngine([RULE])
    watcher.feed(0, {"escalation": Signal(0.9)})
    [detection] = watcher.feed(16_000, {"escalation": Signal(0.9, advice="Offer a call back.")})
    assert detection.advice == "Offer a call back."
