"""A call as followers see it, wherever it is kept."""

import asyncio

import pytest

from server.live.call import CallOverError
from server.live.journal import Journal
from server.live.view import CallGoneError, StoredView
from server.protocol.calls import CallInfo
from server.protocol.events.call import NotedMessage
from server.protocol.messages import PauseCallMessage
from server.store.numbering import Stored
from server.store.reading import PAGE
from server.store.store import Store


@pytest.fixture
def past(store: Store, call: CallInfo) -> StoredView:
    """A call of 1,200 events that is over."""
    store.keep(call, [Stored(number, f'{{"seq":{number}}}') for number in range(1, 1201)])
    return StoredView(store, call, store.last(call.id))


async def test_a_call_that_is_over_is_read_to_its_end(past: StoredView) -> None:
    snapshot, told = await past.snapshot(after=100), list[Stored]()
    assert (snapshot.after, snapshot.seq, snapshot.paused) == (100, 1200, False)
    after = snapshot.after
    while await past.more(after, seen=0):
        told += await past.read(after)
        after = told[-1].seq
    assert [event.seq for event in told] == list(range(101, 1201))


async def test_a_call_that_is_over_takes_no_commands(past: StoredView) -> None:
    with pytest.raises(CallOverError, match="Call a is over"):
        past.command(PauseCallMessage("a"))


async def test_a_call_that_is_deleted_while_it_is_read_is_said_to_be_gone(store: Store, past: StoredView) -> None:
    await past.read(0)
    store.delete("a")
    with pytest.raises(CallGoneError, match="Call a was deleted while it was being followed"):
        await past.read(500)


async def test_the_journal_hands_out_what_comes_after_any_number(store: Store, call: CallInfo) -> None:
    journal = Journal(call, store)
    for number in range(600):
        await journal.tell([NotedMessage(float(number), "hm")])
    for after in (0, 10, 343, 344, 345, 598, 599, 600, 601):
        events = await asyncio.wait_for(journal.read(after), 30)
        assert [event.seq for event in events] == list(range(after + 1, 601))[:PAGE]
