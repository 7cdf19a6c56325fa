"""Reading for whoever looks on: one read at a time, apart from the threads of live calls."""

import asyncio
import threading

import pytest

from server.store.reading import in_turn


async def test_reads_take_turns_on_a_thread_of_their_own() -> None:
    running, most, threads = 0, 0, set[int]()

    def read(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        threads.add(threading.get_ident())
        threading.Event().wait(0.001)
        running -= 1
        return number

    assert await asyncio.gather(*(in_turn(read, number) for number in range(20))) == list(range(20))
    assert (most, len(threads)) == (1, 1)
    assert await asyncio.to_thread(threading.get_ident) not in threads


async def test_a_read_that_fails_spoils_none_of_the_others() -> None:
    with pytest.raises(ZeroDivisionError):
        await in_turn(lambda: 1 // 0)
    assert await in_turn(lambda: 1) == 1
