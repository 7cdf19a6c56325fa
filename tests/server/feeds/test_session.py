"""A feed without a transport: what every way in stands on."""

from collections.abc import AsyncIterator

import pytest
from msgspec import structs

from server.feeds.session import FeedSession
from server.live.call import LiveSettings
from server.live.registry import CallRegistry, Engine, RefusedError
from server.protocol.events.call import CallEndedMessage, EndReason, FeedState
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import AcceptedMessage, PauseMessage, StartMessage
from server.store.store import Store

START = StartMessage(call="one", agent="Kim", rate=8000)
SECOND = bytes(2 * 2 * 8000)  # of silence


async def deaf(within_s: float) -> bool:
    """Nobody is at the other end."""
    return False


@pytest.fixture
async def calls(engine: Engine, store: Store) -> AsyncIterator[CallRegistry]:
    registry = CallRegistry(engine, store, LiveSettings(stall_s=0.05), keep_audio=False)
    yield registry
    await registry.close()


async def test_audio_cut_within_a_sample_is_one_call_and_the_half_that_is_left_is_told(calls: CallRegistry) -> None:
    with FeedSession(calls, deaf) as feed:
        assert await feed.start(START) == AcceptedMessage("one", 0)
        await feed.audio(SECOND[:4001])
        await feed.audio(SECOND[4001:] + b"abc")
        half, ended = await feed.end()
    assert half == ErrorMessage(
        ErrorCode.HALF_FRAME, "Expected whole frames of 4 bytes; the last 3 bytes were left out."
    )
    assert isinstance(ended, CallEndedMessage)
    assert (ended.at, ended.reason) == (1.0, EndReason.STOPPED)


async def test_a_feed_that_leaves_may_come_back_and_is_told_what_was_taken(calls: CallRegistry) -> None:
    with FeedSession(calls, deaf) as feed:
        await feed.start(START)
        await feed.audio(SECOND)
    live = calls.get("one")
    assert live is not None
    assert live.feed is FeedState.LOST
    with FeedSession(calls, deaf) as feed:
        assert await feed.start(START) == AcceptedMessage("one", 8000)
        assert live.status().feed is FeedState.FLOWING


async def test_what_cannot_be_taken_is_refused_with_its_code(calls: CallRegistry) -> None:
    with FeedSession(calls, deaf) as feed:
        await feed.start(START)
        await feed.end()
        with pytest.raises(RefusedError, match="Call one is over") as refused:
            feed.command(PauseMessage())
        assert refused.value.code is ErrorCode.CALL_OVER
        with pytest.raises(RefusedError, match="Call one is over"):
            await feed.audio(SECOND)
    while calls.running:
        await calls.changed.wait()
    with FeedSession(calls, deaf) as feed, pytest.raises(RefusedError) as refused:
        await feed.start(structs.replace(START, rate=16_000))
    assert refused.value.code is ErrorCode.CALL_EXISTS


async def test_a_feed_that_sends_nothing_is_shown_as_stalled_until_it_sends_audio(calls: CallRegistry) -> None:
    with FeedSession(calls, deaf) as feed:
        await feed.start(START)
        live = calls.get("one")
        assert live is not None
        while live.feed is not FeedState.STALLED:
            await live.journal.changed.wait()
        await feed.audio(SECOND)
        assert live.status().feed is FeedState.FLOWING
