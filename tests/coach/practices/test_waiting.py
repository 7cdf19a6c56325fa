"""Silence and hold."""

from audio.frame import to_samples
from coach.practices.waiting import Waiting
from models.text_cues import shipped_cues


def after(make, *turns: tuple[str, float]) -> Waiting:
    waiting = Waiting()
    for text, start in turns:
        heard = make.agent(text, start)
        waiting.feed(heard.turn, shipped_cues().find(heard.transcript))
    return waiting


def silent(make, at_s: float, seconds: float, **known: object):
    return make.tick(at_s, silence=to_samples(seconds), **known)


def test_silence_is_dead_air(make):
    signals = after(make, ("So that is that.", 0)).at(silent(make, 20, 9))
    assert signals["dead_air"].value == 9
    assert signals["dead_air"].evidence[0].text == "nobody spoke for 9 s"
    assert signals["dead_air"].evidence[0].start == to_samples(11)
    assert signals["hold"].value == 0


def test_after_a_hold_phrase_it_is_a_hold_counted_from_the_end_of_the_turn(make):
    signals = after(make, ("One moment please.", 0)).at(silent(make, 60, 58))
    assert signals["dead_air"].value == 0
    assert signals["hold"].value == 60 - 1.2
    assert signals["hold"].evidence[0].text == "59 s since 'One moment'"


def test_the_hold_ends_when_the_agent_speaks_again(make):
    waiting = after(make, ("One moment please.", 0))
    assert waiting.at(make.tick(60, agent_speaking=True))["hold"].value == 0
    assert after(make, ("One moment.", 0), ("Thanks for waiting.", 60)).at(silent(make, 80, 10))["dead_air"].value == 10


def test_asking_again_starts_it_anew(make):
    signals = after(make, ("One moment.", 0), ("Just a moment more, bear with me.", 60)).at(silent(make, 70, 5))
    assert signals["hold"].value < 10


def test_a_word_of_the_customer_does_not_end_it(make):
    assert after(make, ("One moment.", 0)).at(make.tick(60, customer_speaking=True))["hold"].value > 50
