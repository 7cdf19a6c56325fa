"""What the rules found, and what the agent was shown of it."""

from collections.abc import Sequence

from coach.types import Fate, Kind
from server.protocol.events.base import DurableMessage, Seconds
from server.protocol.events.tone import EvidenceMessage


class DetectionMessage(DurableMessage, frozen=True):
    """A rule fired, whether it was shown or not."""

    at: Seconds
    rule: str
    kind: Kind
    say: str
    advice: str
    evidence: Sequence[EvidenceMessage]


class CueMessage(DurableMessage, frozen=True):
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
    evidence: Sequence[EvidenceMessage]
