"""Stored events as one text of JSON, which SQLite itself puts together.

No event becomes an object of Python, and the interpreter's lock is free while SQLite reads: thousands of events can be
sent beside live calls. A row that holds no JSON is left out.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.store.numbering import Stored
from server.store.store import Store

_JOINED = """
SELECT coalesce(group_concat(json, ','), '') AS json, count(*) AS count, coalesce(max(seq), 0) AS last FROM (
    SELECT seq, json FROM events WHERE call = :call AND seq > :after {kind} AND json_valid(json) ORDER BY seq {newest}
    LIMIT :limit
)
"""
_ALL, _OF_KIND, _NEWEST = (
    sa.text(_JOINED.format(kind=kind, newest=newest))
    for kind, newest in (
        ("", ""),
        ("AND substr(json, 1, length(:kind)) = :kind", ""),
        ("AND substr(json, 1, length(:kind)) = :kind", "DESC"),
    )
)


@dataclass(frozen=True, slots=True)
class Joined:
    json: str  # objects with commas between
    count: int
    last: int  # number of the last of them, 0 if there are none


def join_events(store: Store, call: str, after: int, limit: int, kind: str | None = None) -> Joined:
    """At most `limit` events of a call that come after number `after`, in order; of one kind if its tag is given. Those
    that wait to be stored are among them. Raises `NotReadError`."""
    waiting = _waiting(store, call, kind)
    joined = _read(store, _ALL if kind is None else _OF_KIND, call, kind, after=after, limit=limit)
    newer = [event for event in waiting if event.seq > max(after, joined.last)][: limit - joined.count]
    if not newer:
        return joined
    text = ",".join([joined.json] * bool(joined.count) + [event.json for event in newer])
    return Joined(text, joined.count + len(newer), newer[-1].seq)


def newest_event(store: Store, call: str, kind: str) -> Joined:
    """The last event of a kind, if there is one. Raises `NotReadError`."""
    if waiting := _waiting(store, call, kind):
        return Joined(waiting[-1].json, 1, waiting[-1].seq)
    return _read(store, _NEWEST, call, kind, after=0, limit=1)


def _waiting(store: Store, call: str, kind: str | None) -> list[Stored]:
    waiting = store.writer.backlog.waiting(call)
    return [event for event in waiting[1] if event.json.startswith(_tag(kind))] if waiting else []


def _read(store: Store, query: sa.TextClause, call: str, kind: str | None, **bounds: int) -> Joined:
    values: dict[str, Any] = {"call": call, **bounds}
    if kind is not None:
        values["kind"] = _tag(kind)
    with store.database.reading() as connection:
        return Joined(*connection.execute(query, values).one())


def _tag(kind: str | None) -> str:
    """How the events of a kind begin; all of them, if there is none."""
    return "" if kind is None else f'{{"type":"{kind}"'
