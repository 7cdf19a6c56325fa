"""How the customer sounds, and where that is heading."""

from collections.abc import Sequence

from msgspec import Struct

from coach.types import Direction
from models.tone.types import NoReading
from server.protocol.events.base import DurableMessage, Seconds, Share


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
    """How the customer is doing, 0 calm .. 1 escalated, with every contribution named."""

    at: Seconds
    value: Share
    direction: Direction
    confidence: Share
    evidence: Sequence[EvidenceMessage]
