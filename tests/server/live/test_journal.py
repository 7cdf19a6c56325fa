"""Followers of a journal: everything that has a number, in order, whenever they read."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from audio.frame import Channel
from server.live.journal import Journal
from server.protocol.calls import CallInfo
from server.protocol.events.base import DurableMessage
from server.protocol.events.call import CuesSwitchedMessage, NotedMessage
from server.protocol.events.errors import ErrorMessage
from server.protocol.events.turns import LevelMessage
from server.protocol.events.words import PartialWordsMessage, WordsMessage
from server.protocol.messages import read_from_server
from server.store.store import Store

FullDisk = Callable[[Store], AbstractContextManager[None]]


async def everything(journal: Journal, after: int = 0) -> list[DurableMessage]:
    """What a follower reads that comes after number `after`."""
    told: list[DurableMessage] = []
    while page := await journal.read(told[-1].seq if told else after):
        told += [event for stored in page if isinstance(event := read_from_server(stored.json), DurableMessage)]
    return told


async def test_what_is_told_is_numbered_and_stored_before_it_can_be_read(store: Store, call: CallInfo) -> None:
    journal = Journal(call, store)
    await journal.tell([NotedMessage(0.0, "one"), LevelMessage(0.1, Channel.AGENT, -20.0, 0), NotedMessage(0.2, "two")])
    assert await everything(journal) == [NotedMessage(0.0, "one", seq=1), NotedMessage(0.2, "two", seq=2)]
    assert await journal.read(0) == store.events("a")
    assert await everything(journal, after=1) == [NotedMessage(0.2, "two", seq=2)]


async def test_a_late_follower_gets_all_of_a_long_call(store: Store, call: CallInfo) -> None:
    journal = Journal(call, store)
    for part in range(40):
        await journal.tell([NotedMessage(float(part), str(k)) for k in range(50)])
    assert [event.seq for event in await everything(journal)] == list(range(1, 2001))
    assert [event.seq for event in await everything(journal, after=1990)] == list(range(1991, 2001))


async def test_only_the_newest_level_of_each_channel_is_there_to_read(store: Store, call: CallInfo) -> None:
    journal = Journal(call, store)
    for k in range(100):
        journal.tell_now(LevelMessage(k / 10, Channel.AGENT, -20.0, 0))
        journal.tell_now(LevelMessage(k / 10, Channel.CUSTOMER, -30.0, 0))
    seen, moment = journal.newest(0)
    assert [read_from_server(text) for text in moment] == [
        LevelMessage(9.9, Channel.AGENT, -20.0, 0),
        LevelMessage(9.9, Channel.CUSTOMER, -30.0, 0),
    ]
    assert journal.newest(seen) == (seen, [])


async def test_final_words_take_the_place_of_the_partial_ones_of_their_turn_only(store: Store, call: CallInfo) -> None:
    journal = Journal(call, store)
    await journal.tell(
        [PartialWordsMessage(1.0, Channel.AGENT, 3, 0.5, "good"), PartialWordsMessage(2.0, Channel.AGENT, 4, 1.8, "so")]
    )
    await journal.tell([WordsMessage(1.5, Channel.AGENT, 3, 0.5, 1.2, "good morning", [])])
    _, moment = journal.newest(0)
    assert [read_from_server(text) for text in moment] == [PartialWordsMessage(2.0, Channel.AGENT, 4, 1.8, "so")]


async def test_on_a_full_disk_the_call_goes_on_says_so_once_and_is_stored_when_there_is_room(
    store: Store, call: CallInfo, full_disk: FullDisk
) -> None:
    journal = Journal(call, store)
    await journal.tell([NotedMessage(0.0, "before")])
    with full_disk(store):
        for k in range(30):
            await journal.tell([NotedMessage(float(k), "x" * 500)])
        assert not journal.stored
        told = await everything(journal)
        assert [event.seq for event in told] == list(range(1, 33))
        (error,) = [event for event in told if isinstance(event, ErrorMessage)]
        assert error.text.endswith("database or disk is full. The call goes on, but is not being stored.")
        assert store.events("a")[0].seq == 1
    await journal.tell([CuesSwitchedMessage(40.0, on=False)])
    assert journal.stored
    assert [event.seq for event in store.events("a")] == list(range(1, 34))
