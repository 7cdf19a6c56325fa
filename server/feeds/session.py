"""A feed in a call: start, audio, commands, end. Every way in translates its protocol into this, and does nothing else.

In: what a feed sends, read but not understood. Out: the messages that answer it, and `RefusedError` with its code where
it cannot be taken. State: the call, half a frame that waits for its other half, and when audio last came. Knows no
transport, no socket and no JSON. Lives on the event loop; one task calls it, and leaves it whatever happens.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from server.live.call import CallOverError, LiveCall
from server.live.registry import CallRegistry, RefusedError, ShuttingDownError
from server.protocol.events.base import Message
from server.protocol.events.call import EndReason, FeedState
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import (
    AcceptedMessage,
    DeviceMessage,
    NoteMessage,
    PauseMessage,
    ResumeMessage,
    StartMessage,
    TakenMessage,
    read_from_server,
)

_ANSWER_S = 3.0  # seconds that the other end of a feed has to show that it is there, where another wants its call

Command: TypeAlias = PauseMessage | ResumeMessage | DeviceMessage | NoteMessage


class FeedSession:
    """Use it as a context manager: leaving without `end` lets the call wait for its feed to come back.

    `answers` asks the transport whether the other end answers within some seconds. Where that is not so and another
    feed takes the call over, `taken_over` is set: the transport closes then, and says why.
    """

    def __init__(self, calls: CallRegistry, answers: Callable[[float], Awaitable[bool]]) -> None:
        self.taken_over = asyncio.Event()
        self._gone = asyncio.Event()  # nothing more comes of this feed
        self._calls = calls
        self._answers = answers
        self._live: LiveCall | None = None
        self._half = b""  # of a frame
        self._taking = False  # audio is being taken: a feed that has to wait has not stalled
        self._audio_at = 0.0  # event loop time
        self._stall: asyncio.TimerHandle | None = None

    def __enter__(self) -> "FeedSession":
        return self

    def __exit__(self, *exc: object) -> None:
        if self._stall:
            self._stall.cancel()
        self._gone.set()
        if self._live:
            self._calls.leave(self._live, self)

    async def alive(self) -> bool:
        return await self._answers(_ANSWER_S)

    async def give_up(self) -> None:
        self.taken_over.set()
        await self._gone.wait()

    async def start(self, start: StartMessage) -> AcceptedMessage:
        """Begin a call or go on with one whose feed was lost. Raises `RefusedError`."""
        self._live = await self._calls.open(start, self)
        self._audio_at = asyncio.get_running_loop().time()
        self._watch_for_stall()
        return AcceptedMessage(self._live.id, self._live.taken)

    async def audio(self, pcm: bytes) -> None:
        """Take PCM16, cut anywhere; waits while the call has no room for it. Raises `RefusedError`."""
        live = self._call
        live.set_feed(FeedState.FLOWING)
        pcm = self._half + pcm
        whole = len(pcm) // live.frame_bytes * live.frame_bytes
        self._half = pcm[whole:]
        self._taking = True
        with _refusing(live):
            try:
                await live.take_audio(pcm[:whole])
            finally:
                self._taking = False
                self._audio_at = asyncio.get_running_loop().time()

    async def next_taken(self, sent: int) -> TakenMessage:
        """How far the call has come for good, once that is a second further than frame `sent`, which was said last."""
        live = self._call
        while live.stored_frames < sent + live.journal.call.rate:
            await live.journal.changed.wait()
        return TakenMessage(live.stored_frames)

    def command(self, command: Command) -> None:
        """Carry out what a feed says between its audio. Raises `RefusedError`."""
        with _refusing(self._call):
            self._call.command(command)

    async def end(self) -> list[Message]:
        """The feed is complete: wait for the last words. What to tell it in the end, `call_ended` last."""
        live = self._call
        live.finish(EndReason.STOPPED)
        await live.over.wait()
        if live.left:
            raise ShuttingDownError
        (ended,) = await live.journal.read(live.journal.seq - 1)
        return [*self._left_out(), read_from_server(ended.json)]

    @property
    def _call(self) -> LiveCall:
        assert self._live is not None  # `start` comes first
        return self._live

    def _left_out(self) -> list[Message]:
        if not self._half:
            return []
        text = (
            f"Expected whole frames of {self._call.frame_bytes} bytes; the last {len(self._half)} bytes were left out."
        )
        return [ErrorMessage(ErrorCode.HALF_FRAME, text)]

    def _watch_for_stall(self) -> None:
        """Show the call as stalled where no audio has come for long enough, unless it is paused."""
        live, loop, stall_s = self._call, asyncio.get_running_loop(), self._calls.settings.stall_s
        due = (loop.time() if self._taking else self._audio_at) + stall_s
        if due <= loop.time():
            if not live.paused and not live.ending:
                live.set_feed(FeedState.STALLED)
            due = loop.time() + stall_s
        self._stall = loop.call_at(due, self._watch_for_stall)


@contextmanager
def _refusing(live: LiveCall) -> Iterator[None]:
    """What a call that is over does not take is refused, as everything else that cannot be taken."""
    try:
        yield
    except CallOverError as over:
        if live.left:
            raise ShuttingDownError from over
        raise RefusedError(ErrorCode.CALL_OVER, str(over)) from over
