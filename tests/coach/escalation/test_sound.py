"""The trend out of sound: rises within seconds, falls slowly, and names its reasons."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.frame import to_seconds
from coach.escalation.logodds import to_log_odds
from coach.escalation.sound import EscalationSettings, SoundEscalation
from coach.escalation.trend_direction import TrendDirectionSettings
from coach.types import Direction, Trend
from models.tone.types import NoReading

ESCALATED = TrendDirectionSettings().escalated


def trends(ticks) -> list[Trend]:
    escalation = SoundEscalation()
    return [escalation.feed(tick) for tick in ticks]


def first_escalated(ticks) -> float | None:
    return next((to_seconds(trend.at) for trend in trends(ticks) if trend.value >= ESCALATED), None)


def test_nothing_is_known_before_the_customer_speaks(make):
    last = trends(make.ticks(0, 30))[-1]
    assert (last.direction, last.confidence, last.evidence) == (Direction.UNKNOWN, 0.0, ())
    assert last.value < 0.2


def test_calm_speech_is_steady_and_low(make):
    last = trends(make.ticks(0, 30, 0.1))[-1]
    assert last.direction is Direction.STEADY
    assert last.value < 0.2


def test_anger_shows_within_seconds(make):
    escalated = first_escalated([*make.ticks(0, 20, 0.1), *make.ticks(20, 30, 0.85)])
    assert 20.5 < escalated <= 23


def test_who_is_angry_from_the_first_word_reads_angry_to_the_last(make):
    values = [trend.value for trend in trends(make.ticks(0, 120, 0.85, loudness_db=-15, f0_hz=300))]
    assert min(values[6:]) >= ESCALATED


@pytest.mark.parametrize("odd", [0.9, 0.99])
def test_one_odd_window_changes_nothing(make, odd):
    ticks = [*make.ticks(0, 20, 0.1), make.tick(20.5, odd, arousal=1.0), *make.ticks(20.5, 30, 0.1)]
    assert max(trend.value for trend in trends(ticks)) < 0.2


def test_a_first_window_alone_changes_nothing(make):
    assert trends([make.tick(1, 0.99)])[-1].value < 0.2


def test_it_falls_more_slowly_than_it_rises(make):
    ticks = [*make.ticks(0, 20, 0.1), *make.ticks(20, 30, 0.9), *make.ticks(30, 60, 0.1)]
    values = {to_seconds(trend.at): trend.value for trend in trends(ticks)}
    rise = next(at for at in values if at > 20 and values[at] > 0.6) - 20
    fall = next(at for at in values if at > 30 and values[at] < 0.4) - 30
    assert fall >= 2 * rise


def test_calming_is_known_after_a_sustained_fall_and_ends(make):
    ticks = [*make.ticks(0, 10, 0.1), *make.ticks(10, 20, 0.9), *make.ticks(20, 80, 0.1)]
    ways = [trend.direction for trend in trends(ticks)]
    changes = [ways[0], *(b for a, b in pairwise(ways) if a is not b)]
    assert changes == [
        Direction.UNKNOWN, Direction.STEADY, Direction.ESCALATING, Direction.CALMING, Direction.STEADY,
    ]  # fmt: skip


def test_silence_is_not_calming(make):
    ticks = [*make.ticks(0, 10, 0.9), *make.ticks(10, 90)]
    assert Direction.CALMING not in [trend.direction for trend in trends(ticks)]


@pytest.mark.parametrize("reason", [None, NoReading.NOISY, NoReading.FAILED])
def test_without_readings_it_drifts_to_rest_ever_less_sure_until_there_is_no_reading(make, reason):
    ticks = [*make.ticks(0, 10, 0.9), *make.ticks(10, 100, reason=reason)]
    rest = trends(ticks)[20:]
    assert all(a.value > b.value and a.confidence > b.confidence for a, b in pairwise(rest))
    assert rest[10].value > ESCALATED  # five seconds of silence change little
    assert rest[-1].direction is Direction.UNKNOWN
    assert rest[-1].value < 0.25


def test_its_confidence_is_that_of_the_reading(make):
    assert trends(make.ticks(0, 10, 0.8, confidence=0.6))[-1].confidence == 0.6


def test_anger_in_an_unmoved_voice_counts_less_but_counts(make):
    moved, unmoved, mild = (
        trends(make.ticks(0, 10, anger, arousal=arousal))[-1].value
        for anger, arousal in ((0.7, 0.8), (0.7, 0.45), (0.97, 0.45))
    )
    assert unmoved < ESCALATED < mild < moved + 0.1


def test_an_unmoved_voice_takes_back_no_more_than_its_tone_gave(make):
    assert trends(make.ticks(0, 30, 0.1, arousal=0.0))[-1].value == pytest.approx(trends(make.ticks(0, 30))[-1].value)


def test_a_voice_unlike_its_usual_only_shades(make):
    calm = make.ticks(0, 20, 0.1)
    unlike = make.ticks(20, 30, 0.1, loudness_db=-10, f0_hz=400, syllables_per_s=7, tilt_db=0)
    assert trends(calm)[-1].value < trends([*calm, *unlike])[-1].value < 0.3


def test_a_louder_higher_faster_harder_voice_brings_the_cue_forward(make):
    calm = make.ticks(0, 20, 0.1)
    plain = first_escalated([*calm, *make.ticks(20, 30, 0.6)])
    raised = {"loudness_db": -20, "f0_hz": 280, "syllables_per_s": 5.5, "tilt_db": -4}
    sooner = first_escalated([*calm, *make.ticks(20, 30, 0.6, **raised)])
    assert sooner is not None
    assert plain is None or sooner < plain


@pytest.mark.parametrize("loud", [{}, {"loudness_db": -15.0, "f0_hz": 280.0, "syllables_per_s": 5.5}])
def test_joy_is_not_anger_however_lively_and_loud(make, loud):
    calm = make.ticks(0, 20, 0.1, valence=0.3)
    angry = trends([*calm, *make.ticks(20, 30, 0.7, valence=0.3, **loud)])
    happy = trends([*calm, *make.ticks(20, 30, 0.7, valence=0.4, **loud)])
    assert max(trend.value for trend in happy) < ESCALATED <= angry[-1].value


def test_joy_takes_back_no_more_than_the_others_gave(make):
    sad = trends(make.ticks(0, 30, 0.1, arousal=0.3, valence=0.9))
    assert sad[-1].value == pytest.approx(trends(make.ticks(0, 30))[-1].value)


def test_one_who_always_sounds_pleased_may_still_be_angry(make):
    ticks = [*make.ticks(0, 20, 0.1, valence=0.7), *make.ticks(20, 30, 0.85, valence=0.7)]
    assert first_escalated(ticks) <= 23


def test_every_contribution_is_named_and_they_add_up(make):
    raised = {"loudness_db": -24, "f0_hz": 238, "syllables_per_s": 5, "tilt_db": -7}
    ticks = [*make.ticks(0, 20, 0.1), *make.ticks(20, 26, 0.8, **raised)]
    last = trends(ticks)[-1]
    texts = {reason.name: reason.text for reason in last.evidence}
    assert texts == {
        "tone": "sounds angry (80 %)",
        "arousal": "arousal 74 %",
        "loudness": "voice 6 dB louder than usual",
        "pitch": "voice 3 semitones higher than usual",
        "pace": "speech 25 % faster than usual",
        "effort": "voice 3 dB more pressed than usual",
        "valence": "valence 40 %",
    }
    total = EscalationSettings().rest + sum(reason.value for reason in last.evidence)
    assert total == pytest.approx(to_log_odds(last.value))
    assert all(0 <= reason.start < reason.end <= last.at for reason in last.evidence)


readings = st.one_of(st.none(), st.sampled_from(NoReading), st.floats(0, 1))


@given(st.lists(st.tuples(readings, st.floats(0, 1), st.floats(-120, 0), st.floats(0, 600)), max_size=40))
def test_whatever_comes_the_trend_stays_within_0_and_1_and_its_reasons_within_the_call(make, row):
    ticks = []
    for number, (reading, sure, loudness_db, f0_hz) in enumerate(row, 1):
        told = {"reason": reading} if isinstance(reading, NoReading) else {"anger": reading}
        ticks.append(make.tick(number / 2, **told, confidence=sure, loudness_db=loudness_db, f0_hz=f0_hz))
    for trend in trends(ticks):
        assert 0 <= trend.value <= 1
        assert 0 <= trend.confidence <= 1
        assert all(0 <= reason.start <= reason.end <= trend.at for reason in trend.evidence)


def test_the_same_ticks_give_the_same_trend(make):
    ticks = [*make.ticks(0, 5, 0.2), *make.ticks(5, 9), *make.ticks(9, 15, 0.7)]
    assert trends(ticks) == trends(ticks)
