"""The utterance cutter: which jobs a turn leads to, and what audio is in them."""

from pathlib import Path

import numpy as np
import pytest
from sounds import hear
from utterances import listen

from audio.frame import FRAME, SAMPLE_RATE, Channel, to_samples
from audio.history import History
from audio.turns import Turn, TurnEnded, TurnStarted
from models.utterance import UtteranceCutter, UtteranceSettings
from models.words import WordsJob

S = SAMPLE_RATE


def cutter(heard: int) -> UtteranceCutter:
    """A cutter over `heard` samples of a ramp: every sample tells its own stream time."""
    history = History(25)
    history.append(np.arange(heard, dtype=np.float32))
    return UtteranceCutter(UtteranceSettings(), history)


def started(start: int, index: int = 0) -> TurnStarted:
    return TurnStarted(start + 1_600, Channel.CUSTOMER, index, start)


def ended(start: int, end: int, index: int = 0, cut: bool = False) -> TurnEnded:
    return TurnEnded(end + 9_600, Turn(Channel.CUSTOMER, index, start, end), cut)


def covers(job: WordsJob) -> tuple[int, int]:
    """The stream time that a job's samples come from."""
    assert np.array_equal(job.samples, np.arange(job.samples_start, job.samples_start + len(job.samples)))
    return job.samples_start, job.samples_start + len(job.samples)


def test_partials_come_after_six_tenths_and_then_each_second() -> None:
    cut = cutter(10 * S)
    cut.feed(started(S))
    due = [now for now in range(S, 5 * S, FRAME) if cut.tick(now)]
    assert [now / S for now in due] == [1.6, 2.6, 3.6, 4.6]


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
        assert len(partials) >= (job.turn.duration - to_samples(0.6)) // S
        assert job.samples_start <= job.turn.start < job.turn.end <= job.samples_start + len(job.samples)


@pytest.mark.parametrize("frame", [160, 640])
def test_final_jobs_do_not_depend_on_the_cut(recorded_call: Path, frame: int) -> None:
    sound = hear(recorded_call)[1][: 20 * S]
    expected, got = ([job for job in listen(sound, f) if job.final] for f in (FRAME, frame))
    assert [(job.at, job.turn, job.samples_start) for job in got] == [
        (job.at, job.turn, job.samples_start) for job in expected
    ]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(got, expected, strict=True))
