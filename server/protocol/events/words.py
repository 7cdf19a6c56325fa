"""What is said, and how fast."""

from collections.abc import Sequence

from msgspec import Struct

from audio.frame import Channel
from server.protocol.events.base import Count, DurableMessage, EphemeralMessage, Seconds, Share


class WordMessage(Struct, frozen=True):
    """One word, with the model's own probability."""

    text: str
    start: Seconds
    end: Seconds
    probability: Share


class WordsMessage(DurableMessage, frozen=True):
    """What a turn said, never taken back."""

    at: Seconds
    channel: Channel
    turn: Count
    start: Seconds
    end: Seconds
    text: str
    words: Sequence[WordMessage]


class PartialWordsMessage(EphemeralMessage, frozen=True):
    """What a turn said so far; in the end `words` replaces it. The first `confirmed` characters of `text` stay as they
    are until then, the rest may change."""

    at: Seconds
    channel: Channel
    turn: Count
    start: Seconds
    text: str
    confirmed: Count = 0


class PaceMessage(DurableMessage, frozen=True):
    """How fast the agent speaks, in words a minute: over the last 15 s of speech once kept up, and usually, which is
    null while not known."""

    at: Seconds
    now: float
    usual: float | None
