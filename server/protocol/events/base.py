"""Bases of the messages that tell of a call, and the units that they share.

Times are seconds of stream time (seconds of audio since the call began). Figures are rounded, so that a message reads
the same wherever it was made. A `DurableMessage` belongs to the call: it is numbered, stored, and can be asked for
again by its number. An `EphemeralMessage` matters only now: the next of its kind and channel replaces it.
"""

import re
from typing import Annotated

from msgspec import Meta, Struct

Seconds = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]  # what JavaScript counts exactly


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name.removesuffix("Message")).lower()


class Message(Struct, frozen=True, tag_field="type", tag=_snake):
    """Anything that is sent as JSON; `type` is the name of its class in snake case, without `_message`."""


class DurableMessage(Message, frozen=True, kw_only=True):
    """`seq` counts from 1 in each call, without gaps."""

    seq: Count = 0


class EphemeralMessage(Message, frozen=True):
    """Not numbered, not stored."""
