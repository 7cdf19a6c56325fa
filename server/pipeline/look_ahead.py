"""The pipeline for analysis of recordings, on all cores: sound runs ahead of words.

In: samples, as `InlinePipeline` takes them. Out: the same findings; those that need words come up to two minutes of
stream time later than those that do not. While the sound goes on, turns are decoded on other threads, several in one
go. When an answer is two minutes old it is waited for, so memory holds those minutes and no more.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from audio.frame import Channel, Samples, to_samples, to_seconds
from coach.rules import Rule
from models.tone.types import ToneJob
from models.words.types import Transcript, WordsJob, WordsModel
from server.pipeline.core import Core, CoreSettings, Event, Job, Output, Result, no_result
from server.pipeline.models import Models
from server.pipeline.settle import settle

AHEAD = to_samples(120)  # stream time: with a minute, long turns leave one decoder without work
TOGETHER = 4  # turns: more in one go are no faster on one core, and those of the last go keep others waiting


class LookAheadPipeline:
    """One call. A context manager: its threads end with it."""

    def __init__(
        self, layout: tuple[Channel, ...], settings: CoreSettings, rules: tuple[Rule, ...], models: Models
    ) -> None:
        self._core = Core(layout, settings, rules, models.vad, live=False)
        self._models = models
        self._words = _DecodeAhead(models.words, models.decoders) if models.words else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._words:
            self._words.close()

    @property
    def now(self) -> float:
        """Stream time followed so far, in seconds."""
        return to_seconds(self._core.now)

    def feed(self, channel: Channel, samples: Samples) -> list[Event]:
        """Follow more of one channel: 16 kHz float32 [shape=(n,)], any length."""
        events = self._settle(self._core.feed(channel, samples))
        while self._words and (transcript := self._words.older_than(self._core.now - AHEAD)):
            events += self._settle(self._core.answer(transcript))
        return events

    def flush(self) -> Iterator[list[Event]]:
        """The call is over: what is left, as its words come."""
        yield self._settle(self._core.flush())
        while self._words and (transcript := self._words.older_than(None)):
            yield self._settle(self._core.answer(transcript))

    def _settle(self, outputs: Iterable[Output]) -> list[Event]:
        return settle(self._core, outputs, self._result)

    def _result(self, job: Job) -> Result | None:
        """Tone at once; words are sent to be decoded, and come later."""
        if isinstance(job, ToneJob):
            return self._models.tone.read(job)
        if self._words is None:
            return no_result(job)
        self._words.put(job)
        return None


class _DecodeAhead:
    """Decodes final jobs on one thread a decoder, and gives their transcripts back in the order of the jobs."""

    def __init__(self, model: WordsModel, decoders: int) -> None:
        self._model = model
        self._threads = ThreadPoolExecutor(decoders, "words")
        self._gathered: list[WordsJob] = []  # not sent yet
        self._sent: deque[tuple[int, Future[list[Transcript]], int]] = deque()  # at, its batch, its place there

    def put(self, job: WordsJob) -> None:
        self._gathered.append(job)
        if len(self._gathered) >= TOGETHER:
            self._send()

    def older_than(self, at: int | None) -> Transcript | None:
        """Wait for the oldest transcript, if its job is older than stream time `at`; any is older than None."""
        if self._gathered and not self._sent and (at is None or self._gathered[0].at < at):
            self._send()
        if not self._sent or (at is not None and self._sent[0][0] >= at):
            return None
        _, batch, place = self._sent.popleft()
        return batch.result()[place]

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _send(self) -> None:
        jobs, self._gathered = self._gathered, []
        batch = self._threads.submit(self._model.transcribe_all, jobs)
        self._sent.extend((job.at, batch, place) for place, job in enumerate(jobs))
