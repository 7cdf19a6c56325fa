"""What a call is: its id, agent, layout, rate, and how it stands. In the store and on the wire alike."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from audio.frame import MONO, STEREO, Channel
from audio.intake import HIGHEST, LOWEST
from server.protocol.events.base import Seconds

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
