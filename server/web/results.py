"""A call as a whole, sent while it is read: JSON that SQLite puts together, a page of events at a time.

What is sent reads as `server.store.report.Result`. No event is decoded: whoever holds the interpreter's lock to read
the 50,000 of a call of two hours keeps it from the calls that are live. A client that does not read holds up nobody,
since nothing is read ahead for it.
"""

from collections.abc import AsyncIterator, Iterator
from typing import get_args, get_type_hints

from msgspec import json

from server.protocol.calls import CallInfo
from server.protocol.events.base import DurableMessage
from server.store.joined import Joined, join_events, newest_event
from server.store.reading import in_turn
from server.store.report import Result
from server.store.store import Store

_PAGE = 500  # events


async def whole_call(store: Store, call: CallInfo) -> AsyncIterator[bytes]:
    """The result of a call in pieces of JSON."""
    yield b'{"call":' + json.encode(call)
    for name, tag, many in _PARTS:
        yield f',"{name}":'.encode()
        if many:
            async for piece in _all(store, call.id, tag):
                yield piece
        else:
            newest = await in_turn(newest_event, store, call.id, tag)
            yield newest.json.encode() or b"null"
    yield b"}"


async def _all(store: Store, call: str, tag: str) -> AsyncIterator[bytes]:
    """The events of one kind as a JSON array."""
    before, page = b"[", Joined("", _PAGE, 0)
    while page.count == _PAGE:
        page = await in_turn(join_events, store, call, page.last, _PAGE, tag)
        if page.count:
            yield before + page.json.encode()
            before = b","
    yield b"[]" if before == b"[" else b"]"


def _parts() -> Iterator[tuple[str, str, bool]]:
    """The parts of a result, but for the call itself: its name, the tag of its events, and whether it has them all."""
    for name, kind in get_type_hints(Result).items():
        for of in get_args(kind):
            if issubclass(of, DurableMessage):
                yield name, str(of.__struct_config__.tag), type(None) not in get_args(kind)


_PARTS = tuple(_parts())
