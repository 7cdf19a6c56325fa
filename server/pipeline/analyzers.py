"""Channel analyzers: everything that reads a single channel frame by frame, before the channels meet.

In: 20 ms frames of one channel. Out: levels, turns, and the decode requests of its turns; `CustomerAnalyzer` adds
prosody and tone jobs, and is the only thing that does: nothing of the kind is ever computed for the agent. Pure; the
stages inside keep the state.
"""

from collections import deque
from dataclasses import dataclass, field

from audio.frame import Channel, Frame, Samples
from audio.history import History
from audio.level import Level, LevelMeter
from audio.prosody_window import ProsodySummary, ProsodyWindow
from audio.turns import TurnEnded, TurnSettings, TurnStarted, TurnTracker, Voice
from audio.vad import Vad, VadModel
from models.tone.customer_speech import CustomerSpeech, CustomerSpeechSettings
from models.tone.types import ToneJob
from models.words.decode_requests import DecodeRequests, DecodeRequestSettings
from models.words.types import Transcript, WordsJob


@dataclass(frozen=True, slots=True)
class AnalyzerSettings:
    turns: TurnSettings = field(default_factory=TurnSettings)
    utterances: DecodeRequestSettings = field(default_factory=DecodeRequestSettings)
    customer_speech: CustomerSpeechSettings = field(default_factory=CustomerSpeechSettings)


@dataclass(frozen=True, slots=True)
class ChannelUpdate:
    """What one frame led to on one channel."""

    channel: Channel
    levels: list[Level]
    voices: list[Voice]
    turns: list[TurnStarted | TurnEnded]
    words: list[WordsJob]


class ChannelAnalyzer:
    """Levels, turns and words jobs of one channel."""

    def __init__(self, channel: Channel, settings: AnalyzerSettings, vad: VadModel) -> None:
        self.channel = channel
        self._level = LevelMeter(channel)
        self._vad = Vad(vad)
        self._levels: deque[Level] = deque()  # found ahead of the frames
        self._voices: deque[Voice] = deque()  # the same
        self._looked_to = 0  # stream time
        self._turns = TurnTracker(channel, settings.turns)
        self._history = History(settings.turns.longest_s + 5)
        self._utterances = DecodeRequests(settings.utterances, self._history)

    def look_ahead(self, samples: Samples) -> None:
        """Find levels and voice activity of what is heard next: they depend on nothing else, and many are cheaper."""
        self._levels += self._level.feed(samples)
        self._voices += self._vad.feed(samples)
        self._looked_to += len(samples)

    def hear(self, frame: Frame) -> ChannelUpdate:
        if self._looked_to < frame.end:
            self.look_ahead(frame.samples)
        self._history.append(frame.samples)
        levels, voices = self._found_until(frame.end)
        turns = [event for voice in voices for event in self._turns.feed(voice)]
        words = [job for event in turns for job in self._utterances.feed(event)]
        words += self._utterances.tick(frame.end)
        return ChannelUpdate(self.channel, levels, voices, turns, words)

    def flush(self, at: int) -> ChannelUpdate:
        """The call ends at `at`: whatever turn is open ends too."""
        turns = self._turns.flush(at)
        return ChannelUpdate(
            self.channel, [], [], turns, [job for event in turns for job in self._utterances.feed(event)]
        )

    def take(self, result: Transcript) -> Transcript | None:
        """What is to be told of the result of a words job; None where it comes too late."""
        return self._utterances.take(result)

    @property
    def speaking(self) -> bool:
        return self._turns.speaking

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

    def hear(self, frame: Frame) -> ChannelUpdate:
        heard = super().hear(frame)
        self._prosody.hear(frame.samples, self.speaking)
        self._speech.feed(frame, self.speaking)
        return heard

    def prosody(self) -> ProsodySummary | None:
        return self._prosody.summary()

    def tone_job(self, at: int) -> ToneJob | None:
        return self._speech.tick(at)
