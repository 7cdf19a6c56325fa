"""Turns (utterances) of one channel out of voice probabilities.

In: `Voice` probabilities in stream order. Out: `TurnStarted` once the onset is sure, `TurnEnded` after the hang-over,
or where a turn grows too long and is cut at its faintest window. State: the open turn and the probabilities of its last
seconds. Pure; runs on whatever thread feeds it. `audio/speech/overlap.py` puts two channels together.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

from msgspec import Meta

from audio.frame import Channel, to_samples
from audio.ranges import Share


@dataclass(frozen=True, slots=True)
class Voice:
    """Probability of speech in one VAD window."""

    end: int  # stream time just after the window
    probability: float  # 0..1


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance: speech of one channel without a pause longer than the hang-over."""

    channel: Channel
    index: int  # counts from 0 on its channel
    start: int  # stream time of the first voiced sample
    end: int  # stream time just after the last voiced sample

    @property
    def duration(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class TurnStarted:
    at: int  # stream time at which the onset was sure
    channel: Channel
    index: int
    start: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    at: int  # stream time at which the hang-over ran out, or the turn was cut for length
    turn: Turn
    cut: bool  # the speaker went on: the turn reached its longest, the next one follows on


@dataclass(frozen=True, slots=True)
class Overlap:
    """Both channels spoke at once. `starter` is the one who came in while the other was speaking."""

    at: int  # stream time at which it was over
    start: int
    end: int
    starter: Channel


TurnEvent: TypeAlias = TurnStarted | TurnEnded


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """Thresholds as in Silero's own `get_speech_timestamps`; the rest is for conversation."""

    onset: Share = 0.5  # probability at which speech begins
    offset: Share = 0.35  # probability under which it pauses
    shortest_s: Annotated[float, Meta(ge=0, le=5)] = (
        0.096  # seconds without a pause before an onset is sure: 3 windows; "mm" is longer
    )
    hangover_s: Annotated[float, Meta(ge=0.1, le=10)] = 0.6  # seconds of pause that end a turn
    # seconds; a speaker who goes on is cut, so that words keep coming, and Whisper hears 30 s at once
    longest_s: Annotated[float, Meta(ge=1, le=29)] = 20.0
    # the cut lies in these last seconds, at the window least like speech
    cut_within_s: Annotated[float, Meta(ge=0.1, le=29)] = 5.0

    def __post_init__(self) -> None:
        """Raises `ValueError` where two settings contradict each other."""
        if self.offset > self.onset:
            raise ValueError(f"expected offset ({self.offset:g}) to be no more than onset ({self.onset:g})")
        if self.cut_within_s > self.longest_s:
            raise ValueError(f"expected cut_within_s ({self.cut_within_s:g}) within longest_s ({self.longest_s:g})")


@dataclass(slots=True)
class _Run:
    """Speech that began at `start`: a turn once it is sure, forgotten if it pauses before."""

    start: int
    end: int  # just after the last voiced window
    sure: bool = False
    recent: deque[Voice] = field(default_factory=deque)  # windows in which it may be cut


class TurnTracker:
    """The turns of one channel. `feed` each window in stream order."""

    def __init__(self, channel: Channel, settings: TurnSettings | None = None) -> None:
        self._channel = channel
        self._settings = settings or TurnSettings()
        self._run: _Run | None = None
        self._index = 0
        self._voiced = False
        self._last = 0  # stream time just after the last window

    @property
    def speaking(self) -> bool:
        """Whether a turn is open and the last window was voiced: false in its pauses."""
        return self._voiced and self._run is not None and self._run.sure

    def feed(self, voice: Voice) -> list[TurnEvent]:
        began, self._last = self._last, voice.end
        self._voiced = voice.probability >= (self._settings.offset if self._voiced else self._settings.onset)
        run = self._run
        if run is None:
            if not self._voiced:
                return []
            run = self._run = _Run(began, voice.end)
        self._remember(run, voice)
        return self._voiced_on(run, voice.end) if self._voiced else self._paused(run, voice.end)

    def flush(self, at: int) -> list[TurnEvent]:
        """The call is over at `at`: the open turn ends with its last voiced window."""
        run, self._run, self._voiced = self._run, None, False
        return [self._ended(at, run, cut=False)] if run and run.sure else []

    def _remember(self, run: _Run, voice: Voice) -> None:
        run.recent.append(voice)
        while run.recent[0].end <= voice.end - to_samples(self._settings.cut_within_s):
            run.recent.popleft()

    def _voiced_on(self, run: _Run, end: int) -> list[TurnEvent]:
        run.end = end
        if not run.sure:
            run.sure = end - run.start >= to_samples(self._settings.shortest_s)
            return [TurnStarted(end, self._channel, self._index, run.start)] if run.sure else []
        return self._cut(run, end) if end - run.start >= to_samples(self._settings.longest_s) else []

    def _paused(self, run: _Run, end: int) -> list[TurnEvent]:
        if run.sure and end - run.end < to_samples(self._settings.hangover_s):
            return []
        self._run = None
        return [self._ended(end, run, cut=False)] if run.sure else []

    def _cut(self, run: _Run, at: int) -> list[TurnEvent]:
        """Ends the turn in the middle of the window least like speech; the next one follows on from there."""
        windows = list(run.recent)
        faintest = min(range(1, len(windows)), key=lambda k: windows[k].probability)
        middle = (windows[faintest - 1].end + windows[faintest].end) // 2
        run.end = middle
        ended = self._ended(at, run, cut=True)
        self._run = _Run(middle, at, sure=True, recent=deque(windows[faintest:]))
        return [ended, TurnStarted(at, self._channel, self._index, middle)]

    def _ended(self, at: int, run: _Run, cut: bool) -> TurnEnded:
        turn = Turn(self._channel, self._index, run.start, run.end)
        self._index += 1
        return TurnEnded(at, turn, cut)
