"""The customer's calm usual: learnt slowly, from calm speech only."""

from dataclasses import astuple

import pytest

from coach.escalation.baseline import BaselineSettings, CalmBaseline, Deviation

LEAST = BaselineSettings().least


def feed(baseline: CalmBaseline, tick) -> Deviation | None:
    return baseline.feed(tick.prosody, tick.tone)


def learnt(make, times: int, **voice: float) -> CalmBaseline:
    baseline = CalmBaseline()
    for _ in range(times):
        feed(baseline, make.tick(0, 0.1, **voice))
    return baseline


def test_there_is_no_usual_before_enough_calm_speech(make):
    assert feed(learnt(make, LEAST - 1), make.tick(0, 0.1)) is None
    assert feed(learnt(make, LEAST), make.tick(0, 0.1)) is not None


def test_deviations_are_in_decibels_semitones_and_parts(make):
    usual = {"loudness_db": -30, "f0_hz": 200, "syllables_per_s": 4, "tilt_db": -12, "valence": 0.3}
    now = {"loudness_db": -24, "f0_hz": 400, "syllables_per_s": 5, "tilt_db": -9, "valence": 0.4}
    deviation = feed(learnt(make, LEAST, **usual), make.tick(0, 0.9, **now))
    assert astuple(deviation) == pytest.approx((6, 12, 0.25, 3, 0.1))


def test_angry_speech_is_never_learnt(make):
    baseline = CalmBaseline()
    for _ in range(500):
        assert feed(baseline, make.tick(0, 0.8, loudness_db=-10)) is None


def test_a_usual_once_learnt_moves_slowly(make):
    baseline = learnt(make, 300, loudness_db=-30)
    for _ in range(20):  # ten seconds
        now = feed(baseline, make.tick(0, 0.1, loudness_db=-20))
    assert now.loudness_db > 8


def test_a_stretch_without_voiced_sound_tells_nothing_of_pitch(make):
    assert feed(learnt(make, LEAST), make.tick(0, 0.1, f0_hz=0)).pitch_st == 0
