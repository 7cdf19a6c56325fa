"""The escalation benchmark: its calls are what they claim to be, and its figures follow from what was heard."""

import numpy as np
import pytest

from audio.frame import Channel, to_samples
from benchmarks.load.line_noise import Line
from benchmarks.tone.escalation import FalseCues, Followed, Found, hear_plan, sum_up
from benchmarks.tone.escalation_calls import NEVER, NoCallsError, Plan, Speaker, lay, plans
from benchmarks.tone.laid_calls import ANGRY, CALM, HAPPY, Mood
from models.training.data import corpora

ANNA, BEN = Speaker("ravdess", "02", "f", "train"), Speaker("emodb", "03", "m", "train")
HOUR = to_samples(3600.0)


def heard(
    mood: Mood,
    *cues_s: float,
    before: Mood = CALM,
    customer: Speaker = ANNA,
    line: Line = Line.CLEAN,
    onset_s: float = 30,
) -> Followed:
    """An hour's call that turns to `mood`, with cues at these seconds."""
    plan = Plan(customer, BEN, (before, mood), line, seed=0)
    onset = to_samples(onset_s) if mood == ANGRY else None
    return Followed(plan, HOUR, onset, tuple(map(to_samples, cues_s)))


def test_delays_run_from_the_onset_to_the_first_cue_after_it():
    result = sum_up("test", "w", [heard(ANGRY, 33.0, 50.0), heard(ANGRY, 35.0), heard(ANGRY)], None)
    assert result.overall.found == Found(calls=3, share=0.6667, delay_p50_s=4.0, delay_p95_s=4.9)


def test_a_cue_before_the_onset_is_false_and_finds_nothing():
    result = sum_up("test", "w", [heard(ANGRY, 20.0)], None)
    assert result.overall.found.share == 0
    assert result.overall.false.cues == 1


def test_false_cues_count_over_the_time_in_which_nobody_is_angry():
    calls = [heard(HAPPY, 5.0, 700.0, 800.0), heard(CALM), heard(ANGRY, 1900.0, onset_s=1800)]
    result = sum_up("test", "w", calls, None)
    assert result.overall.false == FalseCues(hours=2.5, cues=3, per_hour=1.2)
    assert result.false_by_mood["happy"] == FalseCues(1.0, 3, 3.0)
    assert result.false_by_mood["calm"] == FalseCues(1.0, 0, 0.0)


def test_figures_are_split_by_sex_line_and_corpus():
    calls = [heard(ANGRY, 33.0), heard(ANGRY, customer=BEN, line=Line.BAD)]
    result = sum_up("test", "w", calls, on_the_recorded_call=0)
    assert {sex: part.found.share for sex, part in result.by_sex.items()} == {"f": 1, "m": 0}
    assert {line: part.found.share for line, part in result.by_line.items()} == {Line.CLEAN: 1, Line.BAD: 0}
    assert {corpus: part.found.share for corpus, part in result.by_corpus.items()} == {"ravdess": 1, "emodb": 0}


def test_callers_who_are_angry_from_the_first_word_are_counted_by_themselves():
    result = sum_up("test", "w", [heard(ANGRY, 33.0, before=ANGRY), heard(CALM)], None)
    assert result.angry_from_the_first_word == Found(1, 1.0, 3.0, 3.0)
    assert result.overall.found == Found(0, None, None, None)


@pytest.mark.usefixtures("data")
def test_speakers_are_of_one_split_and_agents_are_others():
    laid = plans("test")
    assert {corpora.split_of(clip) for plan in laid for who in (plan.customer, plan.agent) for clip in who.clips} == {
        "test"
    }
    assert all(plan.customer != plan.agent for plan in laid)
    assert len({plan.customer for plan in laid}) == 11


@pytest.mark.usefixtures("data")
def test_every_customer_makes_as_many_calls_that_escalate_as_calls_that_never_do_over_every_line():
    for customer in {plan.customer for plan in plans("dev")}:
        for line in Line:
            calls = [p.moods for p in plans("dev") if p.customer == customer and p.line is line and p.moods[0] == CALM]
            assert (
                sum(moods[-1] == ANGRY for moods in calls) == sum(moods[-1] in NEVER for moods in calls) == len(NEVER)
            )


@pytest.mark.usefixtures("data")
def test_a_call_is_the_same_over_every_line_but_for_the_line():
    clean, narrow, bad = (lay(plan) for plan in plans("dev")[:3])
    np.testing.assert_array_equal(clean.channels[Channel.AGENT], bad.channels[Channel.AGENT])
    assert clean.onset == narrow.onset == bad.onset
    assert clean.length == narrow.length == bad.length
    pauses = clean.channels[Channel.CUSTOMER] == 0
    assert np.std(bad.channels[Channel.CUSTOMER][pauses]) > 10 * np.std(narrow.channels[Channel.CUSTOMER][pauses])


@pytest.mark.usefixtures("data")
def test_the_cue_comes_after_the_onset_and_none_comes_in_the_same_voice_calm():
    customer = next(plan.customer for plan in plans("dev") if plan.customer.name == "16")
    own = [plan for plan in plans("dev") if plan.customer == customer and plan.line is Line.MU_LAW]
    angry = hear_plan(own[0], "tone-open")
    calm = hear_plan(next(plan for plan in own if plan.moods[-1] == CALM), "tone-open")
    assert angry.false_cues == 0
    assert angry.delay_s is not None
    assert calm.cues == ()


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("speaker", ["13", "16"])
def test_one_who_is_angry_from_the_first_word_gets_the_cue(speaker):
    plan = next(plan for plan in plans("dev") if plan.customer.name == speaker and plan.moods[0] == ANGRY)
    heard = hear_plan(plan, "tone-open")
    assert heard.false_cues == 0
    assert heard.delay_s is not None


def test_without_labelled_speech_it_says_what_is_missing(monkeypatch):
    monkeypatch.setattr("benchmarks.tone.escalation_calls._of_split", lambda split: [])
    with pytest.raises(NoCallsError, match="Labelled speech of test speakers was expected and there is none"):
        plans("test")
