"""Stored events as one text of JSON, which SQLite itself puts together.

No event becomes an object of Python, and the interpreter's lock is free while SQLite reads: thousands of events can be
sent beside live calls. A row that holds no JSON is left out.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

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


def join_events(engine: sa.Engine, call: str, after: int, limit: int, kind: str | None = None) -> Joined:
    """At most `limit` events of a call that come after number `after`, in order; of one kind if its tag is given."""
    return _join(engine, _ALL if kind is None else _OF_KIND, call, kind, after=after, limit=limit)


def newest_event(engine: sa.Engine, call: str, kind: str) -> Joined:
    """The last event of a kind, if there is one."""
    return _join(engine, _NEWEST, call, kind, after=0, limit=1)


def _join(engine: sa.Engine, query: sa.TextClause, call: str, kind: str | None, **bounds: int) -> Joined:
    values: dict[str, Any] = {"call": call, **bounds}
    if kind is not None:
        values["kind"] = f'{{"type":"{kind}"'
    with engine.connect() as connection:
        return Joined(*connection.execute(query, values).one())
