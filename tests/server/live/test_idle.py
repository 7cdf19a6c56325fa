"""What a server does and holds where nothing happens: nothing."""

import gc
import weakref
from contextlib import ExitStack
from pathlib import Path
from time import process_time

from feeders import Nobody
from wire import Client, a_feed

from audio.sources.files import open_recording
from server.live.call import LiveSettings
from server.live.registry import CallRegistry, Engine
from server.protocol.events.call import EndReason, FeedState, StatusMessage
from server.protocol.messages import StartMessage
from server.store.store import Store


def test_open_calls_that_send_nothing_take_no_processor_time(address: str) -> None:
    """The two seconds until a feed counts as stalled are the clock; asking again and again would take them whole."""
    with ExitStack() as stack:
        pages = []
        for name in ("one", "two", "three", "four"):
            stack.enter_context(a_feed(address, StartMessage(call=name, agent="Kim", rate=8000)))
            pages.append(stack.enter_context(Client(address, f"/ws/calls/{name}")))
        began = process_time()
        for page in pages:
            page.hear_one(StatusMessage, lambda status: status.feed is FeedState.STALLED)
        assert process_time() - began < 0.2


async def test_of_a_call_that_is_over_a_server_keeps_nothing(engine: Engine, store: Store, recorded_call: Path) -> None:
    calls = CallRegistry(engine, store, LiveSettings(), keep_audio=False)
    live = await calls.open(StartMessage(call="one", agent="Kim", rate=8000), Nobody())
    kept = [weakref.ref(live), weakref.ref(live.journal), weakref.ref(live._session)]
    await live.take_audio(next(iter(open_recording(recorded_call).blocks(9.0))).astype("<i2").tobytes())
    live.finish(EndReason.STOPPED)
    await live.over.wait()
    del live
    await calls.close()
    gc.collect()
    assert [it() for it in kept] == [None, None, None]
