"""The core: a call as it is heard. Samples go in; events, and jobs for the slow models, come out.

    samples ─► frames ─► ears ─► ticks and turns ─► sound lane ─► words lane ─► detections ─► cue board

Pure and synchronous: no I/O, no clock, no thread. The slow models are not in here: a step hands out jobs (`ToneJob`,
`WordsJob`), and `take` gets what came of them, whenever that is. Two queues put the answers back in stream order:
a tick goes to the sound lane once its tone is there, then to the words lane once every turn before it has its words. So
detections are the same however long the models took; only what was *shown* depends on when they arrived.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from audio.frame import FRAME, Channel, Samples, to_samples
from audio.framing import Framing, Row
from audio.level import Level
from audio.overlap import OverlapTracker
from audio.prosody_window import ProsodySummary
from audio.turns import Overlap, Turn, TurnEnded, TurnStarted
from audio.vad import VadModel
from coach.cue_policy import CuePolicy, CuePolicySettings
from coach.dynamics import DynamicsTracker
from coach.escalation import EscalationSettings
from coach.lanes import SoundLane, WordsLane
from coach.rules import Rule
from coach.types import Cue, Detection, Direction, Dynamics, FinishedTurn, Moment, Pace, Tick, Trend
from models.tone.types import NoReading, ToneJob, ToneReading
from models.words.types import Transcript, WordsJob
from server.pipeline.analyzers import AnalyzerSettings, ChannelAnalyzer, ChannelUpdate, CustomerAnalyzer
from server.pipeline.reorder_buffer import ReorderBuffer

TICK = to_samples(0.5)

Event: TypeAlias = (
    Level | TurnStarted | TurnEnded | Overlap | Transcript | ToneReading | Dynamics | Trend | Pace | Detection | Cue
)
Job: TypeAlias = ToneJob | WordsJob
Result: TypeAlias = ToneReading | Transcript
Output: TypeAlias = Event | Job


@dataclass(frozen=True, slots=True)
class CoreSettings:
    analyzer: AnalyzerSettings = field(default_factory=AnalyzerSettings)
    escalation: EscalationSettings = field(default_factory=EscalationSettings)
    cue_policy: CuePolicySettings = field(default_factory=CuePolicySettings)


@dataclass(frozen=True, slots=True)
class FrameUpdate:
    """What the ears made of 20 ms."""

    heard: list[ChannelUpdate]
    tone: ToneJob | None = None  # of the customer, on the grid of ticks
    prosody: ProsodySummary | None = None  # the same


@dataclass(frozen=True, slots=True)
class _TurnOver:
    """A turn that has ended and waits for its words."""

    ended: TurnEnded
    dynamics: Dynamics


class Core:
    """One call, from aligned frames to detections and cues."""

    def __init__(
        self, layout: tuple[Channel, ...], settings: CoreSettings, rules: tuple[Rule, ...], vad: VadModel
    ) -> None:
        self.now = 0  # stream time followed so far
        self._heard = 0  # stream time heard so far
        self._framing = Framing(layout)
        self._ears = [_ear(channel, settings.analyzer, vad) for channel in layout]
        self._customer = next((ear for ear in self._ears if isinstance(ear, CustomerAnalyzer)), None)
        self._overlaps = OverlapTracker()
        self._dynamics = DynamicsTracker()
        self._sound = SoundLane(rules, settings.escalation)
        self._words = WordsLane(rules, settings.escalation)
        self._cue_policy = CuePolicy(settings.cue_policy)
        self._trend = Trend(0, 0.0, Direction.UNKNOWN, 0.0, ())  # the sound lane's latest
        self._pace: Pace | None = None  # the last that was told
        self._for_sound: ReorderBuffer[Tick | _TurnOver, ToneReading] = ReorderBuffer()
        self._for_words: ReorderBuffer[tuple[Tick | _TurnOver, Trend], Transcript] = ReorderBuffer()

    def rows(self, channel: Channel, samples: Samples) -> list[Row]:
        """Line up more audio of one channel ([shape=(n,)], 16 kHz). Each row is then to be stepped through."""
        return self._looked_through(self._framing.feed(channel, samples))

    def rest(self) -> list[Row]:
        """The last rows of a call, filled up with silence; `finish` comes after them."""
        return self._looked_through(self._framing.flush())

    def step(self, row: Row) -> list[Output]:
        """Hear 20 ms of every channel, and follow it."""
        return self.follow(self.listen(row))

    def listen(self, row: Row) -> FrameUpdate:
        """Only hear it: the ears know nothing of what comes of it, so they may run ahead of `follow`."""
        heard = [ear.hear(frame) for ear, frame in zip(self._ears, row, strict=True)]
        self._heard += FRAME
        if self._customer is None or self._heard % TICK:
            return FrameUpdate(heard)
        return FrameUpdate(heard, self._customer.tone_job(self._heard), self._customer.prosody())

    def follow(self, listened: FrameUpdate) -> list[Output]:
        """Follow what was heard, in order."""
        self.now += FRAME
        out = self._follow(listened.heard)
        if self.now % TICK == 0:
            out += self._tick(listened)
        return out + self._drain()

    def take(self, result: Result) -> list[Output]:
        """What a model made of a job. Partial words are passed on; the rest joins the stream where it belongs."""
        if isinstance(result, ToneReading):
            self._for_sound.answer(result.at, result)
            return [result, *self._drain()]
        told = next(ear for ear in self._ears if ear.channel is result.channel).take(result)
        if result.final:
            self._for_words.answer(_key(result.turn), result)
        return [*([told] if told else []), *self._drain()]

    def finish(self) -> list[Output]:
        """The call is over: open turns end. Jobs that are still out may be taken afterwards."""
        return self._follow([ear.flush(self.now) for ear in self._ears]) + self._drain()

    @property
    def waiting(self) -> int:
        """Moments that wait for an answer; 0 once everything that was heard is decided."""
        return len(self._for_sound) + len(self._for_words)

    def switch_cues(self, on: bool) -> None:
        self._cue_policy.switch(on)

    def _looked_through(self, rows: list[Row]) -> list[Row]:
        if rows:
            for ear, *frames in zip(self._ears, *rows, strict=True):
                ear.look_ahead(np.concatenate([frame.samples for frame in frames]))
        return rows

    def _follow(self, heard: list[ChannelUpdate]) -> list[Output]:
        """Pass on what the ears heard, and follow who speaks."""
        out: list[Output] = [output for ear in heard for output in (*ear.levels, *ear.turns, *ear.words)]
        if self._customer is None:
            return out
        turns = [event for ear in heard for event in ear.turns]
        overlaps = [
            overlap for ear in heard for voice in ear.voices for overlap in self._overlaps.feed(ear.channel, voice)
        ]
        for event in (*turns, *overlaps):
            self._dynamics.feed(event)
            if isinstance(event, TurnEnded):
                self._for_sound.put(_TurnOver(event, self._dynamics.at(self.now)))
        return out + overlaps

    def _tick(self, listened: FrameUpdate) -> list[Output]:
        """Put all that sound tells at this point of the grid in the queue for the sound lane."""
        if self._customer is None:
            return [ToneReading(self.now, NoReading.MIXED)] if self.now == TICK else []
        dynamics, job = self._dynamics.at(self.now), listened.tone
        self._for_sound.put(Tick(self.now, dynamics, listened.prosody, None), waits_for=job and job.at)
        return [dynamics, job] if job else [dynamics]

    def _drain(self) -> list[Output]:
        """Move on every moment that waits for nothing any more: through the sound lane, then the words lane."""
        out: list[Output] = []
        for moment, reading in self._for_sound.ready():
            if isinstance(moment, Tick):
                tick = replace(moment, tone=reading)
                self._trend, detections = self._sound.feed(tick)
                out += [self._words.shade(self._trend), *detections, *self._offer(detections)]
                self._for_words.put((tick, self._trend))
            else:
                self._for_words.put((moment, self._trend), waits_for=_key(moment.ended.turn))
        for (moment, trend), transcript in self._for_words.ready():
            detections = self._words.feed(_heard(moment, transcript), trend)
            out += [*self._new_pace(), *detections, *self._offer(detections)]
        return out

    def _new_pace(self) -> list[Pace]:
        told, self._pace = self._pace, self._words.pace
        return [self._pace] if self._pace and self._pace is not told else []

    def _offer(self, detections: Iterable[Detection]) -> list[Cue]:
        return [self._cue_policy.offer(detection, self.now) for detection in detections]


def no_result(job: Job) -> Result:
    """What stands in for an answer where a model failed: no reading, or no words."""
    if isinstance(job, ToneJob):
        return ToneReading(job.at, NoReading.FAILED)
    return Transcript(job.at, job.turn, job.final, ())


def _ear(channel: Channel, settings: AnalyzerSettings, vad: VadModel) -> ChannelAnalyzer:
    return CustomerAnalyzer(settings, vad) if channel is Channel.CUSTOMER else ChannelAnalyzer(channel, settings, vad)


def _key(turn: Turn) -> tuple[Channel, int]:
    return turn.channel, turn.index


def _heard(moment: Tick | _TurnOver, transcript: Transcript | None) -> Moment:
    if isinstance(moment, Tick):
        return moment
    assert transcript is not None  # a turn waits for its words, so the queue gives it back with them only
    return FinishedTurn(moment.ended.at, moment.ended.turn, transcript, moment.dynamics)
