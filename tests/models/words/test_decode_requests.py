"""Decode requests: the final job a turn leads to, and what audio is in it."""

from pathlib import Path

import numpy as np
import pytest
from sounds import hear
from utterances import covers, ended, jobs_of, ramp

from audio.frame import FRAME, SAMPLE_RATE, Channel, to_samples
from audio.speech.turns import Turn, TurnEnded
from models.words.decode_requests import DecodeRequests

S = SAMPLE_RATE


def test_a_turn_that_ended_gives_one_final_job_with_room_around_it() -> None:
    end = ended(S, 4 * S)
    job = DecodeRequests(ramp(10 * S)).feed(end)
    assert (job.at, job.turn, job.final) == (end.at, end.turn, True)
    assert covers(job) == (S - to_samples(0.2), 4 * S + to_samples(0.2))


def test_a_call_that_ends_in_a_turn_gives_what_there_is() -> None:
    job = DecodeRequests(ramp(4 * S)).feed(TurnEnded(4 * S, Turn(Channel.AGENT, 0, 1_000, 4 * S), cut=False))
    assert covers(job) == (0, 4 * S)


def test_the_parts_of_a_turn_that_was_cut_share_no_sample() -> None:
    requests = DecodeRequests(ramp(20 * S))
    first = requests.feed(ended(S, 8 * S, cut=True))
    second = requests.feed(ended(8 * S, 12 * S, index=1))
    assert covers(first)[1] == covers(second)[0] == 8 * S


def test_every_turn_of_a_real_call_gets_one_final_job(recorded_call: Path) -> None:
    finals = [job for job in jobs_of(hear(recorded_call)[1][: 60 * S]) if job.final]
    assert [job.turn.index for job in finals] == list(range(len(finals)))
    assert len(finals) >= 5
    for job in finals:
        assert job.samples_start <= job.turn.start < job.turn.end <= job.samples_start + len(job.samples)


@pytest.mark.parametrize("frame", [160, 640])
def test_final_jobs_do_not_depend_on_the_cut(recorded_call: Path, frame: int) -> None:
    sound = hear(recorded_call)[1][: 20 * S]
    expected, got = ([job for job in jobs_of(sound, f) if job.final] for f in (FRAME, frame))
    assert [(job.at, job.turn, job.samples_start) for job in got] == [
        (job.at, job.turn, job.samples_start) for job in expected
    ]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(got, expected, strict=True))
