"""A thread that calls share: whose work is next, and what becomes of it."""

import asyncio
import threading

import pytest

from server.live.scheduling.fair_thread import FairThread


async def test_a_live_call_goes_before_all_that_twelve_fast_ones_have_waiting() -> None:
    thread, begun, leave, done = FairThread("test"), threading.Event(), threading.Event(), list[str]()
    first = thread.run("fast 0", lambda: (begun.set(), leave.wait()), ahead=True)
    await asyncio.to_thread(begun.wait)
    others = [
        thread.run(f"fast {k}", lambda k=k: done.append(f"fast {k}"), ahead=True) for _ in range(3) for k in range(12)
    ]
    live = thread.run("live", lambda: done.append("live"))
    leave.set()
    await asyncio.gather(first, live, *others)
    assert done[:3] == ["live", "fast 0", "fast 1"]
    assert len(done) == 37
    assert await thread.close(30)


async def test_a_failure_is_told_to_whoever_waits_and_the_thread_goes_on() -> None:
    thread = FairThread("test")
    with pytest.raises(ZeroDivisionError):
        await thread.run("a", lambda: 1 / 0)
    assert await thread.run("a", lambda: 1) == 1
    assert await thread.close(30)


async def test_work_that_was_cancelled_before_its_turn_is_left_out() -> None:
    thread, leave, done = FairThread("test"), threading.Event(), list[str]()
    first = thread.run("a", leave.wait)
    thread.run("a", lambda: done.append("cancelled")).cancel()
    await asyncio.sleep(0)  # the loop passes it on
    kept = thread.run("a", lambda: done.append("kept"))
    leave.set()
    await asyncio.gather(first, kept)
    assert done == ["kept"]
    assert await thread.close(30)


async def test_closing_does_not_wait_for_work_that_hangs() -> None:
    thread, leave = FairThread("test"), threading.Event()
    hanging = thread.run("a", leave.wait)
    assert not await thread.close(0.01)
    leave.set()
    assert await hanging
