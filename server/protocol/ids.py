"""How a call from one of our own sources is called: its id, and the message that begins it."""

import re
import secrets
from datetime import datetime

from audio.frame import STEREO
from audio.source import Source
from server.protocol.calls import Layout
from server.protocol.messages import StartMessage


def start_of(source: Source, title: str, agent: str) -> StartMessage:
    return StartMessage(call_id(title), agent, source.rate, layout_of(source), title)


def layout_of(source: Source) -> Layout:
    return Layout.AGENT_CUSTOMER if source.layout == STEREO else Layout.MIXED


def call_id(title: str) -> str:
    """An id that no other call has, in which the title can be read: billing-call-20260102-030405-1f3a90c2."""
    return f"{readable(title)[:32]}-{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def readable(title: str) -> str:
    """The title as part of an id or of a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-").lower() or "call"
