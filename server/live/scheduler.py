"""The scheduler of a server: the threads that all its calls share, and what they do next.

`on_sound` runs a step of a call's core; `start` runs a job of its slow models. Both give back asyncio futures and are
called on the event loop, where nothing of this ever runs. Sound and tone have a thread each and never wait for words.
Words have as many as there are decoders, one core each, and `DecodeQueue` says what is next. No decode is begun while
sound is late: two busy cores that share a chip's units slow each other down, whatever their priorities. A future of
partial words is cancelled when they would come too late to be of use. The threads sleep where there is nothing to do.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from typing import Any, TypeAlias, TypeVar

from models.tone.types import ToneJob
from models.words.types import Transcript, WordsJob
from server.live.decode_queue import DecodeQueue, Entry
from server.live.metrics import Metrics
from server.pipeline.core import Job, Result, no_result
from server.pipeline.models import Models

LATE_S = 0.1  # seconds: sound that waits longer for its thread is late, and no decode is begun meanwhile
Answer = TypeVar("Answer")
_Waiting: TypeAlias = Entry[asyncio.Future[Result]]


class Scheduler:
    def __init__(self, models: Models, metrics: Metrics) -> None:
        self._models = models
        self._metrics = metrics
        self._sound = ThreadPoolExecutor(1, "sound")
        self._tone = ThreadPoolExecutor(1, "tone")
        self._words = ThreadPoolExecutor(models.decoders, "words")
        self._waiting: DecodeQueue[asyncio.Future[Result]] = DecodeQueue()
        self._free = models.decoders
        self._steps = 0  # asked of the sound thread and not done yet
        self._waited_s = 0.0  # for that thread, by the latest step that it began

    def on_sound(self, step: Callable[[], Answer]) -> asyncio.Future[Answer]:
        asked = perf_counter()

        def run() -> Answer:
            self._waited_s = perf_counter() - asked
            return step()

        self._steps += 1
        future = asyncio.get_running_loop().run_in_executor(self._sound, run)
        future.add_done_callback(self._step_done)
        return future

    def start(self, call: str, job: Job) -> asyncio.Future[Result]:
        """The result to come: an exception where the model failed, cancelled where it is not wanted any more."""
        loop = asyncio.get_running_loop()
        if isinstance(job, ToneJob):
            return loop.run_in_executor(self._tone, self._read, job)
        future: asyncio.Future[Result] = loop.create_future()
        superfluous = self._waiting.put(call, job, future)
        if superfluous:
            superfluous.cancel()
        self._decode_next()
        return future

    async def close(self) -> None:
        """Wait for what is running, then let the threads go."""
        for pool in (self._sound, self._tone, self._words):
            await asyncio.to_thread(pool.shutdown)

    def _step_done(self, _: asyncio.Future[Any]) -> None:
        self._steps -= 1
        self._decode_next()

    def _sound_is_late(self) -> bool:
        return self._steps > 0 and self._waited_s > LATE_S

    def _decode_next(self) -> None:
        while self._free and not self._sound_is_late() and (entry := self._waiting.pop()):
            self._free -= 1
            entries = [entry, *self._waiting.companions(entry, self._models.decoders)]
            jobs = [entry.job for entry in entries]
            decoded = asyncio.get_running_loop().run_in_executor(self._words, self._transcribe, jobs)
            decoded.add_done_callback(partial(self._pass_on, entries))

    def _pass_on(self, entries: list[_Waiting], decoded: asyncio.Future[list[Result | Exception]]) -> None:
        self._free += 1
        for entry, answer in zip(entries, decoded.result(), strict=True):
            self._waiting.done(entry)
            if isinstance(answer, Exception):
                entry.ticket.set_exception(answer)
            else:
                entry.ticket.set_result(answer)
        self._decode_next()

    def _read(self, job: ToneJob) -> Result:
        return self._models.tone.read(job)

    def _transcribe(self, jobs: list[WordsJob]) -> list[Result | Exception]:
        """What each came to. Where several fail in one go each is tried alone: one turn costs no other its words."""
        try:
            return [*self._words_of(jobs)]
        except Exception as error:  # noqa: BLE001 whoever waits is told
            return [error] if len(jobs) == 1 else [answer for job in jobs for answer in self._transcribe([job])]

    def _words_of(self, jobs: list[WordsJob]) -> list[Transcript] | list[Result]:
        words = self._models.words
        if words is None:
            return [no_result(job) for job in jobs]
        began = perf_counter()
        transcripts = words.transcribe_all(jobs) if len(jobs) > 1 else [words.transcribe(jobs[0])]
        each = (perf_counter() - began) / len(jobs)
        for job in jobs:
            self._metrics.decoded(job, each)
        return transcripts
