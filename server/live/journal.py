"""The journal of a live call: numbers its messages, hands them to the store, then lets followers see them.

In: messages, from the call's one task. Out: to any number of followers, at their own pace: numbered events from any
number on, and the newest of each ephemeral kind. A follower is two integers (how far it has read), so one that does not
read costs nothing and loses nothing but stale levels: what is no longer in memory it gets from the store.

Events are stored before they are seen. A store that does not answer within `PATIENCE_S` holds nobody up: they are
written down beside it, so that even a kill -9 loses nothing, and shown as not stored yet; the store's writer goes on
trying. Lives on the event loop; the store is used on threads.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeAlias

from server.protocol.calls import CallInfo
from server.protocol.events import AnyDurable, AnyEphemeral
from server.protocol.events.base import DurableMessage, EphemeralMessage
from server.protocol.events.call import NotedMessage, StatusMessage
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.events.tone import LiveTrendMessage
from server.protocol.events.turns import LevelMessage
from server.protocol.events.words import PartialWordsMessage, WordsMessage
from server.protocol.messages import write
from server.store.numbering import Numbering, Stored
from server.store.reading import PAGE, in_turn
from server.store.store import Store

PATIENCE_S = 0.1  # that events wait for the store before they are shown
MOVED = (
    "The folder of the calls was removed or replaced while this call ran. What was found in it is stored again; "
    "audio that was kept is lost."
)

_MEMORY = 256  # events that stay in memory for followers that are up to date

logger = logging.getLogger(__name__)

_Kind: TypeAlias = tuple[object, ...]  # what a newer ephemeral message must share with an older one to replace it


class Journal:
    def __init__(self, call: CallInfo, store: Store, last: int = 0) -> None:
        """`last` is the number of the newest event that the store has of this call."""
        self.call = call  # as it stands now
        self.stored = True  # whether the store has all that followers may see
        self.closed = False  # no more will come
        self.changed = asyncio.Event()  # set, and replaced by a new one, whenever there is something to read
        self._store = store
        self._numbering = Numbering(last)
        self._events: list[Stored] = []  # the latest that followers may see, without gaps
        self._stored_up_to = last  # the newest event that the store is known to have
        self._refusal: str | None = None  # what the store said when it last took nothing
        self._refusal_told = False
        self._moves = store.database.moves
        self._attempted = asyncio.Event()  # set when the store took something or refused
        self._now: dict[_Kind, tuple[int, str]] = {}  # ephemeral messages, with the version that brought them
        self._version = 0

    @property
    def seq(self) -> int:
        """The number of the newest event that followers may see."""
        return self._events[-1].seq if self._events else 0

    @property
    def version(self) -> int:
        """How many ephemeral messages there were: the newest of them has this version."""
        return self._version

    async def tell(self, messages: Sequence[AnyDurable | AnyEphemeral]) -> None:
        """Number and keep messages, with how the call stands, then show them. Only one task may call this."""
        if any(isinstance(message, DurableMessage) for message in messages):
            await self._keep(self._numbering.number([*self._moved(), *messages]))
        for message in messages:
            if isinstance(message, WordsMessage):
                self._now.pop((PartialWordsMessage, message.channel, message.turn), None)
            if isinstance(message, EphemeralMessage):
                self._show(message)
        self._ring()

    def keep_call(self) -> None:
        """Have the store know how the call stands, without any message."""
        self._submit([])

    def tell_now(self, message: AnyEphemeral) -> None:
        """Show an ephemeral message."""
        self._show(message)
        self._ring()

    def close(self) -> None:
        self.closed = True
        self._ring()

    async def read(self, after: int) -> list[Stored]:
        """The events that come after number `after`, some hundreds at most; none if there are no more yet."""
        if self._events and after + 1 < self._events[0].seq:
            return await in_turn(self._store.events, self.call.id, after, PAGE)
        behind = max(0, self.seq - after)  # a thousand followers ask for one event at a time: nothing is searched
        return self._events[len(self._events) - behind :][:PAGE]

    def newest(self, seen: int) -> tuple[int, list[str]]:
        """The ephemeral messages newer than version `seen`, and the version that they bring a reader to."""
        return self._version, [text for version, text in self._now.values() if version > seen]

    async def _keep(self, events: list[Stored]) -> None:
        """Have events stored, then let them be seen; after a moment also if they are not."""
        self._submit(events)
        if self.stored:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    await self._answer(events[-1].seq)
        if self._stored_up_to < events[-1].seq:
            self.stored = False
            if self._refusal and not self._refusal_told:
                self._refusal_told = True
                text = f"{self._refusal} The call goes on, but is not being stored."
                error = self._numbering.number([ErrorMessage(ErrorCode.NOT_STORED, text)])
                self._submit(error)
                events += error
            await self._spill(events)
        self._events += events
        del self._events[: max(0, len(self._events) - _MEMORY)]

    def _submit(self, events: list[Stored]) -> None:
        loop = asyncio.get_running_loop()

        def progress(stored: int, refusal: str | None) -> None:
            with suppress(RuntimeError):  # the server is gone, and its loop with it
                loop.call_soon_threadsafe(self._progress, stored, refusal)

        self._store.writer.put(self.call, events, progress)

    async def _answer(self, seq: int) -> None:
        """Wait until the store has event number `seq`, or has refused it."""
        self._refusal = None
        while self._stored_up_to < seq and self._refusal is None:
            self._attempted.clear()
            await self._attempted.wait()

    def _progress(self, stored: int, refusal: str | None) -> None:
        self._stored_up_to = max(self._stored_up_to, stored)
        self._refusal = refusal
        self._attempted.set()
        if not self.stored and self._stored_up_to == self._numbering.last:
            self.stored, self._refusal_told = True, False
            self._ring()

    async def _spill(self, events: list[Stored]) -> None:
        """Write down what the store does not have, before it is seen."""
        written = asyncio.wrap_future(self._store.writer.spill(self.call, events))
        done, _ = await asyncio.wait([written], timeout=PATIENCE_S)
        if done and (error := written.exception()):
            logger.warning("call %s can be stored nowhere at the moment: %s", self.call.id, error)

    def _moved(self) -> list[NotedMessage]:
        """A note, if the folder of the calls was removed since the last message."""
        before, self._moves = self._moves, self._store.database.moves
        return [NotedMessage(self.call.duration, MOVED)] if self._moves != before else []

    def _show(self, message: AnyEphemeral) -> None:
        self._version += 1
        self._now[_kind(message)] = self._version, write(message)

    def _ring(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


def _kind(message: AnyEphemeral) -> _Kind:
    match message:
        case PartialWordsMessage():
            return PartialWordsMessage, message.channel, message.turn
        case LevelMessage():
            return LevelMessage, message.channel
        case LiveTrendMessage():
            return (LiveTrendMessage,)
        case StatusMessage():
            return (StatusMessage,)
