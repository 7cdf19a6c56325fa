"""What is told about a call: the messages that the pipeline's findings become on the wire and in the store.

Times are seconds of stream time (seconds of audio heard since the call began), figures are rounded, so that a message
reads the same wherever it was made. A `Durable` message belongs to the call: it is numbered, stored before anybody sees
it, and can be asked for again by its number. An `Ephemeral` one is only worth something now: the next one of its kind
and channel takes its place.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from audio.frame import Channel
from coach.moment import Direction, Fate, Kind
from models.tone import NoReading

Seconds = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]


class EndReason(StrEnum):
    STOPPED = "stopped"  # the feed said so
    LOST = "lost"  # the feed went away and did not come back
    SHUTDOWN = "shutdown"  # the server was shut down
    FAILED = "failed"  # a fault in the program; the log has it


class FeedState(StrEnum):
    FLOWING = "flowing"
    STALLED = "stalled"  # connected, but no audio comes
    LOST = "lost"  # not connected: the call ends unless the feed comes back
    PAUSED = "paused"


class ErrorCode(StrEnum):
    BAD_MESSAGE = "bad_message"
    NOT_STARTED = "not_started"
    NOT_FOUND = "not_found"
    UNKNOWN_CALL = "unknown_call"
    CALL_BUSY = "call_busy"
    CALL_EXISTS = "call_exists"
    CALL_OVER = "call_over"
    START_DIFFERS = "start_differs"
    HALF_FRAME = "half_frame"
    MODEL_FAILED = "model_failed"
    CALL_FAILED = "call_failed"
    NOT_STORED = "not_stored"
    AUDIO_NOT_KEPT = "audio_not_kept"
    CALL_RUNNING = "call_running"
    NO_AUDIO = "no_audio"
    UNKNOWN_ALERT = "unknown_alert"
    FORBIDDEN = "forbidden"
    UNAUTHORIZED = "unauthorized"
    AT_CAPACITY = "at_capacity"


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Message(Struct, frozen=True, tag_field="type", tag=_snake):
    """Anything that is sent as JSON; `type` is the name of its class, in snake case."""


class Durable(Message, frozen=True, kw_only=True):
    """`seq` counts from 1 in each call, without gaps."""

    seq: Count = 0


class Ephemeral(Message, frozen=True):
    """Not numbered, not stored."""


class CallStarted(Durable, frozen=True):
    """The first event of a call."""

    at: Seconds


class TurnStarted(Durable, frozen=True):
    """Somebody began to speak at `start`; it was sure at `at`."""

    at: Seconds
    channel: Channel
    turn: Count
    start: Seconds


class TurnEnded(Durable, frozen=True):
    """A turn is over. `cut`: for its length, the speaker went on and the next turn follows on."""

    at: Seconds
    channel: Channel
    turn: Count
    start: Seconds
    end: Seconds
    cut: bool


class Overlap(Durable, frozen=True):
    """Both spoke at once; `starter` came in while the other was speaking."""

    at: Seconds
    start: Seconds
    end: Seconds
    starter: Channel


class Word(Struct, frozen=True):
    """One word, with the model's own probability."""

    text: str
    start: Seconds
    end: Seconds
    probability: Share


class Words(Durable, frozen=True):
    """What a turn said, never taken back."""

    at: Seconds
    channel: Channel
    turn: Count
    start: Seconds
    end: Seconds
    text: str
    words: Sequence[Word]


class Tone(Durable, frozen=True):
    """How the customer sounded in the last seconds of speech: probability of anger, arousal (0 calm, 1 excited) and
    valence (0 negative, 1 positive). The figures are null where `reason` says why there is no reading."""

    at: Seconds
    reason: NoReading | None = None
    anger: Share | None = None
    arousal: Share | None = None
    valence: Share | None = None
    confidence: Share | None = None


class Dynamics(Durable, frozen=True):
    """The shape of the conversation so far. Durations in seconds; `talk_overs` are the agent's in the last minute, as
    (start, end); `monologue` is the agent's speech since the customer last spoke."""

    at: Seconds
    agent_talk: Seconds
    customer_talk: Seconds
    agent_share: Share
    agent_speaking: bool
    customer_speaking: bool
    silence: Seconds
    monologue: Seconds
    talk_overs: Sequence[tuple[Seconds, Seconds]]
    reply_delay: float | None


class Evidence(Struct, frozen=True):
    """One named reason, what it contributed, and the stream time it covers."""

    name: str
    text: str
    value: float
    start: Seconds
    end: Seconds


class Trend(Durable, frozen=True):
    """How the customer is doing, 0 calm .. 1 escalated, with every contribution named."""

    at: Seconds
    value: Share
    direction: Direction
    confidence: Share
    evidence: Sequence[Evidence]


class Pace(Durable, frozen=True):
    """How fast the agent speaks, in words a minute: over the last 15 s of speech once kept up, and usually, which is
    null while not known."""

    at: Seconds
    now: float
    usual: float | None


class Detection(Durable, frozen=True):
    """A rule fired, whether it was shown or not."""

    at: Seconds
    rule: str
    kind: Kind
    say: str
    advice: str
    evidence: Sequence[Evidence]


class Cue(Durable, frozen=True):
    """What became of a detection on the agent's screen, decided as it arrived at `at`. A shown one leaves at
    `until`."""

    at: Seconds
    until: Seconds
    fate: Fate
    detected_at: Seconds
    rule: str
    kind: Kind
    say: str
    advice: str
    evidence: Sequence[Evidence]


class Paused(Durable, frozen=True):
    """Words, tone and storage stopped."""

    at: Seconds


class Resumed(Durable, frozen=True):
    """They go on; what was said in between was not heard."""

    at: Seconds


class CuesSwitched(Durable, frozen=True):
    """The agent switched cues on or off."""

    at: Seconds
    on: bool


class DeviceChanged(Durable, frozen=True):
    """A device went away, came back or lost audio: totals of 20 ms frames dropped, and of overruns."""

    at: Seconds
    channel: Channel
    present: bool
    dropped: Count
    overruns: Count


class Noted(Durable, frozen=True):
    """Something a person should know about the sound on its way here, in one sentence."""

    at: Seconds
    text: str


class Error(Durable, frozen=True):
    """What went wrong, in one sentence. With a number it is about the call; with seq 0 it answers you alone."""

    code: ErrorCode
    text: str


class CallEnded(Durable, frozen=True):
    """The last event of a call."""

    at: Seconds
    reason: EndReason


class Level(Ephemeral, frozen=True):
    """Loudness of the last 100 ms: dB re full scale (-120 for digital silence), and samples at full scale."""

    at: Seconds
    channel: Channel
    dbfs: float
    clipped: Count


class PartialWords(Ephemeral, frozen=True):
    """What a turn said so far; in the end `words` replaces it. The first `confirmed` characters of `text` stay as they
    are until then, the rest may change."""

    at: Seconds
    channel: Channel
    turn: Count
    start: Seconds
    text: str
    confirmed: Count = 0


class Status(Ephemeral, frozen=True):
    """How the server keeps up: `lag` is audio taken but not heard yet, `words_lag` the age of the oldest turn that
    waits for its words, `shed` counts partial words left out to keep up (final ones never are), `dropped` the
    20 ms frames lost before they reached the server. `stored` false: the call goes on, but is not being stored."""

    at: Seconds
    feed: FeedState
    lag: Seconds
    words_lag: Seconds
    shed: Count
    dropped: Count
    stored: bool


OfCall: TypeAlias = (
    CallStarted
    | TurnStarted
    | TurnEnded
    | Overlap
    | Words
    | Tone
    | Dynamics
    | Trend
    | Pace
    | Detection
    | Cue
    | Paused
    | Resumed
    | CuesSwitched
    | DeviceChanged
    | Noted
    | Error
    | CallEnded
)
OfNow: TypeAlias = Level | PartialWords | Status
