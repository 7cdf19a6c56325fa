"""The wire protocol: what a feed and a page may say, and what the server answers. Events: `server.protocol.events`.

A feed opens with `start`, then sends binary PCM16 with `ToServer` messages between. A page that follows a call gets a
`snapshot`, then the call's events, and may send commands that name this call. Every message is a JSON object whose
`type` names it; a client's message with a field that is not known is refused. `docs/protocol.md` and its JSON Schema
are generated from this file and `server.protocol.events` by `python -m server.protocol.docs`.
"""

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from msgspec import DecodeError, json

from audio.errors import CalmlineError
from audio.frame import Channel
from server.protocol.calls import CallId, CallInfo, Layout, Name, Rate, Sentence, When, check_call_id, check_time
from server.protocol.events import AnyDurable, AnyEphemeral
from server.protocol.events.base import Count, Message, Seconds

VERSION = 1
_LONGEST_REASON = 200  # characters


class CloseCode:
    """Why the server closes a websocket, besides 1000 (done)."""

    SHUTTING_DOWN = 1012  # a call that it left can be gone on with once it is back
    TRY_LATER = 1013
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    NOT_FOUND = 4404
    CALL_REFUSED = 4409
    TAKEN_OVER = 4410  # a feed must not come back by itself after this


# What clients send


class ClientMessage(Message, frozen=True, forbid_unknown_fields=True):
    """Sent by a feed or a page."""


class StartMessage(ClientMessage, frozen=True):
    """Opens a feed. Binary messages follow: PCM16 little-endian at `rate` Hz, interleaved as `layout` says, cut
    anywhere. A feed that lost its connection sends the same `start` again and goes on where `accepted` says. Raw audio
    is kept only if `keep_audio` asks for it. `started_at` is now if it is not given."""

    call: CallId
    agent: Name
    rate: Rate
    layout: Layout = Layout.AGENT_CUSTOMER
    title: Name | None = None
    started_at: When | None = None
    keep_audio: bool = False

    def __post_init__(self) -> None:
        """Raises `ValueError`, which decoding makes an error with the field's place."""
        check_call_id(self.call)
        if self.started_at is not None:
            check_time(self.started_at)


class StopMessage(ClientMessage, frozen=True):
    """The feed is complete: the last words are awaited, then the call ends."""


class DeviceMessage(ClientMessage, frozen=True):
    """From a feed: the state of one channel's device, with its totals of 20 ms frames dropped and of overruns."""

    channel: Channel
    present: bool
    dropped: Count = 0
    overruns: Count = 0


class NoteMessage(ClientMessage, frozen=True):
    """From a feed: something a person should know about the sound, in one sentence."""

    at: Seconds
    text: Sentence


class PauseMessage(ClientMessage, frozen=True):
    """Stops words, tone and storage together: the audio that comes until `resume` is thrown away unheard."""


class ResumeMessage(ClientMessage, frozen=True):
    """Ends a pause."""


class CommandMessage(ClientMessage, frozen=True):
    """From a page, about the call that it shows. If it follows another one by now, the command is refused."""

    call: CallId


class PauseCallMessage(CommandMessage, frozen=True, tag="pause"):
    """Stops words, tone and storage together: the audio that comes until `resume` is thrown away unheard."""


class ResumeCallMessage(CommandMessage, frozen=True, tag="resume"):
    """Ends a pause."""


class SwitchCuesMessage(CommandMessage, frozen=True):
    """Cues on or off. Detections go on and are stored."""

    on: bool


# What the server answers


class AcceptedMessage(Message, frozen=True):
    """Answers `start`: send the audio from frame `taken` on, counted at the feed's own rate."""

    call: CallId
    taken: Count


class TakenMessage(Message, frozen=True):
    """To a feed, about once a second: all that was found in the audio before frame `taken` is stored. It need not be
    kept any longer to be sent again, not even in case the server dies."""

    taken: Count


class SnapshotMessage(Message, frozen=True):
    """Opens a follow: the call, then its events after number `after`. Those up to `seq` are its past."""

    call: CallInfo
    after: Count
    seq: Count
    paused: bool
    cues_on: bool
    version: int = VERSION


class WaitingMessage(Message, frozen=True):
    """No call is running that this page would follow: one of `agent`, or of anyone where that is null. A `snapshot`
    comes when one starts."""

    agent: str | None = None


class RunningMessage(Message, frozen=True):
    """All calls that run on the server, the newest first: those that a page could follow instead."""

    calls: Sequence[CallInfo]


class DeletedMessage(Message, frozen=True):
    """A call that this page showed was deleted. It should show it no more."""

    call: str


class AliveMessage(Message, frozen=True):
    """The server is there, and there is nothing new. Whoever hears nothing for 4 s has lost it."""


# Reading and writing

FromFeed: TypeAlias = StartMessage | StopMessage | DeviceMessage | NoteMessage | PauseMessage | ResumeMessage
FromPage: TypeAlias = PauseCallMessage | ResumeCallMessage | SwitchCuesMessage
FromServer: TypeAlias = (
    AnyDurable
    | AnyEphemeral
    | AcceptedMessage
    | TakenMessage
    | SnapshotMessage
    | WaitingMessage
    | RunningMessage
    | DeletedMessage
    | AliveMessage
)

_M = TypeVar("_M")
_from_feed: json.Decoder[FromFeed] = json.Decoder(FromFeed)
_from_page: json.Decoder[FromPage] = json.Decoder(FromPage)
_from_server: json.Decoder[FromServer] = json.Decoder(FromServer)


class BadMessageError(CalmlineError):
    """A message that is not one of those expected here."""

    def __init__(self, expected: str, reason: str) -> None:
        reason = reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}..."  # it may quote all
        super().__init__(f"Expected a JSON message of type {expected}; what came could not be read: {reason}.")


def read_from_feed(data: str | bytes) -> FromFeed:
    """A feed's message, or `BadMessageError`."""
    return _read(_from_feed, data, "start, stop, device, note, pause or resume")


def read_from_page(data: str | bytes) -> FromPage:
    """A page's command, or `BadMessageError`."""
    return _read(_from_page, data, "pause, resume or switch_cues")


def read_from_server(data: str | bytes) -> FromServer:
    """What the server sent, for clients; `BadMessageError` for anything else."""
    return _read(_from_server, data, "that the server sends")


def _read(decoder: json.Decoder[_M], data: str | bytes, expected: str) -> _M:
    try:
        return decoder.decode(data)
    except DecodeError as error:
        raise BadMessageError(expected, str(error)) from error
    except UnicodeError as error:
        raise BadMessageError(expected, "it is not valid UTF-8") from error
    except RecursionError as error:
        raise BadMessageError(expected, "its lists or objects are nested too deep") from error


def write(message: Message) -> str:
    return json.encode(message).decode()
