"""How a server keeps up: figures over all its calls together, for Prometheus.

In: what its calls and workers count as they go. Out: counters, and gauges that are read when they are asked for. A
registry of its own for each application; nothing names a call or a person, or tells what was said. Counters may be
raised on any thread; the page is written on the event loop, where the calls are.
"""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from coach.types import Fate
from models.words.types import WordsJob
from server.pipeline.core import Job
from server.protocol.events.base import Message
from server.protocol.events.call import StatusMessage
from server.protocol.events.cues import CueMessage
from server.protocol.events.tone import ToneMessage
from server.protocol.events.turns import TurnEndedMessage
from server.protocol.events.words import WordsMessage

_DECODES_S = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)  # upper bounds of the histogram's bins


class Metrics:
    """What is counted; the gauges are added by `watch`, which knows what to read."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # memory, processor time and open files, where the system tells
        self.refused = self._counter("calls_refused", "Calls refused because as many ran as this machine carries.")
        self.tone_only = self._counter("calls_tone_only", "Calls taken without words for the same reason.")
        self.shed = self._counter("partials_shed", "Partial words left out to keep up; final ones never are.")
        self.dropped = self._counter("frames_dropped", "Frames of 20 ms lost before they reached the server.")
        self._turns = self._counter("turns", "Turns that ended.")
        self._finals = self._counter("finals", "Final words: one for every turn, in the end.")
        self._tone = self._counter("tone_readings", "Readings of the customer's tone.")
        self._cues = Counter(
            "calmline_cues", "What became of detections on the agents' screens.", ["fate"], registry=self.registry
        )
        self._decodes = Histogram(
            "calmline_decode_seconds", "Time of one decode.", ["kind"], buckets=_DECODES_S, registry=self.registry
        )
        for fate in Fate:
            self._cues.labels(_name(fate))
        for kind in ("partial", "final"):
            self._decodes.labels(kind)

    def count(self, outputs: Iterable[Message | Job]) -> None:
        """Count the messages and jobs of a call."""
        for message in outputs:
            match message:
                case TurnEndedMessage():
                    self._turns.inc()
                case WordsMessage():
                    self._finals.inc()
                case ToneMessage():
                    self._tone.inc()
                case CueMessage():
                    self._cues.labels(_name(message.fate)).inc()

    def decoded(self, job: WordsJob, seconds: float) -> None:
        self._decodes.labels("final" if job.final else "partial").observe(seconds)

    def watch(
        self, statuses: Callable[[], list[StatusMessage]], with_words: Callable[[], int], most: int | None
    ) -> None:
        """Read the calls that run whenever the metrics are asked for."""
        self._gauge("calls", "Calls that run.", lambda: len(statuses()))
        self._gauge("calls_with_words", "Calls that run and are followed with words.", with_words)
        if most is not None:
            self._gauge("calls_with_words_most", "Calls with words that are taken at once.", lambda: most)
        lag, words_lag = "Age of the oldest audio not followed yet", "Age of the oldest turn that waits for its words"
        tone_lag = "Age of the oldest speech that waits for its tone"
        self._gauge("lag_seconds", f"{lag}, of the call with the most.", lambda: _most(it.lag for it in statuses()))
        self._gauge("words_lag_seconds", f"{words_lag}.", lambda: _most(it.words_lag for it in statuses()))
        self._gauge("tone_lag_seconds", f"{tone_lag}.", lambda: _most(it.tone_lag for it in statuses()))

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"calmline_{name}", text, registry=self.registry)

    def _gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        Gauge(f"calmline_{name}", text, registry=self.registry).set_function(read)


def _name(fate: Fate) -> str:
    return fate.name.lower()


def _most(values: Iterable[float]) -> float:
    return max(values, default=0.0)
