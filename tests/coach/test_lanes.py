"""Both lanes over calls made by hand."""

from hypothesis import given, settings
from hypothesis import strategies as st

from audio.frame import Channel, to_samples, to_seconds
from coach.lanes import SoundLane, WordsLane
from coach.rules import load_rules
from coach.types import Direction, FinishedTurn

ANGRY_WORDS = "this is ridiculous I want to cancel get me a manager"
LATE_S = 6.0


def at(detections) -> list[float]:
    return [to_seconds(detection.at) for detection in detections]


def test_a_calm_call_gives_nothing(make, lanes):
    judged = lanes(
        [
            *make.ticks(0, 60, 0.15),
            make.agent("Hello how can I help you", 1),
            make.customer("I am a bit worried about the light in my car", 5),
            make.agent("I understand, let me check that for you", 12),
            make.customer("thank you", 20),
        ]
    )
    assert judged.by_sound == judged.by_words == []


def test_the_cue_comes_within_seconds_of_the_onset_of_anger_and_not_before(make, lanes):
    judged = lanes([*make.ticks(0, 20, 0.1), *make.ticks(20, 40, 0.85, loudness_db=-22)])
    [time] = at(judged.fired("customer_escalating"))
    assert 20 < time <= 20 + 4
    [detection] = judged.by_sound
    assert {"tone", "loudness"} <= {reason.name for reason in detection.evidence}


def test_a_caller_who_is_angry_from_the_first_word_is_told_of(make, lanes):
    [time] = at(lanes(make.ticks(0, 60, 0.85)).fired("customer_escalating"))
    assert time <= LATE_S


def test_words_may_tell_of_an_escalation_that_sound_does_not(make, lanes):
    judged = lanes([*make.ticks(0, 40, 0.15), make.customer(ANGRY_WORDS, 20)])
    assert judged.by_sound == []
    [detection] = judged.by_words
    assert detection.rule == "customer_escalating"
    assert 24 < to_seconds(detection.at) < 26
    assert {reason.text for reason in detection.evidence} >= {"said 'cancel'", "said 'a manager'", "said 'ridiculous'"}


def test_what_sound_has_told_words_do_not_tell_again_in_the_same_rise(make, lanes):
    judged = lanes([*make.ticks(0, 10, 0.1), *make.ticks(10, 40, 0.85), make.customer(ANGRY_WORDS, 20)])
    assert len(judged.by_sound) == 1
    assert judged.by_words == []


def test_thanks_in_the_middle_of_a_rise_do_not_make_it_two(make, lanes):
    judged = lanes([*make.ticks(0, 60, 0.8), make.customer("oh thanks", 20), make.customer(ANGRY_WORDS, 40)])
    assert len(judged.fired("customer_escalating")) == 1


def test_after_it_has_cleared_the_next_rise_is_told_by_words_again(make, lanes):
    judged = lanes(
        [*make.ticks(0, 10, 0.85), *make.ticks(10, 80, 0.1), make.customer(ANGRY_WORDS, 60)],
    )
    assert [len(judged.by_sound), len(judged.fired("customer_escalating"))] == [1, 2]


def calming(make, *said):
    return [*make.ticks(0, 10, 0.1), *make.ticks(10, 20, 0.9), *make.ticks(20, 60, 0.05), *said]


def test_calming_after_an_acknowledgement_is_credited_with_the_words_that_did_it(make, lanes):
    judged = lanes(calming(make, make.agent("I can imagine how frustrating that must be", 20)))
    [credit] = judged.fired("customer_calming")
    assert credit.evidence[0].text == "you said 'I can imagine'"
    assert credit.at > to_samples(23)


def test_calming_without_or_before_an_acknowledgement_is_not(make, lanes):
    assert lanes(calming(make)).fired("customer_calming") == []
    assert lanes(calming(make, make.agent("I understand", 3))).fired("customer_calming") == []


def test_two_talk_overs_within_a_minute_are_told_by_sound(make, lanes):
    over = ((to_samples(5), to_samples(6)), (to_samples(20), to_samples(21.5)))
    judged = lanes([make.tick(10, talk_overs=over[:1]), make.tick(22, talk_overs=over), make.tick(30, talk_overs=over)])
    [detection] = judged.by_sound
    assert (detection.rule, at([detection])) == ("talking_over", [22])
    assert [reason.text for reason in detection.evidence] == [
        "spoke over the customer for 1.0 s", "spoke over the customer for 1.5 s",
    ]  # fmt: skip


def test_a_monologue_is_told_by_sound(make, lanes):
    judged = lanes([make.tick(70, monologue=to_samples(59.9)), make.tick(70.5, monologue=to_samples(60.4))])
    [detection] = judged.by_sound
    assert (detection.rule, detection.evidence[0].text) == ("long_monologue", "60 s without the customer")
    assert detection.evidence[0].start == to_samples(70.5 - 60.4)


def test_dead_air_is_told_after_eight_seconds_unless_the_customer_was_asked_to_wait(make, lanes):
    silence = [make.tick(10 + k / 2, silence=to_samples(k / 2)) for k in range(400)]
    assert at(lanes([make.agent("that is that", 8), *silence]).by_words) == [18]
    [hold] = lanes([make.agent("one moment please", 8), *silence]).by_words
    assert hold.rule == "long_hold"
    assert to_seconds(hold.at) - (8 + 1.2) >= 120


def test_an_unacknowledged_feeling_and_a_refusal_are_told_at_the_end_of_the_turn(make, lanes):
    refusal = make.agent("there's nothing I can do about that, that's our policy, you have to pay the bill", 10)
    judged = lanes([make.customer("that is ridiculous", 8), refusal])
    assert [(one.rule, one.at) for one in judged.by_words] == [
        ("feeling_not_acknowledged", refusal.at), ("say_it_positively", refusal.at),
    ]  # fmt: skip


def test_a_fast_agent_is_told_once_until_it_has_slowed_down(make, lanes):
    fast = [make.agent(" ".join(["word"] * 40), 20 * k, word_s=0.25) for k in range(5)]
    slow = [make.agent(" ".join(["word"] * 40), 120 + 20 * k, word_s=0.45) for k in range(2)]
    again = [make.agent(" ".join(["word"] * 80), 200, word_s=0.25)]
    assert at(lanes([*fast, *slow, *again]).fired("fast_pace")) == [30.6, 220.6]


def test_the_shown_trend_has_the_words_in_it_and_its_direction(make, lanes):
    judged = lanes([*make.ticks(0, 30, 0.15), make.customer(ANGRY_WORDS, 20)])
    assert judged.trends[-1].direction is Direction.STEADY
    assert judged.shown[-1].direction is Direction.ESCALATING
    assert "words" in {reason.name for reason in judged.shown[-1].evidence}


def test_a_mixed_turn_is_harmless(make, lanes):
    assert lanes([make.heard(Channel.MIXED, ANGRY_WORDS + " calm down our policy", 5)]).by_words == []


def test_a_turn_without_words_is_harmless(make, lanes):
    assert lanes([make.customer("", 5), make.agent("", 6), *make.ticks(0, 10, 0.1)]).by_words == []


moods = st.lists(st.sampled_from([None, 0.05, 0.3, 0.6, 0.9]), min_size=20, max_size=60)
talk = st.lists(
    st.tuples(
        st.integers(0, 25),
        st.sampled_from([Channel.AGENT, Channel.CUSTOMER]),
        st.sampled_from([ANGRY_WORDS, "thank you", "I'm so sorry", "that's our policy", "one moment"]),
    ),
    max_size=8,
)


@settings(max_examples=40)
@given(moods, talk, st.integers(1, 40))
def test_detections_and_trend_do_not_depend_on_how_late_the_words_come(make, lanes, moods, talk, late):
    """The words lane fed at once, and fed `late` moments behind the sound lane: only what is shown may differ."""
    ticks = [make.tick((k + 1) / 2, mood) for k, mood in enumerate(moods)]
    turns: list[FinishedTurn] = [make.heard(channel, text, float(start)) for start, channel, text in talk]
    moments = sorted([*ticks, *turns], key=lambda moment: moment.at)
    at_once = lanes(moments)

    rules, row = load_rules(), []
    sound, words, by_words, trends = SoundLane(rules), WordsLane(rules), [], []
    trend = sound.feed(make.tick(0.0))[0]

    def judge(moment, then, by_sound):
        by_words.extend(words.feed(moment, then, by_sound))
        trends.append(words.shade(then))

    for moment in moments:
        by_sound = []
        if not isinstance(moment, FinishedTurn):
            trend, by_sound = sound.feed(moment)
        row.append((moment, trend, by_sound))
        words.shade(trend)
        if len(row) > late:
            judge(*row.pop(0))
    for waiting in row:
        judge(*waiting)
    assert by_words == at_once.by_words
    assert trends == at_once.shown
    assert all(0 <= shown.value <= 1 for shown in at_once.shown)


def test_evidence_lies_within_the_call(make, lanes):
    judged = lanes(calming(make, make.agent("I'm sorry, that's our policy", 18), make.customer(ANGRY_WORDS, 12)))
    for detection in judged.by_sound + judged.by_words:
        assert detection.evidence
        assert all(0 <= reason.start <= reason.end <= detection.at for reason in detection.evidence)
