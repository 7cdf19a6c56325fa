"""Partial words: when a turn that runs is decoded, what audio is in the job, and what is confirmed."""

from pathlib import Path

from sounds import hear
from utterances import covers, ended, jobs_of, ramp, started

from audio.frame import FRAME, SAMPLE_RATE, Channel, to_samples
from audio.speech.turns import Turn
from models.words.partial_words import PartialWords, PartialWordsSettings
from models.words.types import Transcript, Word

S = SAMPLE_RATE


def partials(samples: int) -> PartialWords:
    """Over a ramp of that many samples, with no turn yet."""
    return PartialWords(PartialWordsSettings(), ramp(samples))


def test_partials_come_after_four_tenths_and_then_every_three() -> None:
    stage = partials(10 * S)
    stage.feed([started(S)])
    due = [now for now in range(S, 3 * S, FRAME) if stage.due(now)]
    assert [now / S for now in due] == [1.4, 1.7, 2.0, 2.3, 2.6, 2.9]


def test_a_partial_holds_the_turn_so_far_with_room_before_it() -> None:
    stage = partials(10 * S)
    stage.feed([started(S)])
    (job,) = stage.due(2 * S)
    assert (job.at, job.turn.start, job.turn.end, job.final) == (2 * S, S, 2 * S, False)
    assert covers(job) == (S - to_samples(0.2), 2 * S)


def test_a_turn_that_ended_gives_no_partials() -> None:
    stage = partials(10 * S)
    stage.feed([started(S), ended(S, 4 * S)])
    assert not stage.due(9 * S)


def test_no_turn_no_job() -> None:
    stage = partials(10 * S)
    assert not [job for now in range(0, 5 * S, FRAME) for job in stage.due(now)]


def test_a_turn_of_a_real_call_is_decoded_all_along(recorded_call: Path) -> None:
    jobs = jobs_of(hear(recorded_call)[1][: 60 * S])
    for final in (job for job in jobs if job.final):
        ends = [job.turn.end for job in jobs if not job.final and job.turn.index == final.turn.index]
        assert ends == sorted(ends)
        assert len(ends) >= (final.turn.duration - to_samples(0.4)) // to_samples(0.3)


def so_far(words: str, start: int, end: int, index: int = 0) -> Transcript:
    """What a partial made of a turn; every word takes a second, all but the last tenth."""
    found = tuple(Word(word, start + k * S, start + k * S + 14_400, 0.9) for k, word in enumerate(words.split()))
    return Transcript(end, Turn(Channel.CUSTOMER, index, start, end), False, found)


def test_what_partials_agree_on_is_confirmed() -> None:
    stage = partials(10 * S)
    stage.feed([started(S)])
    first = stage.answer(so_far("I want", S, 4 * S))
    second = stage.answer(so_far("I want to go", S, 6 * S))
    assert first is not None
    assert second is not None
    assert [(words.text, words.confirmed) for words in (first, second)] == [("I want", 0), ("I want to go", 2)]


def test_a_partial_that_comes_after_the_final_words_of_its_turn_is_dropped() -> None:
    stage = partials(10 * S)
    stage.feed([started(S), ended(S, 3 * S)])
    assert stage.answer(so_far("I want", S, 2 * S))
    assert stage.answer(Transcript(3 * S, Turn(Channel.CUSTOMER, 0, S, 3 * S), True, ())) is None
    assert stage.answer(so_far("I want", S, 3 * S)) is None
    stage.feed([started(4 * S, index=1)])
    assert stage.answer(so_far("I want", S, 3 * S)) is None


def test_partials_of_a_long_turn_cover_its_last_seconds_from_a_gap_between_confirmed_words() -> None:
    stage = partials(20 * S)
    stage.feed([started(S)])
    for end in (9, 10):
        stage.answer(so_far("a b c d e f g h", S, end * S))
    (job,) = stage.due(10 * S)
    assert job.turn.start == S
    assert covers(job) == (8 * S - 800, 10 * S)  # in the gap before the word at 8 s: 2 s are always kept
