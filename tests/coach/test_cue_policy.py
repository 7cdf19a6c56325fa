"""What reaches the agent's screen, and what became of the rest."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from audio.frame import to_samples
from coach.cue_policy import CuePolicy, CuePolicySettings
from coach.types import Detection, Fate, Kind


def detection(at_s: float, rule: str = "pace", kind: Kind = Kind.WARN) -> Detection:
    return Detection(rule, kind, to_samples(at_s), "Breathe.", "Pause.", (), to_samples(90))


def fates(*arrivals: tuple[float, str], board: CuePolicy | None = None) -> list[Fate]:
    board = board or CuePolicy()
    return [board.offer(detection(at, rule), to_samples(at)).fate for at, rule in arrivals]


def test_a_cue_is_shown_for_ten_seconds():
    cue = CuePolicy().offer(detection(5), to_samples(6))
    assert (cue.fate, cue.at, cue.until) == (Fate.SHOWN, to_samples(6), to_samples(16))


def test_one_is_visible_at_a_time():
    assert fates((0, "a"), (9.9, "b")) == [Fate.SHOWN, Fate.BUSY]


def test_half_a_minute_lies_between_any_two():
    assert fates((0, "a"), (29.9, "b"), (30, "c")) == [Fate.SHOWN, Fate.COOLING, Fate.SHOWN]


def test_a_minute_and_a_half_lies_between_two_of_one_rule():
    assert fates((0, "a"), (60, "a"), (90, "a")) == [Fate.SHOWN, Fate.COOLING, Fate.SHOWN]


def test_one_that_was_not_shown_does_not_put_off_the_next():
    assert fates((0, "a"), (29, "b"), (31, "b")) == [Fate.SHOWN, Fate.COOLING, Fate.SHOWN]


def test_a_warning_waits_for_the_pause_after_a_credit_as_after_any_other():
    board = CuePolicy()
    assert board.offer(detection(0, "calming", Kind.CREDIT), 0).fate is Fate.SHOWN
    assert board.offer(detection(20, "escalating"), to_samples(20)).fate is Fate.COOLING
    assert board.offer(detection(30, "escalating"), to_samples(30)).fate is Fate.SHOWN


def test_one_older_than_three_seconds_is_dropped_and_leaves_the_screen_free():
    board = CuePolicy()
    late = board.offer(detection(0), to_samples(3.1))
    assert (late.fate, late.until) == (Fate.STALE, late.at)
    assert board.offer(detection(1), to_samples(4)).fate is Fate.SHOWN


def test_the_budget_of_a_call_is_kept():
    board = CuePolicy(CuePolicySettings(budget=2))
    assert fates((0, "a"), (30, "b"), (60, "c"), (200, "d"), board=board) == [
        Fate.SHOWN, Fate.SHOWN, Fate.BUDGET, Fate.BUDGET,
    ]  # fmt: skip


def test_cues_can_be_switched_off_and_on():
    board = CuePolicy()
    board.switch(False)
    assert fates((0, "a"), board=board) == [Fate.OFF]
    board.switch(True)
    assert fates((1, "a"), board=board) == [Fate.SHOWN]


def test_switching_on_again_does_not_shorten_the_pause():
    board = CuePolicy()
    assert fates((0, "a"), board=board) == [Fate.SHOWN]
    board.switch(False)
    board.switch(True)
    assert fates((5, "b"), board=board) == [Fate.COOLING]


arrivals = st.lists(
    st.tuples(st.integers(0, 600), st.integers(0, 6), st.sampled_from("abc"), st.sampled_from([None, True, False])),
    max_size=60,
)


@given(arrivals, st.integers(0, 5))
def test_whatever_arrives_the_rules_of_the_house_hold(offers, budget):
    board = CuePolicy(CuePolicySettings(budget=budget))
    cues = []
    for now, age, rule, switch in sorted(offers, key=lambda offer: offer[0]):
        if switch is not None:
            board.switch(switch)
        cues.append(board.offer(detection(max(now - age, 0), rule), to_samples(now)))
    shown = [cue for cue in cues if cue.fate is Fate.SHOWN]
    assert len(shown) <= budget
    assert all(cue.at - cue.detection.at <= to_samples(3) for cue in shown)
    assert all(cue.until == cue.at for cue in cues if cue.fate is not Fate.SHOWN)
    for before, after in pairwise(shown):
        assert after.at - before.at >= to_samples(30)
        assert after.at >= before.until
    for rule in "abc":
        same = [cue.at for cue in shown if cue.detection.rule == rule]
        assert all(b - a >= to_samples(90) for a, b in pairwise(same))
