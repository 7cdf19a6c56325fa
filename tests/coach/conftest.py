"""Moments of a call, made by hand: ticks as tone model and prosody would give them, and turns with their words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest

from audio.frame import Channel, to_samples
from audio.prosody.window import ProsodySummary
from audio.speech.turns import Turn
from coach.lanes import SoundLane, WordsLane
from coach.rules import Rule, load_rules
from coach.types import Detection, Dynamics, FinishedTurn, Moment, Tick, Trend
from models.tone.types import NoReading, ToneReading
from models.words.types import Transcript, Word

TICK_S = 0.5
RULES = load_rules()
WORD_S = 0.4  # 150 words a minute


class Moments:
    """Builders. Times are seconds."""

    @staticmethod
    def dynamics(at_s: float, **known: object) -> Dynamics:
        nothing = {
            "agent_talk": 0,
            "customer_talk": 0,
            "agent_speaking": False,
            "customer_speaking": False,
            "silence": 0,
            "monologue": 0,
            "talk_overs": (),
            "reply_delay": None,
        }
        return Dynamics(at=to_samples(at_s), **{**nothing, **known})  # type: ignore[arg-type]

    @classmethod
    def tick(
        cls,
        at_s: float,
        anger: float | None = None,
        *,
        reason: NoReading | None = None,
        confidence: float = 0.8,
        arousal: float | None = None,
        valence: float = 0.4,
        loudness_db: float = -30.0,
        f0_hz: float = 200.0,
        syllables_per_s: float = 4.0,
        tilt_db: float = -10.0,
        **dynamics: object,
    ) -> Tick:
        """A tick: the customer is silent in it unless there is an anger, or a reason for there being no reading.

        Arousal goes with anger unless it is given.
        """
        at = to_samples(at_s)
        tone = None
        if anger is not None:
            tone = ToneReading(at, None, anger, 0.5 + 0.3 * anger if arousal is None else arousal, valence, confidence)
        elif reason is not None:
            tone = ToneReading(at, reason)
        prosody = ProsodySummary(to_samples(3.0), f0_hz, 4.0, loudness_db, tilt_db, 10.0, syllables_per_s)
        return Tick(at, cls.dynamics(at_s, **dynamics), prosody, tone)

    @classmethod
    def ticks(cls, start_s: float, end_s: float, anger: float | None = None, **known: object) -> list[Tick]:
        """The ticks after `start_s` up to `end_s`."""
        first, last = round(start_s / TICK_S) + 1, round(end_s / TICK_S)
        return [cls.tick(number * TICK_S, anger, **known) for number in range(first, last + 1)]  # type: ignore[arg-type]

    @staticmethod
    def transcript(
        channel: Channel, text: str, start_s: float = 0.0, word_s: float = WORD_S, probability: float = 1.0
    ) -> Transcript:
        """A turn in which the words of `text` follow one another without a pause."""
        texts = text.split()
        edges = [to_samples(start_s + number * word_s) for number in range(len(texts) + 1)]
        words = [Word(word, edges[k], edges[k + 1], probability) for k, word in enumerate(texts)]
        turn = Turn(channel, 0, edges[0], edges[-1])
        return Transcript(edges[-1] + to_samples(0.6), turn, True, tuple(words))

    @classmethod
    def heard(cls, channel: Channel, text: str, start_s: float, word_s: float = WORD_S) -> FinishedTurn:
        transcript = cls.transcript(channel, text, start_s, word_s)
        return FinishedTurn(transcript.at, transcript.turn, transcript, cls.dynamics(start_s))

    @classmethod
    def agent(cls, text: str, start_s: float, word_s: float = WORD_S) -> FinishedTurn:
        return cls.heard(Channel.AGENT, text, start_s, word_s)

    @classmethod
    def customer(cls, text: str, start_s: float) -> FinishedTurn:
        return cls.heard(Channel.CUSTOMER, text, start_s)


@dataclass
class Judged:
    """What both lanes made of a call."""

    trends: list[Trend] = field(default_factory=list)  # of the sound lane
    shown: list[Trend] = field(default_factory=list)  # shaded by words
    by_sound: list[Detection] = field(default_factory=list)
    by_words: list[Detection] = field(default_factory=list)

    def fired(self, rule: str) -> list[Detection]:
        return [detection for detection in self.by_sound + self.by_words if detection.rule == rule]


def judge(moments: Iterable[Moment], rules: Sequence[Rule] | None = None) -> Judged:
    """Both lanes over a call, with the shipped rules unless others are given."""
    rules = RULES if rules is None else rules
    sound, words, judged = SoundLane(rules), WordsLane(rules), Judged()
    trend = sound.feed(Moments.tick(0.0))[0]
    detections: Sequence[Detection] = ()
    for moment in sorted(moments, key=lambda moment: moment.at):
        if isinstance(moment, Tick):
            trend, detections = sound.feed(moment)
            judged.trends.append(trend)
            judged.by_sound += detections
        judged.by_words += words.feed(moment, trend, detections if isinstance(moment, Tick) else ())
        judged.shown.append(words.shade(trend))
    return judged


@pytest.fixture(scope="session")
def make() -> type[Moments]:
    return Moments


@pytest.fixture(scope="session")
def lanes():
    """Runs both lanes over a call."""
    return judge
