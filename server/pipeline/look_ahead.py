"""The pipeline for analysis of recordings, on all cores: channel analyzers run ahead of the rest of the core.

In: samples, as `InlinePipeline` takes them. Out: the same events in the same order, some seconds later. The analyzers
run up to two minutes ahead of the core, so the turns that they cut are decoded on other threads, several in one go,
while the sound goes on; when the core comes to the end of a turn, its words are there, or are waited for. So every
answer comes at the very point of the stream at which `InlinePipeline` has it. Memory holds those minutes and no more.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeAlias

from audio.frame import FRAME, Channel, Samples, to_samples, to_seconds
from coach.rules import Rule
from models.tone.types import ToneJob
from models.words.types import Transcript, WordsJob, WordsModel
from server.pipeline.core import Core, CoreSettings, Event, FrameUpdate, Output, no_result
from server.pipeline.models import Models

AHEAD = to_samples(120) // FRAME  # rows: with a minute, long turns leave one decoder without work
TOGETHER = 4  # turns: more in one go are no faster on one core, and those of the last go keep others waiting
NEVER_S = 1e6  # seconds until a partial: nobody reads along

_Key: TypeAlias = tuple[Channel, int]  # a turn's channel and number


class LookAheadPipeline:
    """One call. A context manager: its threads end with it."""

    def __init__(
        self, layout: tuple[Channel, ...], settings: CoreSettings, rules: tuple[Rule, ...], models: Models
    ) -> None:
        utterances = replace(settings.analyzer.utterances, first_partial_s=NEVER_S)
        self._core = Core(
            layout, replace(settings, analyzer=replace(settings.analyzer, utterances=utterances)), rules, models.vad
        )
        self._models = models
        self._listened: deque[FrameUpdate] = deque()
        self._words = _Words(models.words, models.decoders) if models.words else None

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
        """Hear more of one channel: 16 kHz float32 [shape=(n,)]. What is known for certain of what came before it."""
        for row in self._core.rows(channel, samples):
            self._listen(self._core.listen(row))
        return [event for _ in range(len(self._listened) - AHEAD) for event in self._follow()]

    def flush(self) -> Iterator[list[Event]]:
        """The call is over: what is left, as it is followed."""
        for row in self._core.rest():
            self._listen(self._core.listen(row))
        while self._listened:
            yield self._follow()
        yield self._settle(self._core.finish())

    def _listen(self, listened: FrameUpdate) -> None:
        self._listened.append(listened)
        if self._words:
            for heard in listened.heard:
                self._words.ask(heard.words)

    def _follow(self) -> list[Event]:
        return self._settle(self._core.follow(self._listened.popleft()))

    def _settle(self, outputs: Iterable[Output]) -> list[Event]:
        """Answer the jobs among the outputs, and those that come of them, in order."""
        todo, events = deque(outputs), list[Event]()
        while todo:
            output = todo.popleft()
            if isinstance(output, ToneJob):
                todo.extend(self._core.take(self._models.tone.read(output)))
            elif isinstance(output, WordsJob):
                todo.extend(self._core.take(self._words.answer(output) if self._words else no_result(output)))
            else:
                events.append(output)
        return events


class _Words:
    """Decodes final jobs ahead of their answers, on one thread a decoder."""

    def __init__(self, model: WordsModel, decoders: int) -> None:
        self._model = model
        self._threads = ThreadPoolExecutor(decoders, "words")
        self._gathered: list[WordsJob] = []
        self._asked: dict[_Key, tuple[Future[list[Transcript]], int]] = {}

    def ask(self, jobs: Iterable[WordsJob]) -> None:
        self._gathered += jobs
        if len(self._gathered) >= TOGETHER:
            self._send()

    def answer(self, job: WordsJob) -> Transcript:
        """What was said, once it is known. One that was not asked for, since the call is over, is asked for now."""
        if _key(job) not in self._asked:
            if not any(_key(it) == _key(job) for it in self._gathered):
                self._gathered.append(job)
            self._send()
        decoded, number = self._asked.pop(_key(job))
        return decoded.result()[number]

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _send(self) -> None:
        jobs, self._gathered = self._gathered, []
        decoded = self._threads.submit(self._model.transcribe_all, jobs)
        self._asked |= {_key(job): (decoded, number) for number, job in enumerate(jobs)}


def _key(job: WordsJob) -> _Key:
    return job.turn.channel, job.turn.index
