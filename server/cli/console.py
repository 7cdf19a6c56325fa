"""What the command line shows to people: a line for each event worth one, and tables.

Everything in here goes to people. What programs read is JSON, one line each, and nothing else is written to standard
output then. Stateless.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import json
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coach.types import Fate
from server.protocol.events.base import DurableMessage
from server.protocol.events.call import CallEndedMessage, DeviceChangedMessage, NotedMessage
from server.protocol.events.cues import CueMessage
from server.protocol.events.errors import ErrorMessage
from server.protocol.events.tone import EvidenceMessage
from server.protocol.events.words import WordsMessage
from server.protocol.messages import FromServer

_WIDTH = 8  # of the column of names: customer


def say(text: object) -> None:
    """One line to standard error: progress, and what went wrong."""
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(str(text))


def teller(as_json: bool) -> Callable[[FromServer], None]:
    """Shows what the server tells of a call, as it comes: for programs, or for people."""
    return _show_json if as_json else _show_line


def write_json(value: object) -> None:
    """One line to standard output."""
    print(json.encode(value).decode(), flush=True)


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table to standard output. Columns whose name begins with a blank stand to the right."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.strip(), justify="right" if column.startswith(" ") else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def clock(seconds: float) -> str:
    """Stream time as people read it: 4:05."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"


def line(message: FromServer) -> str | None:
    """An event in one line, None where it is not worth one."""
    match message:
        case WordsMessage(text=text) if text:
            return f"{clock(message.start):>7}  {message.channel.value:{_WIDTH}}  {text}"
        case CueMessage(fate=Fate.SHOWN):
            return f"{clock(message.at):>7}  {'CUE':{_WIDTH}}  {message.say} {message.advice}{_why(message.evidence)}"
        case DeviceChangedMessage():
            state = "is there" if message.present else "is gone"
            counts = f"{message.dropped} frames dropped, {message.overruns} overruns"
            return f"{clock(message.at):>7}  {'device':{_WIDTH}}  the {message.channel.value}'s {state}; {counts}"
        case NotedMessage() | ErrorMessage():
            return f"{'':>7}  {'note' if isinstance(message, NotedMessage) else 'error':{_WIDTH}}  {message.text}"
        case CallEndedMessage():
            return f"{clock(message.at):>7}  {'end':{_WIDTH}}  the call is over ({message.reason.value})"
    return None


def _why(evidence: Sequence[EvidenceMessage]) -> str:
    return f" ({'; '.join(reason.text for reason in evidence)})" if evidence else ""


def _show_line(message: FromServer) -> None:
    if (text := line(message)) is not None:
        print(text, flush=True)


def _show_json(message: FromServer) -> None:
    if isinstance(message, DurableMessage):
        write_json(message)
