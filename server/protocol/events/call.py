"""The course of a call: how it begins and ends, pauses, its devices, and how the server keeps up."""

from enum import StrEnum

from audio.frame import Channel
from server.protocol.events.base import Count, DurableMessage, EphemeralMessage, Seconds


class EndReason(StrEnum):
    STOPPED = "stopped"  # the feed said so
    LOST = "lost"  # the feed went away and did not come back
    SHUTDOWN = "shutdown"  # the server was shut down; in calls of earlier versions, now they are interrupted
    SILENCE = "silence"  # nobody spoke for a long time
    PAUSED = "paused"  # it stayed paused for a long time
    FAILED = "failed"  # a fault in the program; the log has it


class FeedState(StrEnum):
    FLOWING = "flowing"
    STALLED = "stalled"  # connected, but no audio comes
    LOST = "lost"  # not connected: the call ends unless the feed comes back
    PAUSED = "paused"


class CallStartedMessage(DurableMessage, frozen=True):
    """The first event of a call. `analysed`: it comes from a recording, not from a call while it ran."""

    at: Seconds
    analysed: bool = False


class PausedMessage(DurableMessage, frozen=True):
    """Words, tone and storage stopped, from frame `frame` of the feed's audio on."""

    at: Seconds
    frame: Count = 0


class ResumedMessage(DurableMessage, frozen=True):
    """Words, tone and storage go on, with frame `frame` of the feed's audio; nothing of the pause is kept."""

    at: Seconds
    frame: Count = 0


class CuesSwitchedMessage(DurableMessage, frozen=True):
    """The agent switched cues on or off."""

    at: Seconds
    on: bool


class DeviceChangedMessage(DurableMessage, frozen=True):
    """A device went away, came back or lost audio: totals of 20 ms frames dropped, and of overruns."""

    at: Seconds
    channel: Channel
    present: bool
    dropped: Count
    overruns: Count


class NotedMessage(DurableMessage, frozen=True):
    """Something a person should know about the sound on its way here, in one sentence."""

    at: Seconds
    text: str


class CallEndedMessage(DurableMessage, frozen=True):
    """The last event of a call."""

    at: Seconds
    reason: EndReason


class StatusMessage(EphemeralMessage, frozen=True):
    """How the server keeps up: `lag` is how long ago the oldest audio came that is not followed yet, `words_lag` and
    `tone_lag` are the ages of the oldest turn without its words and of the oldest speech without its tone. `shed`
    counts partial words left out to keep up (final ones never are), `dropped` the 20 ms frames lost before they
    reached the server. `stored` false: the call goes on, and what is shown
    is not in the store yet."""

    at: Seconds
    feed: FeedState
    lag: Seconds
    words_lag: Seconds
    tone_lag: Seconds
    shed: Count
    dropped: Count
    stored: bool
