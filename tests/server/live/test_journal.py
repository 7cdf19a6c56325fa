"""Followers of a journal: everything that has a number, in order, whenever they read."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from msgspec import structs

from audio.frame import Channel
from server.live.journal import MOVED, Journal
from server.protocol.calls import CallInfo, CallState
from server.protocol.events.base import DurableMessage
from server.protocol.events.call import CallEndedMessage, CuesSwitchedMessage, EndReason, NotedMessage
from server.protocol.events.errors import ErrorMessage
from server.protocol.events.turns import LevelMessage
from server.protocol.events.words import PartialWordsMessage, WordsMessage
from server.protocol.messages import read_from_server
from server.store.numbering import Stored
from server.store.store import Store

FullDisk = Callable[[Store], AbstractContextManager[None]]
Locked = Callable[[Path], AbstractContextManager[None]]


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
        assert store.events("a") == await all_stored(journal)  # what waits can be read like the rest
    await journal.tell([CuesSwitchedMessage(40.0, on=False)])
    await until_stored(journal)
    assert [event.seq for event in in_file(store)] == list(range(1, 34))


async def test_a_store_that_is_locked_holds_nobody_up_and_has_everything_in_the_end(
    store: Store, call: CallInfo, locked: Locked
) -> None:
    journal = Journal(call, store)
    await journal.tell([NotedMessage(0.0, "before")])
    with locked(store.folder):
        for k in range(40):
            await journal.tell([NotedMessage(float(k), "meanwhile")])
            assert not journal.stored
        assert [event.seq for event in await everything(journal)][:41] == list(range(1, 42))
        assert [event.seq for event in in_file(store)] == [1]
        (spilled,) = (store.folder / "unstored").iterdir()
        assert spilled.read_text().count("meanwhile") == 40  # so that even a kill -9 loses none
    await until_stored(journal)
    assert in_file(store) == await all_stored(journal)
    assert not spilled.exists()


async def test_a_call_that_ends_while_the_disk_is_full_is_stored_when_there_is_room(
    store: Store, call: CallInfo, full_disk: FullDisk
) -> None:
    journal = Journal(call, store)
    with full_disk(store):
        for k in range(70):
            await journal.tell([NotedMessage(float(k), "x" * 500)])
        journal.call = structs.replace(call, state=CallState.ENDED)
        await journal.tell([CallEndedMessage(70.0, EndReason.STOPPED)])
        journal.close()
        ended = store.call("a")
        assert ended is not None
        assert ended.state is CallState.ENDED
    await until_stored(journal)
    assert in_file(store) == await all_stored(journal)
    assert [kept.state for kept in store.calls(9)] == [CallState.ENDED]


@pytest.mark.parametrize("error", [OSError("no such device"), ValueError("a fault of ours"), MemoryError()])
async def test_whatever_the_store_says_the_call_goes_on(
    store: Store, call: CallInfo, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    journal = Journal(call, store)
    with monkeypatch.context() as faulty:
        faulty.setattr("server.store.writing.writer.store_call", fail)
        for k in range(3):
            await journal.tell([NotedMessage(float(k), "on")])
        assert not journal.stored
    await until_stored(journal)
    assert in_file(store) == await all_stored(journal)


async def test_a_folder_that_is_deleted_under_a_running_call_is_made_again_with_all_that_was_seen(
    store: Store, call: CallInfo
) -> None:
    store.keep(structs.replace(call, id="over", state=CallState.ENDED), [Stored(1, "{}")])
    journal = Journal(call, store)
    for k in range(700):
        await journal.tell([NotedMessage(float(k), "before")])
    shutil.rmtree(store.folder)
    await journal.tell([NotedMessage(700.0, "after")])
    await until_stored(journal)
    await journal.tell([NotedMessage(701.0, "on")])
    told = await everything(journal)
    assert [event.seq for event in told] == list(range(1, 704))
    assert sum(isinstance(event, NotedMessage) and event.text == MOVED for event in told) == 1
    await until_stored(journal)
    store.close()
    with Store(store.folder) as anew:
        assert [read_from_server(event.json) for event in anew.events("a")] == told
        assert anew.call("over") is None  # what was over is gone, as whoever deleted it wanted


async def until_stored(journal: Journal) -> None:
    async with asyncio.timeout(30):
        while not journal.stored:
            await journal.changed.wait()


async def all_stored(journal: Journal) -> list[Stored]:
    """Everything that a follower of the call has seen, as it was sent."""
    seen: list[Stored] = []
    while page := await journal.read(seen[-1].seq if seen else 0):
        seen += page
    return seen


def in_file(store: Store) -> list[Stored]:
    """The events of call "a" that are in the file."""
    with closing(sqlite3.connect(store.folder / "calmline.db")) as file:
        return [Stored(*row) for row in file.execute("SELECT seq, json FROM events WHERE call = 'a' ORDER BY seq")]
