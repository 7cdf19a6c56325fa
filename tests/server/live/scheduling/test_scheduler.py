"""What the words threads do: several jobs in one go, and nothing while sound is late."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from audio.frame import SAMPLE_RATE, Channel
from audio.speech.turns import Turn
from models.words.types import Transcript, Word, WordsJob
from server.live.metrics import Metrics
from server.live.registry import Engine
from server.live.scheduling.scheduler import Scheduler

JOBS = [
    WordsJob(SAMPLE_RATE, Turn(Channel.AGENT, k, 0, SAMPLE_RATE), True, np.zeros(SAMPLE_RATE, np.float32), 0)
    for k in range(5)
]


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
    workers = Scheduler(replace(engine.models, words=words, decoders=1), Metrics())
    asked = [workers.start("call", job) for job in JOBS]
    words.leave.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    await workers.close()
    assert words.asked == [[0], [1, 2, 3, 4], [1], [2], [3], [4]]
    assert [getattr(answer, "text", str(answer)) for answer in answers] == ["0", "1", "not that turn", "3", "4"]


async def test_no_decode_begins_while_sound_is_late(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.live.scheduling.scheduler.LATE_S", 0.0)
    words, begun, leave = Stumbles(over=-1), threading.Event(), threading.Event()
    words.leave.set()
    workers = Scheduler(replace(engine.models, words=words, decoders=1), Metrics())
    step = workers.on_sound("call", lambda: (begun.set(), leave.wait()))
    await asyncio.to_thread(begun.wait)
    answer = workers.start("call", JOBS[0])
    assert (words.asked, answer.done()) == ([], False)
    leave.set()
    await step
    assert (await answer) == words.transcribe(JOBS[0])
    await workers.close()


async def test_a_call_that_is_ahead_of_the_clock_makes_nobody_wait_for_its_sound(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.live.scheduling.scheduler.LATE_S", 0.0)
    words, begun, leave = Stumbles(over=-1), threading.Event(), threading.Event()
    words.leave.set()
    workers = Scheduler(replace(engine.models, words=words, decoders=1), Metrics())
    step = workers.on_sound("fast", lambda: (begun.set(), leave.wait()), ahead=True)
    await asyncio.to_thread(begun.wait)
    assert (await workers.start("call", JOBS[0])) == words.transcribe(JOBS[0])
    leave.set()
    await step
    await workers.close()


async def test_closing_waits_for_no_model_that_hangs_and_says_so(engine: Engine) -> None:
    words = Stumbles(over=-1)
    workers = Scheduler(replace(engine.models, words=words, decoders=1), Metrics())
    hanging = workers.start("call", JOBS[0])
    assert not await workers.close(0.01)
    words.leave.set()
    await hanging


async def test_calls_ahead_of_the_clock_leave_a_decoder_to_live_ones(engine: Engine) -> None:
    words = Stumbles(over=-1)
    workers = Scheduler(replace(engine.models, words=words, decoders=2), Metrics())
    await workers.on_sound("live", lambda: None)
    asked = [workers.start("fast", job, ahead=True) for job in JOBS[:4]]
    live = workers.start("live", JOBS[4])
    words.leave.set()
    await asyncio.gather(live, *asked)
    await workers.close()
    assert sorted(words.asked[:2]) == [[0], [4]]
    assert words.asked[2:] == [[1], [2], [3]]  # and one by one: a live call's words may come any time


async def test_the_sound_of_calls_ahead_of_the_clock_waits_for_the_words_of_live_ones(engine: Engine) -> None:
    words, order = Stumbles(over=-1), list[str]()
    workers = Scheduler(replace(engine.models, words=words, decoders=1), Metrics())
    live = workers.start("live", JOBS[0])
    live.add_done_callback(lambda _: order.append("live words"))
    fast = workers.on_sound("fast", lambda: order.append("fast sound"), ahead=True)
    await workers.on_sound("live", lambda: order.append("live sound"))
    words.leave.set()
    await asyncio.gather(live, fast)
    assert order == ["live sound", "live words", "fast sound"]
    await workers.close()
