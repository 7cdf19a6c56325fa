"""The events of a call, one family a file; the two unions of them are here."""

from typing import TypeAlias

from server.protocol.events.call import (
    CallEndedMessage,
    CallStartedMessage,
    CuesSwitchedMessage,
    DeviceChangedMessage,
    NotedMessage,
    PausedMessage,
    ResumedMessage,
    StatusMessage,
)
from server.protocol.events.cues import CueMessage, DetectionMessage
from server.protocol.events.errors import ErrorMessage
from server.protocol.events.tone import LiveTrendMessage, ToneMessage, TrendMessage
from server.protocol.events.turns import (
    DynamicsMessage,
    LevelMessage,
    OverlapMessage,
    TurnEndedMessage,
    TurnStartedMessage,
)
from server.protocol.events.words import PaceMessage, PartialWordsMessage, WordsMessage

AnyDurable: TypeAlias = (
    CallStartedMessage
    | TurnStartedMessage
    | TurnEndedMessage
    | OverlapMessage
    | WordsMessage
    | ToneMessage
    | DynamicsMessage
    | TrendMessage
    | PaceMessage
    | DetectionMessage
    | CueMessage
    | PausedMessage
    | ResumedMessage
    | CuesSwitchedMessage
    | DeviceChangedMessage
    | NotedMessage
    | ErrorMessage
    | CallEndedMessage
)
AnyEphemeral: TypeAlias = LevelMessage | PartialWordsMessage | LiveTrendMessage | StatusMessage
