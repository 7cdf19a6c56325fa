"""The wire protocol: what a feed and a page may say, and what the server answers. Events are in `server.events`.

A feed opens with `start`, then sends binary PCM16 with `ToServer` messages between. A page that follows a call gets a
`snapshot`, then the call's events, and may send commands. Every message is a JSON object whose `type` names it; a
client's message with a field that is not known is refused. `docs/protocol.md` and its JSON Schema are generated
from this file and `server.events` by `python -m server.protocol_docs`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import DecodeError, Meta, Struct, json

from audio.errors import CalmlineError
from audio.frame import MONO, STEREO, Channel
from audio.intake import HIGHEST, LOWEST
from server.events import Count, Message, OfCall, OfNow, Seconds

VERSION = 1

CallId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Rate = Annotated[int, Meta(ge=LOWEST, le=HIGHEST)]  # Hz
When = Annotated[datetime, Meta(tz=True)]  # with its offset from UTC


class Layout(StrEnum):
    """Who is on which channel of the audio that comes in."""

    AGENT_CUSTOMER = "agent-customer"
    CUSTOMER_AGENT = "customer-agent"
    MIXED = "mixed"

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels in the order in which they are interleaved."""
        return {Layout.AGENT_CUSTOMER: STEREO, Layout.CUSTOMER_AGENT: STEREO[::-1], Layout.MIXED: MONO}[self]


class CallState(StrEnum):
    LIVE = "live"
    ENDED = "ended"
    INTERRUPTED = "interrupted"  # the server stopped in the middle of it


class Verdict(StrEnum):
    """What a reviewer makes of an alert."""

    USEFUL = "useful"
    WRONG = "wrong"
    NOT_NOW = "not now"


class CloseCode:
    """Why the server closes a websocket, besides 1000 (done) and 1012 (shutting down)."""

    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    NOT_FOUND = 4404
    CALL_REFUSED = 4409


# What clients send


class ToServer(Message, frozen=True, forbid_unknown_fields=True):
    """Sent by a feed or a page."""


class Start(ToServer, frozen=True):
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


class Stop(ToServer, frozen=True):
    """The feed is complete: the last words are awaited, then the call ends."""


class Device(ToServer, frozen=True):
    """From a feed: how one channel's device does. Totals of 20 ms frames that it dropped, and of overruns."""

    channel: Channel
    present: bool
    dropped: Count = 0
    overruns: Count = 0


class Note(ToServer, frozen=True):
    """From a feed: something a person should know about the sound, in one sentence."""

    at: Seconds
    text: Annotated[str, Meta(min_length=1, max_length=1000)]


class Pause(ToServer, frozen=True):
    """Stops words, tone and storage together: the audio that comes until `resume` is thrown away unheard."""


class Resume(ToServer, frozen=True):
    """Ends a pause."""


class SwitchCues(ToServer, frozen=True):
    """Cues on or off. Detections go on and are stored."""

    on: bool


# What the server answers


class CallInfo(Struct, frozen=True, kw_only=True):
    """What a call is. `ended_at` is null while it runs."""

    id: CallId
    agent: Name
    title: Name | None
    layout: Layout
    rate: Rate
    started_at: When
    state: CallState = CallState.LIVE
    ended_at: When | None = None
    duration: Seconds = 0.0
    keep_audio: bool = False


class Accepted(Message, frozen=True):
    """Answers `start`: send the audio from frame `taken` on, counted at the feed's own rate."""

    call: CallId
    taken: Count


class Snapshot(Message, frozen=True):
    """Opens a follow: the call, then its events after number `after`. Those up to `seq` are its past."""

    call: CallInfo
    after: Count
    seq: Count
    paused: bool
    cues_on: bool
    version: int = VERSION


class Waiting(Message, frozen=True):
    """No call is running; a `snapshot` comes when one starts."""


# Reading and writing

FromFeed: TypeAlias = Start | Stop | Device | Note | Pause | Resume
FromPage: TypeAlias = Pause | Resume | SwitchCues
FromServer: TypeAlias = OfCall | OfNow | Accepted | Snapshot | Waiting

_from_feed: json.Decoder[FromFeed] = json.Decoder(FromFeed)
_from_page: json.Decoder[FromPage] = json.Decoder(FromPage)
_from_server: json.Decoder[FromServer] = json.Decoder(FromServer)


class BadMessageError(CalmlineError):
    """A message that is not one of those expected here."""

    def __init__(self, expected: str, reason: str) -> None:
        super().__init__(f"Expected a JSON message of type {expected}; what came could not be read: {reason}.")


def read_from_feed(data: str | bytes) -> FromFeed:
    """A feed's message, or `BadMessageError`."""
    try:
        return _from_feed.decode(data)
    except DecodeError as error:
        raise BadMessageError("start, stop, device, note, pause or resume", str(error)) from error


def read_from_page(data: str | bytes) -> FromPage:
    """A page's command, or `BadMessageError`."""
    try:
        return _from_page.decode(data)
    except DecodeError as error:
        raise BadMessageError("pause, resume or switch_cues", str(error)) from error


def read_from_server(data: str | bytes) -> FromServer:
    """What the server sent, for clients; `BadMessageError` for anything else."""
    try:
        return _from_server.decode(data)
    except DecodeError as error:
        raise BadMessageError("that the server sends", str(error)) from error


def write(message: Message) -> str:
    return json.encode(message).decode()
