"""Followers of a journal: everything that has a number, in order, whenever they read."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from audio.frame import Channel
from server.events import CuesSwitched, Durable, Error, Level, Noted, PartialWords, Words
from server.journal import Journal
from server.protocol import CallInfo, read_from_server
from server.store import Store

FullDisk = Callable[[Store], AbstractContextManager[None]]


async def everything(journal: Journal, after: int = 0) -> list[Durable]:
    """What a follower reads that comes after number `after`."""
    told: list[Durable] = []
    while page := await journal.read(told[-1].seq if told else after):
        told += [event for stored in page if isinstance(event := read_from_server(stored.json), Durable)]
    return told


async def test_what_is_told_is_numbered_and_stored_before_it_can_be_read(store: Store, call: CallInfo) -> None:
    journal = Journal(call, store)
    await journal.tell([Noted(0.0, "one"), Level(0.1, Channel.AGENT, -20.0, 0), Noted(0.2, "two")])
    assert await everything(journal) == [Noted(0.0, "one", seq=1), Noted(0.2, "two", seq=2)]
    assert await journal.read(0) == store.events("a")
    assert await everything(journal, after=1) == [Noted(0.2, "two", seq=2)]


async def test_a_late_follower_gets_all_of_a_long_call(store: Store, call: CallInfo) -> None:
    journal = Journal(call, store)
    for part in range(40):
        await journal.tell([Noted(float(part), str(k)) for k in range(50)])
    assert [event.seq for event in await everything(journal)] == list(range(1, 2001))
    assert [event.seq for event in await everything(journal, after=1990)] == list(range(1991, 2001))


async def test_only_the_newest_level_of_each_channel_is_there_to_read(store: Store, call: CallInfo) -> None:
    journal = Journal(call, store)
    for k in range(100):
        journal.tell_now(Level(k / 10, Channel.AGENT, -20.0, 0))
        journal.tell_now(Level(k / 10, Channel.CUSTOMER, -30.0, 0))
    seen, moment = journal.newest(0)
    assert [read_from_server(text) for text in moment] == [
        Level(9.9, Channel.AGENT, -20.0, 0),
        Level(9.9, Channel.CUSTOMER, -30.0, 0),
    ]
    assert journal.newest(seen) == (seen, [])


async def test_final_words_take_the_place_of_the_partial_ones_of_their_turn_only(store: Store, call: CallInfo) -> None:
    journal = Journal(call, store)
    await journal.tell(
        [PartialWords(1.0, Channel.AGENT, 3, 0.5, "good"), PartialWords(2.0, Channel.AGENT, 4, 1.8, "so")]
    )
    await journal.tell([Words(1.5, Channel.AGENT, 3, 0.5, 1.2, "good morning", [])])
    _, moment = journal.newest(0)
    assert [read_from_server(text) for text in moment] == [PartialWords(2.0, Channel.AGENT, 4, 1.8, "so")]


async def test_on_a_full_disk_the_call_goes_on_says_so_once_and_is_stored_when_there_is_room(
    store: Store, call: CallInfo, full_disk: FullDisk
) -> None:
    journal = Journal(call, store)
    await journal.tell([Noted(0.0, "before")])
    with full_disk(store):
        for k in range(30):
            await journal.tell([Noted(float(k), "x" * 500)])
        assert not journal.stored
        told = await everything(journal)
        assert [event.seq for event in told] == list(range(1, 33))
        (error,) = [event for event in told if isinstance(event, Error)]
        assert error.text.endswith("database or disk is full. The call goes on, but is not being stored.")
        assert store.events("a")[0].seq == 1
    await journal.tell([CuesSwitched(40.0, on=False)])
    assert journal.stored
    assert [event.seq for event in store.events("a")] == list(range(1, 34))
