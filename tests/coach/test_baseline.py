"""The customer's calm usual: learnt slowly, from calm speech only."""

import pytest

from coach.baseline import BaselineSettings, CalmBaseline

LEAST = BaselineSettings().least


def learnt(make, times: int, **voice: float) -> CalmBaseline:
    baseline = CalmBaseline()
    for _ in range(times):
        baseline.feed(make.tick(0, **voice).prosody, anger=0.1)
    return baseline


def test_there_is_no_usual_before_enough_calm_speech(make):
    assert learnt(make, LEAST - 1).feed(make.tick(0).prosody, 0.1) is None
    assert learnt(make, LEAST).feed(make.tick(0).prosody, 0.1) is not None


def test_deviations_are_in_decibels_semitones_and_parts(make):
    baseline = learnt(make, LEAST, loudness_db=-30, f0_hz=200, syllables_per_s=4)
    now = baseline.feed(make.tick(0, loudness_db=-24, f0_hz=400, syllables_per_s=5).prosody, 0.9)
    assert now.loudness_db == pytest.approx(6)
    assert now.pitch_st == pytest.approx(12)
    assert now.pace == pytest.approx(0.25)


def test_angry_speech_is_never_learnt(make):
    baseline = CalmBaseline()
    for _ in range(500):
        assert baseline.feed(make.tick(0, loudness_db=-10).prosody, anger=0.8) is None


def test_a_usual_once_learnt_moves_slowly(make):
    baseline = learnt(make, 300, loudness_db=-30)
    for _ in range(20):  # ten seconds
        now = baseline.feed(make.tick(0, loudness_db=-20).prosody, 0.1)
    assert now.loudness_db > 8


def test_a_stretch_without_voiced_sound_tells_nothing_of_pitch(make):
    baseline = learnt(make, LEAST)
    assert baseline.feed(make.tick(0, f0_hz=0).prosody, 0.1).pitch_st == 0
