"""How a call from one of our own sources is called: its id, its title, and the message that begins it.

In: a file's name or a headset's, and what the user called the agent. Out: what the protocol takes and every page can
show. A title that comes from a file's name is made to fit; an agent's name was typed, so one that does not fit is
refused. Stateless.
"""

import re
import secrets
from datetime import datetime

from msgspec import ValidationError, convert

from audio.errors import CalmlineError
from audio.frame import STEREO
from audio.sources.source import Source
from audio.text import printable
from server.protocol.calls import LONGEST_NAME, Layout, Name
from server.protocol.messages import StartMessage

UNTITLED = "call"


class AgentNameError(CalmlineError):
    """An agent's name that cannot be kept."""


def start_of(source: Source, title: str, agent: str) -> StartMessage:
    """The message that begins a call from a source. Raises `AgentNameError`."""
    return StartMessage(call_id(title), checked_agent(agent), source.rate, layout_of(source), fit_title(title))


def layout_of(source: Source) -> Layout:
    return Layout.AGENT_CUSTOMER if source.layout == STEREO else Layout.MIXED


def call_id(title: str) -> str:
    """An id that no other call has, in which the title can be read: billing-call-20260102-030405-1f3a90c2."""
    return f"{readable(title)[:32]}-{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def readable(title: str) -> str:
    """The title as part of an id or of a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-").lower() or UNTITLED


def fit_title(text: str) -> str:
    """The text as a call's title: on one line, cut where it is too long, "call" where nothing of it can be seen."""
    title = printable(text).strip()[:LONGEST_NAME].strip()
    return title if _fits(title) else UNTITLED


def checked_agent(agent: str) -> str:
    """The same name. Raises `AgentNameError` where it cannot be kept with a call."""
    if not _fits(agent):
        expected = f"Expected a name for the agent, of 1 to {LONGEST_NAME} characters on one line"
        raise AgentNameError(f"{expected}; {agent[:LONGEST_NAME]!r} is none.")
    return agent


def _fits(name: str) -> bool:
    try:
        return convert(name, Name) == printable(name)
    except ValidationError:
        return False
