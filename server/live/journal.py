"""The journal of a live call: numbers what is told about it, keeps it, and only then lets followers see it.

In: messages, from the call's one task. Out: to any number of followers, at their own pace: numbered events from any
number on, and the newest of each ephemeral kind. A follower is two integers (how far it has read), so one that does not
read costs nothing and loses nothing but stale levels: what is no longer in memory it gets from the store. When the
store takes no more, events stay in memory and are tried again with the next ones. Lives on the event loop; the store is
used on threads.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from msgspec import structs

from server.protocol.calls import CallInfo
from server.protocol.events import AnyDurable, AnyEphemeral
from server.protocol.events.base import DurableMessage, EphemeralMessage
from server.protocol.events.call import StatusMessage
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.events.tone import LiveTrendMessage
from server.protocol.events.turns import LevelMessage
from server.protocol.events.words import PartialWordsMessage, WordsMessage
from server.protocol.messages import write
from server.store.reading import PAGE, in_turn
from server.store.store import NotStoredError, Store, Stored

_MEMORY = 256  # stored events that stay in memory for followers that are up to date
_PAGE = 500  # events that one read or write of the store handles

_Kind: TypeAlias = tuple[object, ...]  # what a newer ephemeral message must share with an older one to replace it


class Journal:
    def __init__(self, call: CallInfo, store: Store) -> None:
        self.call = call  # as it stands now
        self.stored = True  # whether the store has all that followers may see
        self.closed = False  # no more will come
        self.changed = asyncio.Event()  # set, and replaced by a new one, whenever there is something to read
        self._store = store
        self._events: list[Stored] = []  # the latest that followers may see, without gaps
        self._unstored: list[Stored] = []  # those of them that the store did not take yet
        self._seq = 0
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
        durable = [message for message in messages if isinstance(message, DurableMessage)]
        if durable:
            await self._keep(durable)
        for message in messages:
            if isinstance(message, WordsMessage):
                self._now.pop((PartialWordsMessage, message.channel, message.turn), None)
            if isinstance(message, EphemeralMessage):
                self._show(message)
        self._ring()

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

    async def _keep(self, messages: Iterable[AnyDurable]) -> None:
        """Store events, then let them be seen; what the store refuses is seen too, and tried again next time."""
        events = [self._number(message) for message in messages]
        self._unstored += events
        refused = await self._store_all()
        if refused and self.stored:
            told = self._number(
                ErrorMessage(ErrorCode.NOT_STORED, f"{refused} The call goes on, but is not being stored.")
            )
            events.append(told)
            self._unstored.append(told)
        self.stored = refused is None
        self._events += events
        del self._events[: max(0, len(self._events) - max(_MEMORY, len(self._unstored)))]

    async def _store_all(self) -> NotStoredError | None:
        """Hand the store what it does not have yet, the oldest first; what it said if it refused."""
        while True:
            page = self._unstored[:_PAGE]
            try:
                await asyncio.to_thread(self._store.keep, self.call, page)
            except NotStoredError as error:
                return error
            del self._unstored[: len(page)]
            if not self._unstored:
                return None

    def _number(self, message: AnyDurable) -> Stored:
        self._seq += 1
        return Stored(self._seq, write(structs.replace(message, seq=self._seq)))

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
