"""The types of the coach: the call as a row of moments in stream order, and what is made of it.

A `Tick` comes every 0.5 s with everything that sound alone gives. A `FinishedTurn` comes when a turn has ended,
with its words. Two lanes read the same row: the sound lane at once, the words lane once the words are there.
So a detection belongs to a stream time, never to an arrival time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from audio.prosody.window import ProsodySummary
from audio.speech.turns import Turn
from models.tone.types import ToneReading
from models.words.types import Transcript


@dataclass(frozen=True, slots=True)
class Dynamics:
    """The shape of the conversation up to `at`, from turns alone. Durations in samples."""

    at: int
    agent_talk: int  # speech so far
    customer_talk: int
    agent_speaking: bool
    customer_speaking: bool
    silence: int  # since anybody spoke, 0 while somebody does
    monologue: int  # the agent's speech since the customer last spoke
    talk_overs: tuple[tuple[int, int], ...]  # (start, end) of the agent's in the last 60 s
    reply_delay: int | None  # the agent's mean over the last replies, None before the first

    @property
    def agent_share(self) -> float:
        """The agent's part of all speech so far, 0..1; 0.5 before anybody spoke."""
        total = self.agent_talk + self.customer_talk
        return self.agent_talk / total if total else 0.5


@dataclass(frozen=True, slots=True)
class Tick:
    """All that sound gives at one point of the 0.5 s grid."""

    at: int
    dynamics: Dynamics
    prosody: ProsodySummary | None  # the customer's last 3 s of speech; None before there is 1 s
    tone: ToneReading | None  # the reading that this tick asked for, None where the customer was silent


@dataclass(frozen=True, slots=True)
class FinishedTurn:
    """A turn with its final words, and the dynamics at its end."""

    at: int  # stream time at which the turn was known to be over
    turn: Turn
    transcript: Transcript
    dynamics: Dynamics


Moment: TypeAlias = Tick | FinishedTurn


@dataclass(frozen=True, slots=True)
class Evidence:
    """One named reason. `text` reads as a sentence part: "voice 6 dB louder than usual", "said 'cancel'"."""

    name: str  # stable: tone, valence, effort, loudness, pitch, pace, words, talk_over, silence, ...
    text: str
    value: float  # its contribution, or the measured figure
    start: int  # stream time it covers
    end: int


@dataclass(frozen=True, slots=True)
class Signal:
    """What a rule looks at."""

    value: float  # the higher, the worse (for a credit: the better)
    evidence: tuple[Evidence, ...] = ()
    advice: str = ""  # what to do, where this very moment knows better than the rule


Signals: TypeAlias = Mapping[str, Signal]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the agent speaks, once it is known. In words a minute."""

    at: int
    now: float  # over the last 15 s of speech, once kept up
    usual: float | None  # before that; None while it is not known


class Direction(StrEnum):
    ESCALATING = "escalating"
    STEADY = "steady"
    CALMING = "calming"
    UNKNOWN = "no reading"


@dataclass(frozen=True, slots=True)
class Trend:
    """How the customer is doing: 0 calm .. 1 escalated, with every contribution named."""

    at: int
    value: float
    direction: Direction
    confidence: float  # 0..1
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class ShownTrend:
    """The trend as it is shown at once: with the words that have come so far. It depends on when they came."""

    trend: Trend


@dataclass(frozen=True, slots=True)
class JudgedTrend:
    """The trend with every word that belongs to it. It depends on stream time alone."""

    trend: Trend
    shown: Trend | None  # what was shown at that point; None where nobody was watching


class Kind(StrEnum):
    WARN = "warn"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class Detection:
    """A rule fired. The same call gives the same detections however it was played."""

    rule: str
    kind: Kind
    at: int  # stream time
    say: str  # the cue, one short line
    advice: str
    evidence: tuple[Evidence, ...]
    cooldown: int  # samples before a cue of the same rule may be shown again


class Fate(StrEnum):
    """What became of a detection on the agent's screen, decided on arrival and stored with the call."""

    SHOWN = "shown"
    STALE = "stale"  # older than 3 s when it arrived
    COOLING = "cooling down"
    BUSY = "another cue was visible"
    BUDGET = "budget of the call spent"
    OFF = "cues switched off"


@dataclass(frozen=True, slots=True)
class Cue:
    """A detection as the agent saw it, or why not."""

    at: int  # stream time of arrival
    detection: Detection
    fate: Fate
    until: int  # stream time at which it leaves the screen; `at` where it was not shown
