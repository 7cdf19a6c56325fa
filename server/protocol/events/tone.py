"""How the customer sounds, and where that is heading."""

from collections.abc import Sequence

from msgspec import Struct

from coach.types import Direction
from models.tone.types import NoReading
from server.protocol.events.base import DurableMessage, EphemeralMessage, Seconds, Share


class ToneMessage(DurableMessage, frozen=True):
    """How the customer sounded in the last seconds of speech: probability of anger, arousal (0 calm, 1 excited) and
    valence (0 negative, 1 positive). The figures are null where `reason` says why there is no reading."""

    at: Seconds
    reason: NoReading | None = None
    anger: Share | None = None
    arousal: Share | None = None
    valence: Share | None = None
    confidence: Share | None = None


class EvidenceMessage(Struct, frozen=True):
    """One named reason, what it contributed, and the stream time it covers."""

    name: str
    text: str
    value: float
    start: Seconds
    end: Seconds


class TrendMessage(DurableMessage, frozen=True):
    """How the customer is doing, 0 calm .. 1 escalated, with every contribution named, once the words up to `at` are
    there. `shown` and `shown_direction` are what was on the screen at that point; null where nobody was watching."""

    at: Seconds
    value: Share
    direction: Direction
    confidence: Share
    evidence: Sequence[EvidenceMessage]
    shown: Share | None = None
    shown_direction: Direction | None = None


class LiveTrendMessage(EphemeralMessage, frozen=True):
    """The same as soon as there is sound for it, with the words that have come so far: for the screen."""

    at: Seconds
    value: Share
    direction: Direction
    confidence: Share
    evidence: Sequence[EvidenceMessage]
