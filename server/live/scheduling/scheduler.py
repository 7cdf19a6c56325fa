"""The scheduler of a server: the threads that all its calls share, and what they do next.

`on_sound` runs a step of a call's core; `start` runs a job of its slow models. Both give back asyncio futures and are
called on the event loop, where nothing of this ever runs. Sound and tone have a thread each, on which calls take turns,
and never wait for words. Words have as many as there are decoders, one core each, and `DecodeQueue` says what is next.
Calls that are fed faster than the clock come last everywhere, and leave live calls a decoder. No decode is begun while
the sound of another call is late: two busy cores that share a chip's units slow each other down, whatever their
priorities. A future of partial words is cancelled when they would come too late to be of use. The threads sleep where
there is nothing to do.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from time import perf_counter
from typing import Any, TypeAlias, TypeVar

from models.tone.types import ToneJob
from models.words.types import Transcript, WordsJob
from server.live.metrics import Metrics
from server.live.scheduling.decode_queue import DecodeQueue, Entry
from server.live.scheduling.fair_thread import FairThread
from server.pipeline.core import Job, Result, no_result
from server.pipeline.models import Models

LIVE_S = 2.0  # seconds after its last step that a live call counts as there: its next words must not wait
YIELD_S = 1.0  # seconds at most that a call that is ahead waits while final words of live ones are out
LATE_S = 0.1  # seconds: sound that waits longer for its thread is late, and no decode is begun meanwhile
Answer = TypeVar("Answer")
_Waiting: TypeAlias = Entry[asyncio.Future[Result]]


class Scheduler:
    def __init__(self, models: Models, metrics: Metrics) -> None:
        self._models = models
        self._metrics = metrics
        self._sound = FairThread("sound")
        self._tone = FairThread("tone")
        self._words = ThreadPoolExecutor(models.decoders, "words")
        self._waiting: DecodeQueue[asyncio.Future[Result]] = DecodeQueue()
        self._decoding: dict[asyncio.Future[list[Result | Exception]], bool] = {}  # whether for a call that is ahead
        self._live_at = -LIVE_S  # when a call that is not ahead took its latest step; seconds of the clock
        self._steps = 0  # asked of the sound thread by calls that are not ahead, and not done yet
        self._waited_s = 0.0  # for that thread, by the latest such step that it began
        self._ahead_at = -YIELD_S  # when a decode of a call that is ahead began; seconds of the clock
        self._live_finals = 0  # final words of calls that are not ahead that are still out
        self._no_live_finals = asyncio.Event()
        self._no_live_finals.set()
        self._turn_of_those_ahead = asyncio.Lock()
        self._closed = False

    def on_sound(self, call: str, step: Callable[[], Answer], ahead: bool = False) -> asyncio.Future[Answer]:
        """Run a step of a call on the sound thread; one that is `ahead` of the clock lets all others go first."""
        if ahead:
            return asyncio.ensure_future(self._on_sound_ahead(call, step))
        asked = self._live_at = perf_counter()

        def run() -> Answer:
            self._waited_s = perf_counter() - asked
            return step()

        self._steps += 1
        future = self._sound.run(call, run)
        future.add_done_callback(self._step_done)
        return future

    def start(self, call: str, job: Job, ahead: bool = False) -> asyncio.Future[Result]:
        """The result to come: an exception where the model failed, cancelled where it is not wanted any more."""
        if isinstance(job, ToneJob):
            return self._tone.run(call, partial(self._read, job), ahead)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        if job.final and not ahead:
            self._live_finals += 1
            self._no_live_finals.clear()
            future.add_done_callback(self._live_final_done)
        superfluous = self._waiting.put(call, job, future, ahead)
        if superfluous:
            superfluous.cancel()
        self._decode_next()
        return future

    async def close(self, patience_s: float = 60.0) -> bool:
        """Let the threads go once they have done what they are at. False: one still hangs after that many seconds."""
        self._closed = True
        self._words.shutdown(wait=False)
        ended = await asyncio.gather(self._sound.close(patience_s), self._tone.close(patience_s))
        hanging = (await asyncio.wait([*self._decoding], timeout=patience_s))[1] if self._decoding else ()
        return all(ended) and not hanging

    async def _on_sound_ahead(self, call: str, step: Callable[[], Answer]) -> Answer:
        """Let the words of live calls go first: their process steps back for sound, and would get no time beside it.

        Beside live calls one step is run at a time, with as long a rest after it, for what they have to do meanwhile.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(YIELD_S):
                await self._no_live_finals.wait()
        async with self._turn_of_those_ahead:
            began = perf_counter()
            answer = await self._sound.run(call, step, ahead=True)
            if self._live_calls_run():
                await asyncio.sleep(perf_counter() - began)
            return answer

    def _live_calls_run(self) -> bool:
        return perf_counter() - self._live_at < LIVE_S

    def _live_final_done(self, _: asyncio.Future[Result]) -> None:
        self._live_finals -= 1
        if not self._live_finals:
            self._no_live_finals.set()
            self._decode_next()

    def _step_done(self, _: asyncio.Future[Any]) -> None:
        self._steps -= 1
        self._decode_next()

    def _may_decode(self) -> bool:
        sound_is_late = self._steps > 0 and self._waited_s > LATE_S
        return len(self._decoding) < self._models.decoders and not sound_is_late and not self._closed

    def _decode_next(self) -> None:
        while self._may_decode():
            shared = self._live_calls_run()
            entry = self._waiting.pop(ahead=not shared or self._may_decode_ahead())
            if entry is None:
                return
            alone = entry.ahead and shared
            entries = [entry, *([] if alone else self._waiting.companions(entry, self._models.decoders))]
            jobs = [entry.job for entry in entries]
            decoded = asyncio.get_running_loop().run_in_executor(self._words, self._transcribe, jobs)
            self._decoding[decoded] = entry.ahead
            self._ahead_at = perf_counter() if entry.ahead else self._ahead_at
            decoded.add_done_callback(partial(self._pass_on, entries))

    def _may_decode_ahead(self) -> bool:
        """Whether a call that is ahead may have a decoder: not the last one, and now and then beside live words."""
        if self._live_finals and perf_counter() - self._ahead_at < YIELD_S:
            return False
        return sum(self._decoding.values()) < max(1, self._models.decoders - 1)

    def _pass_on(self, entries: list[_Waiting], decoded: asyncio.Future[list[Result | Exception]]) -> None:
        del self._decoding[decoded]
        for entry, answer in zip(entries, decoded.result(), strict=True):
            self._waiting.done(entry)
            if entry.ticket.done():  # given up meanwhile
                continue
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
