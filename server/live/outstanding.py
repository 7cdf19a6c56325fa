"""The jobs of a live call that are with the models: how far behind they are, and whether they must catch up first.

In: jobs as they go out, and their futures as they come back. No model may fall behind without end, since what it has
not done yet is held in memory; so a call's audio is held while too much of it is out. A call that is ahead of the clock
has to wait soon. A live one waits only where models cannot keep up at all: its sound never waits for words otherwise.
"""

import asyncio

from audio.frame import SAMPLE_RATE, to_seconds
from models.tone.types import ToneJob
from models.words.types import WordsJob
from server.pipeline.core import Job, Result

TONE_MOST = 4  # tone jobs that may be out: 2 s of speech
LIVE_PATIENCE = 5  # times as much may be out for a live call as for one that is ahead of the clock


class Outstanding:
    def __init__(self, words_ahead_s: float) -> None:
        """`words_ahead_s` seconds of turns may wait for their words."""
        self._most = words_ahead_s * SAMPLE_RATE
        self._jobs: dict[asyncio.Future[Result], Job] = {}
        self._final_samples = 0
        self._tone_jobs = 0

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, future: asyncio.Future[Result], job: Job) -> None:
        self._jobs[future] = job
        self._count(job, 1)

    def remove(self, future: asyncio.Future[Result]) -> Job:
        """The job that the future was for."""
        job = self._jobs.pop(future)
        self._count(job, -1)
        return job

    @property
    def turns(self) -> int:
        """How many turns wait for their words."""
        return sum(isinstance(job, WordsJob) and job.final for job in self._jobs.values())

    def must_catch_up(self, ahead: bool) -> bool:
        """Whether the models are to catch up before the call goes on; `ahead`: it is ahead of the clock."""
        times = 1 if ahead else LIVE_PATIENCE
        return self._tone_jobs >= TONE_MOST * times or self._final_samples >= self._most * times

    def words_lag(self, now: float) -> float:
        """Age in seconds of stream time of the oldest turn that waits for its words."""
        return self._lag(now, [job.at for job in self._jobs.values() if isinstance(job, WordsJob) and job.final])

    def tone_lag(self, now: float) -> float:
        """Age of the oldest tone job, likewise."""
        return self._lag(now, [job.at for job in self._jobs.values() if isinstance(job, ToneJob)])

    def cancel(self) -> None:
        """Ask for none of the results any more."""
        for future in list(self._jobs):
            future.cancel()

    def _count(self, job: Job, sign: int) -> None:
        if isinstance(job, ToneJob):
            self._tone_jobs += sign
        elif job.final:
            self._final_samples += sign * len(job.samples)

    @staticmethod
    def _lag(now: float, asked_at: list[int]) -> float:
        return max(0.0, round(now - to_seconds(min(asked_at)), 3)) if asked_at else 0.0
