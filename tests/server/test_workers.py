"""The words that jobs come to when several go together."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from audio.frame import SAMPLE_RATE, Channel
from audio.turns import Turn
from models.words import Transcript, Word, WordsJob
from server.calls import Engine
from server.metrics import Metrics
from server.workers import Workers


class Stumbles:
    """Words that are the turn's number, given once there is leave to; over one turn it fails, and all beside it."""

    def __init__(self, over: int) -> None:
        self.leave = threading.Event()
        self.asked = list[list[int]]()
        self._over = over

    def transcribe(self, job: WordsJob) -> Transcript:
        return self.transcribe_all([job])[0]

    def transcribe_all(self, jobs: Sequence[WordsJob]) -> list[Transcript]:
        self.leave.wait()
        self.asked.append([job.turn.index for job in jobs])
        if self._over in self.asked[-1]:
            raise RuntimeError("not that turn")
        return [Transcript(job.at, job.turn, job.final, (Word(str(job.turn.index), 0, 1, 1.0),)) for job in jobs]


async def test_a_turn_that_fails_among_others_costs_them_nothing(engine: Engine) -> None:
    words = Stumbles(over=2)
    workers = Workers(replace(engine.models, words=words, decoders=1), Metrics())
    jobs = [
        WordsJob(SAMPLE_RATE, Turn(Channel.AGENT, k, 0, SAMPLE_RATE), True, np.zeros(SAMPLE_RATE, np.float32), 0)
        for k in range(5)
    ]
    asked = [workers.start("call", job) for job in jobs]
    words.leave.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    await workers.close()
    assert words.asked == [[0], [1, 2, 3, 4], [1], [2], [3], [4]]
    assert [getattr(answer, "text", str(answer)) for answer in answers] == ["0", "1", "not that turn", "3", "4"]
