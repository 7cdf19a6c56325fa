"""The core: one call. Samples go in; events, and jobs for the slow models, come out.

    samples ─► channel analyzers ─► ticks and turns ─► sound lane ─► words lane ─► detections ─► cue policy

Pure and synchronous: no I/O, no clock, no thread. `feed` and `flush` are its two doors. The slow models are not in
here: among the outputs are jobs (`ToneJob`, `WordsJob`), and `answer` takes what came of them, whenever that is. Two
reorder buffers put answers back in stream order: a tick goes to the sound lane once its tone is there, then to the
words lane once every turn before it has its words. So detections and the trend are the same however long the models
took, and only what was *shown* depends on when they came.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from audio.frame import FRAME, Channel, Samples
from audio.speech.level import Level
from audio.speech.overlap import OverlapTracker
from audio.speech.turns import Overlap, Turn, TurnEnded, TurnEvent, TurnStarted
from audio.speech.vad import VadModel
from coach.cue_policy import CuePolicy, CuePolicySettings
from coach.dynamics import DynamicsTracker
from coach.escalation.sound import EscalationSettings
from coach.lanes import SoundLane, WordsLane
from coach.rules import Rule
from coach.types import Cue, Detection, Direction, Dynamics, FinishedTurn, JudgedTrend, Pace, ShownTrend, Tick, Trend
from models.tone.types import NoReading, ToneJob, ToneReading
from models.words.partial_words import PartialWords, PartialWordsSettings
from models.words.types import Transcript, WordsJob
from server.pipeline.analyzers import TICK, AnalyzerSettings, ChannelUpdate, CustomerAnalyzer, analyzer_of, frames_until
from server.pipeline.reorder_buffer import ReorderBuffer

Event: TypeAlias = (
    Level
    | TurnStarted
    | TurnEnded
    | Overlap
    | Transcript
    | ToneReading
    | Dynamics
    | ShownTrend
    | JudgedTrend
    | Pace
    | Detection
    | Cue
)
Job: TypeAlias = ToneJob | WordsJob
Result: TypeAlias = ToneReading | Transcript
Output: TypeAlias = Event | Job


@dataclass(frozen=True, slots=True)
class CoreSettings:
    analyzer: AnalyzerSettings = field(default_factory=AnalyzerSettings)
    partial_words: PartialWordsSettings = field(default_factory=PartialWordsSettings)
    escalation: EscalationSettings = field(default_factory=EscalationSettings)
    cue_policy: CuePolicySettings = field(default_factory=CuePolicySettings)


@dataclass(frozen=True, slots=True)
class _EndedTurn:
    """A turn that waits for its words."""

    ended: TurnEnded
    dynamics: Dynamics


@dataclass(frozen=True, slots=True)
class _Judged:
    """A moment that has passed the sound lane."""

    moment: Tick | _EndedTurn
    trend: Trend  # of the sound lane
    shown: Trend | None  # on the screen at that tick
    detections: Sequence[Detection]  # of the sound lane


class Core:
    """One call, from samples to detections and cues.

    `live`: somebody is watching. Words of open turns are decoded, the trend is shown as soon as there is sound for it,
    and cues are decided as detections arrive. Otherwise cues are decided in stream order, as if all answers came at
    once, so that the findings do not depend on when they came at all.
    """

    def __init__(
        self, layout: tuple[Channel, ...], settings: CoreSettings, rules: tuple[Rule, ...], vad: VadModel, live: bool
    ) -> None:
        self.start = 0  # the stream time at which its audio begins
        self.now = 0  # stream time followed so far
        self._live = live
        self._analyzers = {channel: analyzer_of(channel, settings.analyzer, vad) for channel in layout}
        self._updates = {channel: deque[ChannelUpdate]() for channel in layout}  # that wait for the other channel
        self._partials = {
            channel: PartialWords(settings.partial_words, analyzer.history)
            for channel, analyzer in self._analyzers.items()
            if live
        }
        self._has_customer = any(isinstance(one, CustomerAnalyzer) for one in self._analyzers.values())
        self._overlaps = OverlapTracker()
        self._dynamics = DynamicsTracker()
        self._sound = SoundLane(rules, settings.escalation)
        self._words = WordsLane(rules, settings.escalation)
        self._cue_policy = CuePolicy(settings.cue_policy)
        self._trend = Trend(0, 0.0, Direction.UNKNOWN, 0.0, ())  # the sound lane's latest
        self._pace: Pace | None = None  # the last that was passed on
        self._for_sound: ReorderBuffer[Tick | _EndedTurn, ToneReading] = ReorderBuffer()
        self._for_words: ReorderBuffer[_Judged, Transcript] = ReorderBuffer()

    def feed(self, channel: Channel, samples: Samples) -> list[Output]:
        """More audio of one channel: 16 kHz float32 [shape=(n,)], any length. What follows from it.

        The same audio gives the same findings, however it was cut and whichever channel came first.
        """
        self._updates[channel] += self._analyzers[channel].feed(samples)
        return self._follow_all()

    def flush(self) -> list[Output]:
        """The call is over: what is left, the shorter channel filled up with silence, and the end of open turns.
        Answers that are still out may come afterwards."""
        until = frames_until(tuple(self._analyzers.values()))
        for channel, analyzer in self._analyzers.items():
            self._updates[channel] += analyzer.fill(until)
        out = [*self._follow_all(), *self._follow([analyzer.flush(self.now) for analyzer in self._analyzers.values()])]
        if self._has_customer and (overlaps := self._overlaps.flush(self.now)):
            out += overlaps
            for overlap in overlaps:
                self._dynamics.feed(overlap)
            out.append(self._dynamics.at(self.now))
        return out + self._drain()

    def answer(self, result: Result) -> list[Output]:
        """What came of a job. Partial words are passed on; the rest joins the stream where it belongs."""
        if isinstance(result, ToneReading):
            self._for_sound.answer(result.at, result)
            return [result, *self._drain()]
        partials = self._partials.get(result.channel)
        partial = partials.answer(result) if partials else None
        if not result.final:
            return [partial] if partial else []
        if self._has_customer:  # nobody else waits for words
            self._for_words.answer(_key(result.turn), result)
        return [result, *self._drain()]

    @property
    def waiting(self) -> int:
        """Moments that wait for an answer; 0 once everything fed is decided."""
        return len(self._for_sound) + len(self._for_words)

    @property
    def held(self) -> int:
        """Answers that are kept for moments to come."""
        return self._for_sound.held + self._for_words.held

    def switch_cues(self, on: bool) -> None:
        self._cue_policy.switch(on)

    def _follow_all(self) -> list[Output]:
        """Follow every frame that all channels have."""
        out: list[Output] = []
        while all(self._updates.values()):
            self.now += FRAME
            updates = [waiting.popleft() for waiting in self._updates.values()]
            out += self._follow(updates)
            if self.now % TICK == 0:
                out += self._tick(updates)
            out += self._drain()
        return out

    def _follow(self, updates: Sequence[ChannelUpdate]) -> list[Output]:
        """One frame of all channels: what the analyzers found, who speaks, and the tick if there is one."""
        out: list[Output] = []
        for update in updates:
            out += (*update.levels, *update.turns, *update.finals, *self._due_partials(update))
        if not self._has_customer:
            return out
        turns = [event for update in updates for event in update.turns]
        voices = [(update.channel, voice) for update in updates for voice in update.voices]
        overlaps = [overlap for channel, voice in voices for overlap in self._overlaps.feed(channel, voice)]
        self._follow_turns((*turns, *overlaps))
        return out + overlaps

    def _due_partials(self, update: ChannelUpdate) -> list[WordsJob]:
        partials = self._partials.get(update.channel)
        if partials is None:
            return []
        partials.feed(update.turns)
        return partials.due(update.at)

    def _follow_turns(self, events: Iterable[TurnEvent | Overlap]) -> None:
        for event in events:
            self._dynamics.feed(event)
            if isinstance(event, TurnEnded):
                self._for_sound.put(_EndedTurn(event, self._dynamics.at(self.now)))

    def _tick(self, updates: Sequence[ChannelUpdate]) -> list[Output]:
        """A point of the grid: put all that sound tells there in the queue for the sound lane."""
        customer = next((update for update in updates if update.channel is Channel.CUSTOMER), None)
        if customer is None:
            return [ToneReading(self.now, NoReading.MIXED)] if self.now == TICK else []
        dynamics, job = self._dynamics.at(self.now), customer.tone
        self._for_sound.put(Tick(self.now, dynamics, customer.prosody, None), waits_for=job and job.at)
        return [dynamics, job] if job else [dynamics]

    def _drain(self) -> list[Output]:
        """Move on every moment that waits for nothing any more: through the sound lane, then the words lane."""
        out: list[Output] = []
        for moment, reading in self._for_sound.ready():
            if isinstance(moment, Tick):
                out += self._judge_sound(replace(moment, tone=reading))
            else:
                self._for_words.put(_Judged(moment, self._trend, None, ()), waits_for=_key(moment.ended.turn))
        for judged, transcript in self._for_words.ready():
            out += self._judge_words(judged, transcript)
        return out

    def _judge_sound(self, tick: Tick) -> list[Output]:
        self._trend, detections = self._sound.feed(tick)
        shown = self._words.shade(self._trend) if self._live else None
        self._for_words.put(_Judged(tick, self._trend, shown, detections))
        out: list[Output] = [ShownTrend(shown)] if shown else []
        return [*out, *detections, *(self._offer(detections, self.now) if self._live else ())]

    def _judge_words(self, judged: _Judged, transcript: Transcript | None) -> list[Output]:
        moment = _with_words(judged.moment, transcript)
        detections = self._words.feed(moment, judged.trend, judged.detections)
        out: list[Output] = [*self._new_pace(), *detections]
        if isinstance(moment, Tick):
            out.append(JudgedTrend(self._words.shade(judged.trend), judged.shown))
        if self._live:
            return out + self._offer(detections, self.now)
        return out + self._offer((*judged.detections, *detections), moment.at)

    def _new_pace(self) -> list[Pace]:
        before, self._pace = self._pace, self._words.pace
        return [self._pace] if self._pace and self._pace is not before else []

    def _offer(self, detections: Iterable[Detection], at: int) -> list[Output]:
        return [self._cue_policy.offer(detection, at) for detection in detections]


def no_result(job: Job) -> Result:
    """What stands in for an answer where a model failed: no reading, or no words."""
    if isinstance(job, ToneJob):
        return ToneReading(job.at, NoReading.FAILED)
    return Transcript(job.at, job.turn, job.final, ())


def _key(turn: Turn) -> tuple[Channel, int]:
    return turn.channel, turn.index


def _with_words(moment: Tick | _EndedTurn, transcript: Transcript | None) -> Tick | FinishedTurn:
    if isinstance(moment, Tick):
        return moment
    assert transcript is not None  # a turn waits for its words, so the buffer gives it back with them only
    return FinishedTurn(moment.ended.at, moment.ended.turn, transcript, moment.dynamics)
