"""Who speaks, and how the conversation goes."""

from collections.abc import Sequence

from audio.frame import Channel
from server.protocol.events.base import Count, DurableMessage, EphemeralMessage, Seconds, Share


class TurnStartedMessage(DurableMessage, frozen=True):
    """Somebody began to speak at `start`; decided at `at`."""

    at: Seconds
    channel: Channel
    turn: Count
    start: Seconds


class TurnEndedMessage(DurableMessage, frozen=True):
    """A turn is over. `cut`: for its length, the speaker went on and the next turn follows on."""

    at: Seconds
    channel: Channel
    turn: Count
    start: Seconds
    end: Seconds
    cut: bool


class OverlapMessage(DurableMessage, frozen=True):
    """Both spoke at once; `starter` came in while the other was speaking."""

    at: Seconds
    start: Seconds
    end: Seconds
    starter: Channel


class DynamicsMessage(DurableMessage, frozen=True):
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


class LevelMessage(EphemeralMessage, frozen=True):
    """Loudness of the last 100 ms: dB re full scale (-120 for digital silence), and samples at full scale."""

    at: Seconds
    channel: Channel
    dbfs: float
    clipped: Count
