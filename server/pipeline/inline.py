"""The whole pipeline as one pure object: `feed(channel, samples) -> events`, with the slow models run on the spot.

Tests and benchmarks are a `for` loop over it. The live server drives the same `Core` and runs the same jobs on worker
threads (`server/live/call.py`), so it comes to the same turns, final words, tone readings and detections.
"""

from collections import deque
from collections.abc import Iterable

from audio.frame import Channel, Samples, to_seconds
from coach.rules import Rule
from models.tone.types import ToneJob
from models.words.types import WordsJob
from server.pipeline.core import Core, CoreSettings, Event, Output, no_result
from server.pipeline.models import Models


class InlinePipeline:
    """One call, everything in line. Partial words are left out unless asked for, since nobody is waiting."""

    def __init__(
        self,
        layout: tuple[Channel, ...],
        settings: CoreSettings,
        rules: tuple[Rule, ...],
        models: Models,
        partials: bool = False,
    ) -> None:
        self._core = Core(layout, settings, rules, models.vad)
        self._models = models
        self._partials = partials

    @property
    def now(self) -> float:
        """Stream time heard so far, in seconds."""
        return to_seconds(self._core.now)

    def feed(self, channel: Channel, samples: Samples) -> list[Event]:
        """Hear more of one channel: 16 kHz float32 [shape=(n,)], any length.

        The same audio gives the same events, however it was cut and whichever channel came first.
        """
        return [event for row in self._core.rows(channel, samples) for event in self._settle(self._core.step(row))]

    def flush(self) -> list[Event]:
        """The call is over: hear what is left and end the open turns."""
        rest = [event for row in self._core.rest() for event in self._settle(self._core.step(row))]
        return rest + self._settle(self._core.finish())

    def _settle(self, outputs: Iterable[Output]) -> list[Event]:
        """Run the jobs among the outputs, and those that come of them, in order."""
        todo, events = deque(outputs), list[Event]()
        while todo:
            output = todo.popleft()
            if isinstance(output, ToneJob):
                todo.extend(self._core.take(self._models.tone.read(output)))
            elif isinstance(output, WordsJob):
                todo.extend(self._decode(output))
            else:
                events.append(output)
        return events

    def _decode(self, job: WordsJob) -> list[Output]:
        if not (job.final or self._partials):
            return []
        words = self._models.words
        return self._core.take(words.transcribe(job) if words else no_result(job))
