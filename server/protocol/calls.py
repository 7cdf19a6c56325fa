"""What a call is: its id, agent, layout, rate, and how it stands. In the store and on the wire alike."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from audio.frame import MONO, STEREO, Channel
from audio.intake import HIGHEST, LOWEST
from server.protocol.events.base import Seconds

# `$` also matches before a newline that ends the text, in Python and not in JSON Schema: hence the `(?!\n)`.
_ID = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?$(?!\n)"
_UNSEEN = r"\s\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff"  # blanks, and characters that have no width
_ONE_LINE = rf"^(?=.*[^{_UNSEEN}])[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$(?!\n)"  # and something in it to be seen

EARLIEST_YEAR, LATEST_YEAR = 1970, 2999
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
LONGEST_NAME = 200  # characters

CallId = Annotated[str, Meta(pattern=_ID)]


Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME, pattern=_ONE_LINE)]


Sentence = Annotated[str, Meta(min_length=1, max_length=1000, pattern=_ONE_LINE)]


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
    """What a call is. `ended_at` is null while it runs. What was stored once can always be read: names are checked as
    they come in, not here."""

    id: str
    agent: str
    title: str | None
    layout: Layout
    rate: Rate
    started_at: When
    state: CallState = CallState.LIVE
    ended_at: When | None = None
    duration: Seconds = 0.0
    keep_audio: bool = False


def check_call_id(call: str) -> None:
    """Raises `ValueError` where no file on Windows can be called so."""
    stem = call.partition(".")[0].lower()
    if stem in _DEVICES:
        raise ValueError(f"expected a call id that can be a file's name, but '{stem}' is a device on Windows")


def check_time(when: datetime) -> None:
    """Raises `ValueError` for a time that is no call's, or that UTC cannot tell."""
    if not EARLIEST_YEAR <= when.year <= LATEST_YEAR:
        years = f"expected a time from {EARLIEST_YEAR} to {LATEST_YEAR}"
        raise ValueError(f"{years}, but it lies in the year {when.year}")
