"""A call always ends: whatever its feed does or leaves undone, it holds no place for ever."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from feeders import Nobody

from server.live.call import LiveCall, LiveSettings
from server.live.registry import CallRegistry, Engine
from server.protocol.events.call import CallEndedMessage, EndReason, FeedState
from server.protocol.messages import PauseMessage, ResumeMessage, StartMessage, read_from_server
from server.store.store import Store

START = StartMessage(call="one", agent="Kim", rate=8000)
SECOND = bytes(2 * 2 * 8000)
SHORT_S = 0.05  # what is waited for; nothing here depends on how long that is
NEVER = 0.0


@asynccontextmanager
async def a_call(engine: Engine, store: Store, **limits: float) -> AsyncIterator[LiveCall]:
    settings = LiveSettings(**{"idle_ends_s": NEVER, "silence_ends_s": NEVER, "pause_ends_s": NEVER, **limits})
    calls = CallRegistry(engine, store, settings, keep_audio=False)
    yield await calls.open(START, Nobody())
    await calls.close()


async def end_of(live: LiveCall) -> EndReason:
    async with asyncio.timeout(30):
        await live.over.wait()
    ended = read_from_server((await live.journal.read(live.journal.seq - 1))[-1].json)
    assert isinstance(ended, CallEndedMessage)
    return ended.reason


async def until(live: LiveCall, fits: Callable[[LiveCall], bool]) -> None:
    async with asyncio.timeout(30):
        while not fits(live):
            await live.journal.changed.wait()


async def test_a_feed_that_is_connected_and_sends_nothing_is_lost_in_the_end(engine: Engine, store: Store) -> None:
    async with a_call(engine, store, idle_ends_s=SHORT_S, grace_s=SHORT_S) as live:
        assert await end_of(live) is EndReason.LOST


async def test_a_feed_that_sends_again_before_its_grace_is_over_goes_on(engine: Engine, store: Store) -> None:
    async with a_call(engine, store, idle_ends_s=SHORT_S, grace_s=3600) as live:
        await until(live, lambda live: live.feed is FeedState.LOST)
        live.set_feed(FeedState.FLOWING)
        await live.take_audio(SECOND)
        await until(live, lambda live: live.status().at > 0.9 and live.feed is FeedState.LOST)  # and is lost again
        assert not live.ending


async def test_a_lost_feed_ends_the_call_when_its_grace_is_over(engine: Engine, store: Store) -> None:
    async with a_call(engine, store, grace_s=SHORT_S) as live:
        live.set_feed(FeedState.LOST)
        assert await end_of(live) is EndReason.LOST


async def test_a_pause_has_a_limit_of_its_own_whatever_audio_comes(engine: Engine, store: Store) -> None:
    async with a_call(engine, store, idle_ends_s=SHORT_S, grace_s=SHORT_S, pause_ends_s=5 * SHORT_S) as live:
        live.command(PauseMessage())
        while not live.ending:
            await live.take_audio(SECOND)
            await asyncio.sleep(0)
        assert await end_of(live) is EndReason.PAUSED


async def test_a_pause_that_is_over_counts_no_more(engine: Engine, store: Store) -> None:
    async with a_call(engine, store, idle_ends_s=SHORT_S, grace_s=SHORT_S, pause_ends_s=3600) as live:
        live.command(PauseMessage())
        live.command(ResumeMessage())
        assert await end_of(live) is EndReason.LOST


async def test_where_nobody_speaks_the_call_ends_by_stream_time(engine: Engine, store: Store) -> None:
    async with a_call(engine, store, silence_ends_s=3) as live:
        await live.take_audio(SECOND * 3)
        assert await end_of(live) is EndReason.SILENCE
        assert live.journal.call.duration == 3
