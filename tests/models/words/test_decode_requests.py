"""The utterance cutter: which jobs a turn leads to, and what audio is in them."""

from pathlib import Path

import numpy as np
import pytest
from sounds import hear
from utterances import listen

from audio.frame import FRAME, SAMPLE_RATE, Channel, to_samples
from audio.history import History
from audio.turns import Turn, TurnEnded, TurnStarted
from models.words.decode_requests import DecodeRequests, DecodeRequestSettings
from models.words.types import Transcript, Word, WordsJob

S = SAMPLE_RATE


def cutter(heard: int) -> DecodeRequests:
    """A cutter over `heard` samples of a ramp: every sample tells its own stream time."""
    history = History(25)
    history.append(np.arange(heard, dtype=np.float32))
    return DecodeRequests(DecodeRequestSettings(), history)


def started(start: int, index: int = 0) -> TurnStarted:
    return TurnStarted(start + 1_600, Channel.CUSTOMER, index, start)


def ended(start: int, end: int, index: int = 0, cut: bool = False) -> TurnEnded:
    return TurnEnded(end + 9_600, Turn(Channel.CUSTOMER, index, start, end), cut)


def covers(job: WordsJob) -> tuple[int, int]:
    """The stream time that a job's samples come from."""
    assert np.array_equal(job.samples, np.arange(job.samples_start, job.samples_start + len(job.samples)))
    return job.samples_start, job.samples_start + len(job.samples)


def test_partials_come_after_four_tenths_and_then_every_three() -> None:
    cut = cutter(10 * S)
    cut.feed(started(S))
    due = [now for now in range(S, 3 * S, FRAME) if cut.tick(now)]
    assert [now / S for now in due] == [1.4, 1.7, 2.0, 2.3, 2.6, 2.9]


def test_a_partial_holds_the_turn_so_far_with_room_before_it() -> None:
    cut = cutter(10 * S)
    cut.feed(started(S))
    (job,) = cut.tick(2 * S)
    assert (job.at, job.turn.start, job.turn.end, job.final) == (2 * S, S, 2 * S, False)
    assert covers(job) == (S - to_samples(0.2), 2 * S)


def test_a_turn_that_ended_gives_one_final_job_with_room_around_it_and_no_partials() -> None:
    cut = cutter(10 * S)
    cut.feed(started(S))
    end = ended(S, 4 * S)
    (job,) = cut.feed(end)
    assert (job.at, job.turn, job.final) == (end.at, end.turn, True)
    assert covers(job) == (S - to_samples(0.2), 4 * S + to_samples(0.2))
    assert not cut.tick(9 * S)


def test_a_call_that_ends_in_a_turn_gives_what_there_is() -> None:
    cut = cutter(4 * S)
    (job,) = cut.feed(TurnEnded(4 * S, Turn(Channel.AGENT, 0, 1_000, 4 * S), cut=False))
    assert covers(job) == (0, 4 * S)


def test_the_parts_of_a_turn_that_was_cut_share_no_sample() -> None:
    cut = cutter(20 * S)
    cut.feed(started(S))
    (first,) = cut.feed(ended(S, 8 * S, cut=True))
    cut.feed(started(8 * S, index=1))
    (second,) = cut.feed(ended(8 * S, 12 * S, index=1))
    assert covers(first)[1] == covers(second)[0] == 8 * S


def test_no_turn_no_job() -> None:
    assert not [job for now in range(0, 5 * S, FRAME) for job in cutter(10 * S).tick(now)]


def test_every_turn_of_a_real_call_gets_one_final_job(recorded_call: Path) -> None:
    jobs = listen(hear(recorded_call)[1][: 60 * S])
    finals = [job for job in jobs if job.final]
    assert [job.turn.index for job in finals] == list(range(len(finals)))
    assert len(finals) >= 5
    for job in finals:
        partials = [p.turn.end for p in jobs if not p.final and p.turn.index == job.turn.index]
        assert partials == sorted(partials)
        assert len(partials) >= (job.turn.duration - to_samples(0.4)) // to_samples(0.3)
        assert job.samples_start <= job.turn.start < job.turn.end <= job.samples_start + len(job.samples)


def so_far(words: str, start: int, end: int, index: int = 0) -> Transcript:
    """What a partial made of a turn; every word takes a second, all but the last tenth."""
    heard = tuple(Word(word, start + k * S, start + k * S + 14_400, 0.9) for k, word in enumerate(words.split()))
    return Transcript(end, Turn(Channel.CUSTOMER, index, start, end), False, heard)


def test_what_partials_agree_on_is_told_as_confirmed() -> None:
    cut = cutter(10 * S)
    cut.feed(started(S))
    first = cut.take(so_far("I want", S, 4 * S))
    second = cut.take(so_far("I want to go", S, 6 * S))
    assert first is not None
    assert second is not None
    assert [(told.text, told.confirmed) for told in (first, second)] == [("I want", 0), ("I want to go", 2)]


def test_a_partial_that_comes_after_the_final_words_of_its_turn_is_not_told() -> None:
    cut = cutter(10 * S)
    cut.feed(started(S))
    cut.feed(ended(S, 3 * S))
    assert cut.take(so_far("I want", S, 2 * S))
    final = Transcript(3 * S, Turn(Channel.CUSTOMER, 0, S, 3 * S), True, ())
    assert cut.take(final) is final
    assert cut.take(so_far("I want", S, 3 * S)) is None
    cut.feed(started(4 * S, index=1))
    assert cut.take(so_far("I want", S, 3 * S)) is None


def test_partials_of_a_long_turn_hear_its_last_seconds_from_a_gap_between_confirmed_words() -> None:
    cut = cutter(20 * S)
    cut.feed(started(S))
    for end in (9, 10):
        cut.take(so_far("a b c d e f g h", S, end * S))
    (job,) = cut.tick(10 * S)
    assert job.turn.start == S
    assert covers(job) == (8 * S - 800, 10 * S)  # in the gap before the word at 8 s: 2 s are always kept


@pytest.mark.parametrize("frame", [160, 640])
def test_final_jobs_do_not_depend_on_the_cut(recorded_call: Path, frame: int) -> None:
    sound = hear(recorded_call)[1][: 20 * S]
    expected, got = ([job for job in listen(sound, f) if job.final] for f in (FRAME, frame))
    assert [(job.at, job.turn, job.samples_start) for job in got] == [
        (job.at, job.turn, job.samples_start) for job in expected
    ]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(got, expected, strict=True))
