"""What a feed says is sent once and in order, whatever the connection does; and memory is bounded."""

import asyncio
import threading

import pytest

from server.cli.client.outbox import FromFeed, Outbox
from server.protocol.messages import NoteMessage

RATE = 10  # frames a second, each of one byte: times are easily read


def an_outbox(live: bool = False, keep_s: float = 100) -> Outbox:
    return Outbox(RATE, 1, live, keep_s)


def put_all(outbox: Outbox, *items: FromFeed) -> None:
    for item in items:
        assert outbox.put(item, within_s=0)


async def sent(outbox: Outbox, count: int) -> list[FromFeed | None]:
    return [await outbox.next() for _ in range(count)]


async def test_all_is_sent_in_order_and_then_there_is_no_more() -> None:
    outbox, note = an_outbox(), NoteMessage(0.0, "one")
    put_all(outbox, b"abcd", note, b"ef")
    outbox.complete()
    assert await sent(outbox, 4) == [b"abcd", note, b"ef", None]


async def test_it_waits_for_what_the_source_says_next() -> None:
    outbox = an_outbox()
    following = asyncio.create_task(outbox.next())
    await asyncio.sleep(0)
    assert not following.done()
    await asyncio.to_thread(put_all, outbox, b"abcd")
    assert await following == b"abcd"


@pytest.mark.parametrize(
    ("taken", "again"),
    [(0, [b"abcd", "note", b"efgh"]), (4, ["note", b"efgh"]), (6, [b"gh"]), (8, []), (2, [b"cd", "note", b"efgh"])],
)
async def test_a_new_connection_goes_on_at_any_frame(taken: int, again: list[bytes | str]) -> None:
    outbox, note = an_outbox(), NoteMessage(0.0, "one")
    put_all(outbox, b"abcd", note, b"efgh", b"ij")
    await sent(outbox, 3)
    outbox.go_on_from(taken)
    outbox.complete()
    expected = [note if item == "note" else item for item in again]
    assert await sent(outbox, len(again) + 2) == [*expected, b"ij", None]


async def test_it_can_go_on_again_and_again() -> None:
    outbox = an_outbox()
    put_all(outbox, b"abcd", b"efgh")
    for taken in (0, 3, 4, 2, 1):
        await sent(outbox, 1)
        outbox.go_on_from(taken)
    outbox.complete()
    again = []
    while (item := await outbox.next()) is not None:
        again.append(item)
    assert b"".join(item for item in again if isinstance(item, bytes)) == b"bcdefgh"


async def test_what_the_server_will_not_ask_for_again_is_forgotten() -> None:
    outbox = an_outbox()
    for second in range(50):
        put_all(outbox, b"a" * RATE)
        await sent(outbox, 1)
        outbox.forget(second * RATE)
    assert outbox.kept_s <= 2


async def test_a_live_source_loses_the_oldest_beyond_the_bound_and_says_how_much() -> None:
    outbox = an_outbox(live=True, keep_s=3)
    put_all(outbox, *(bytes([second]) * RATE for second in range(10)))
    assert outbox.kept_s == 3
    note, *audio = await sent(outbox, 4)
    assert note == NoteMessage(
        0.0, "7.0 s of the call were lost here, because the server could not be reached for so long."
    )
    assert audio == [bytes([second]) * RATE for second in (7, 8, 9)]


async def test_what_was_sent_and_is_asked_for_too_late_is_told_as_lost() -> None:
    outbox = an_outbox(keep_s=2)
    for second in range(5):
        put_all(outbox, bytes([second]) * RATE)
        await sent(outbox, 1)
    outbox.go_on_from(0)
    note, *audio = await sent(outbox, 3)
    assert isinstance(note, NoteMessage)
    assert note.text.startswith("3.0 s of the call were lost here")
    assert audio == [bytes([second]) * RATE for second in (3, 4)]


async def test_another_source_waits_for_room() -> None:
    outbox, put = an_outbox(), 0
    while outbox.put(b"a" * RATE, within_s=0):
        put += 1
    assert 1 < put < 10
    waiting = threading.Thread(target=outbox.put, args=(b"b", 30))
    waiting.start()
    await sent(outbox, 1)
    await asyncio.to_thread(waiting.join)
    assert (await sent(outbox, put))[-1] == b"b"
