"""The tables of the store, and a call as a row of one.

A row is read leniently: what cannot be a call's any more (from an older version, or another program's hand) is shown
as well as it goes, so that one bad row never breaks a list and can be deleted like any other.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from msgspec import ValidationError, convert, structs, to_builtins
from sqlalchemy.dialects.sqlite import insert

from audio.frame import SAMPLE_RATE
from server.protocol.calls import LONGEST_NAME, CallInfo, CallState, Layout
from server.store.numbering import Stored

UNREADABLE = "unreadable"

calls = sa.table("calls", *map(sa.column, CallInfo.__struct_fields__))
events = sa.table("events", *map(sa.column, ("call", "seq", "json")))
verdicts = sa.table("verdicts", *map(sa.column, ("call", "seq", "verdict")))

_TYPES = {field.name: field.type for field in structs.fields(CallInfo)}
_INSTEAD: Mapping[str, Callable[[Any], Any]] = {  # of a value that cannot be read
    "id": str,
    "agent": lambda agent: _text(agent) or UNREADABLE,
    "title": lambda title: _text(title) or None,
    "layout": lambda _: Layout.MIXED,
    "rate": lambda _: SAMPLE_RATE,
    "started_at": lambda _: datetime.fromtimestamp(0, UTC),
    "state": lambda _: CallState.INTERRUPTED,
    "ended_at": lambda _: None,
    "duration": lambda _: 0.0,
    "keep_audio": lambda _: False,
}


def to_row(call: CallInfo) -> dict[str, Any]:
    row: dict[str, Any] = to_builtins(structs.replace(call, started_at=call.started_at.astimezone(UTC)))
    return row


def from_row(row: "sa.Row[Any]") -> CallInfo:
    """The call that a row tells of; what cannot be read of it is cut to fit, or replaced."""
    values = dict(row._mapping)
    try:
        return convert(values, CallInfo, strict=False)
    except ValidationError:
        return CallInfo(**{name: _readable(name, value) for name, value in values.items()})


def store_call(connection: sa.Connection, call: CallInfo, new: Sequence[Stored]) -> None:
    """Write how a call stands, and those of the events that the store does not have yet."""
    row = to_row(call)
    connection.execute(insert(calls).values(row).on_conflict_do_update(index_elements=["id"], set_=row))
    store_events(connection, call.id, new)


def store_events(connection: sa.Connection, call: str, new: Sequence[Stored]) -> None:
    """Write those of the events that the store does not have yet; they come in order, so the newest tells."""
    last = last_event(connection, call)
    if rows := [{"call": call, "seq": event.seq, "json": event.json} for event in new if event.seq > last]:
        connection.execute(sa.insert(events), rows)


def last_event(connection: sa.Connection, call: str) -> int:
    """The number of a call's newest event, 0 if it has none."""
    newest: int | None = connection.scalar(sa.select(sa.func.max(events.c.seq)).where(events.c.call == call))
    return newest or 0


def _readable(name: str, value: Any) -> Any:
    try:
        return convert(value, _TYPES[name], strict=False)
    except ValidationError:
        return _INSTEAD[name](value)


def _text(value: Any) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text[:LONGEST_NAME]
