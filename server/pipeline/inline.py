"""A whole call as one pure object: `feed(channel, samples) -> events`, with the slow models run on the spot.

Tests and benchmarks are a `for` loop over it. The live server drives the same `Core` and runs the same jobs on worker
threads (`server/live/call.py`), so it comes to the same turns, final words, tone readings, trend and detections.
"""

from collections.abc import Iterable

from audio.frame import FRAME, Channel, Samples, to_seconds
from coach.rules import Rule
from models.tone.types import ToneJob
from server.pipeline.core import Core, CoreSettings, Event, Job, Output, Result, no_result
from server.pipeline.models import Models
from server.pipeline.settle import settle


class InlinePipeline:
    """One call, everything in line; `live` as the core takes it, with partial words."""

    def __init__(
        self,
        layout: tuple[Channel, ...],
        settings: CoreSettings,
        rules: tuple[Rule, ...],
        models: Models,
        live: bool = False,
    ) -> None:
        self._core = Core(layout, settings, rules, models.vad, live)
        self._models = models

    @property
    def now(self) -> float:
        """Stream time followed so far, in seconds."""
        return to_seconds(self._core.now)

    def feed(self, channel: Channel, samples: Samples) -> list[Event]:
        """Follow more of one channel: 16 kHz float32 [shape=(n,)], any length.

        The same audio gives the same events in the same order, however it was cut: jobs are answered frame by frame.
        """
        pieces = (samples[start : start + FRAME] for start in range(0, len(samples), FRAME))
        return [event for piece in pieces for event in self._settle(self._core.feed(channel, piece))]

    def flush(self) -> list[Event]:
        """The call is over: follow what is left and end the open turns."""
        return self._settle(self._core.flush())

    def _settle(self, outputs: Iterable[Output]) -> list[Event]:
        return settle(self._core, outputs, self._result)

    def _result(self, job: Job) -> Result:
        if isinstance(job, ToneJob):
            return self._models.tone.read(job)
        return self._models.words.transcribe(job) if self._models.words else no_result(job)
