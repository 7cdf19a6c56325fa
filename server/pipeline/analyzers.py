"""Channel analyzers: everything that reads a single channel, before the channels meet.

In: 16 kHz samples of one channel, any cut. Out: a `ChannelUpdate` a frame (20 ms): levels, voice activity, turns and
their decode requests. `CustomerAnalyzer` adds prosody and tone jobs, and is the only thing that does: nothing of the
kind is ever computed for the agent. Levels and voice activity are found for a whole block at once, which costs less.
Pure; the stages inside keep the state. An analyzer knows nothing of what follows it.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from audio.frame import FRAME, Channel, Frame, Samples, to_samples
from audio.prosody.window import ProsodySummary, ProsodyWindow
from audio.speech.framing import Framer
from audio.speech.history import History
from audio.speech.level import Level, LevelMeter
from audio.speech.turns import TurnEnded, TurnEvent, TurnSettings, TurnTracker, Voice
from audio.speech.vad import Vad, VadModel
from models.tone.customer_speech import CustomerSpeech, CustomerSpeechSettings
from models.tone.types import ToneJob
from models.words.decode_requests import DecodeRequests
from models.words.types import WordsJob

TICK = to_samples(0.5)  # the grid on which tone is read and the trend moves
_SPARE_S = 5  # seconds of history beyond the longest turn


@dataclass(frozen=True, slots=True)
class AnalyzerSettings:
    turns: TurnSettings = field(default_factory=TurnSettings)
    customer_speech: CustomerSpeechSettings = field(default_factory=CustomerSpeechSettings)


@dataclass(frozen=True, slots=True)
class ChannelUpdate:
    """What one frame led to on one channel."""

    channel: Channel
    at: int  # stream time at the end of the frame
    levels: Sequence[Level] = ()
    voices: Sequence[Voice] = ()
    turns: Sequence[TurnEvent] = ()
    finals: Sequence[WordsJob] = ()  # of the turns that ended
    tone: ToneJob | None = None  # the customer's, on the grid of ticks
    prosody: ProsodySummary | None = None  # the same


class ChannelAnalyzer:
    """Levels, turns and decode requests of one channel."""

    def __init__(self, channel: Channel, settings: AnalyzerSettings, vad: VadModel) -> None:
        self.channel = channel
        self.history = History(settings.turns.longest_s + _SPARE_S)
        self._framer = Framer(channel)
        self._level = LevelMeter(channel)
        self._vad = Vad(vad)
        self._levels: deque[Level] = deque()  # of this block, not handed out yet
        self._voices: deque[Voice] = deque()  # the same
        self._turns = TurnTracker(channel, settings.turns)
        self._requests = DecodeRequests(self.history)

    @property
    def end(self) -> int:
        """Stream time just after the last sample fed."""
        return self._framer.end

    @property
    def speaking(self) -> bool:
        return self._turns.speaking

    def feed(self, samples: Samples) -> list[ChannelUpdate]:
        """The updates of the frames that these samples complete. [shape=(n,)]"""
        return self._analyze(self._framer.feed(samples))

    def fill(self, until: int) -> list[ChannelUpdate]:
        """The channel ends: its last updates, with silence until stream time `until`, a whole number of frames."""
        return self._analyze(self._framer.fill(until))

    def flush(self, at: int) -> ChannelUpdate:
        """The call ends at `at`: whatever turn is open ends too."""
        return self._with_finals(ChannelUpdate(self.channel, at, turns=self._turns.flush(at)))

    def _analyze(self, frames: list[Frame]) -> list[ChannelUpdate]:
        if frames:
            block = frames[0].samples if len(frames) == 1 else np.concatenate([frame.samples for frame in frames])
            self._levels += self._level.feed(block)
            self._voices += self._vad.feed(block)
        return [self._update(frame) for frame in frames]

    def _update(self, frame: Frame) -> ChannelUpdate:
        self.history.append(frame.samples)
        levels, voices = self._found_until(frame.end)
        turns = [event for voice in voices for event in self._turns.feed(voice)]
        return self._with_finals(ChannelUpdate(self.channel, frame.end, levels, voices, turns))

    def _with_finals(self, update: ChannelUpdate) -> ChannelUpdate:
        if not update.turns:
            return update
        finals = [self._requests.feed(event) for event in update.turns if isinstance(event, TurnEnded)]
        return replace(update, finals=finals)

    def _found_until(self, end: int) -> tuple[list[Level], list[Voice]]:
        levels, voices = list[Level](), list[Voice]()
        while self._levels and self._levels[0].at <= end:
            levels.append(self._levels.popleft())
        while self._voices and self._voices[0].end <= end:
            voices.append(self._voices.popleft())
        return levels, voices


class CustomerAnalyzer(ChannelAnalyzer):
    """The customer's, which also follows how the voice moves."""

    def __init__(self, settings: AnalyzerSettings, vad: VadModel) -> None:
        super().__init__(Channel.CUSTOMER, settings, vad)
        self._prosody = ProsodyWindow()
        self._speech = CustomerSpeech(settings.customer_speech)

    def _update(self, frame: Frame) -> ChannelUpdate:
        update = super()._update(frame)
        self._prosody.feed(frame.samples, self.speaking)
        self._speech.feed(frame, self.speaking)
        if frame.end % TICK:
            return update
        return replace(update, tone=self._speech.tick(frame.end), prosody=self._prosody.summary())


def analyzer_of(channel: Channel, settings: AnalyzerSettings, vad: VadModel) -> ChannelAnalyzer:
    """The analyzer that a channel gets: tone for the customer, and for nobody else."""
    return CustomerAnalyzer(settings, vad) if channel is Channel.CUSTOMER else ChannelAnalyzer(channel, settings, vad)


def frames_until(analyzers: Sequence[ChannelAnalyzer]) -> int:
    """Stream time at which the longest of these channels ends, in whole frames."""
    return -(-max(analyzer.end for analyzer in analyzers) // FRAME) * FRAME
