"""What a page, a wall or another program sees of a call: a snapshot, its events, the newest levels, and commands.

`CallView` is all that a follower knows; where the call runs or is kept is hidden behind it. `LiveView` is a call that
runs here, seen through its journal; `StoredView` is one that is over, read from the store. A view keeps no place: a
follower says how far it has read. Used on the event loop; the store is read on threads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from audio.errors import CalmlineError
from server.live.call import CallOverError, LiveCall
from server.live.registry import CallRegistry
from server.protocol.calls import CallInfo
from server.protocol.messages import (
    FromPage,
    PauseCallMessage,
    PauseMessage,
    ResumeCallMessage,
    ResumeMessage,
    SnapshotMessage,
    SwitchCuesMessage,
)
from server.store.reading import PAGE, in_turn
from server.store.store import Store, Stored


class CallGoneError(CalmlineError):
    """A call was deleted while it was read."""

    def __init__(self, call: str) -> None:
        super().__init__(f"Call {call} was deleted while it was being followed.")


class CallView(Protocol):
    @property
    def call(self) -> CallInfo:
        """The call as it stands now."""

    async def snapshot(self, after: int) -> SnapshotMessage:
        """How the call stands, for a follower that has its events up to `after`; 0, all of it, if it cannot have."""

    async def more(self, after: int, seen: int) -> bool:
        """Wait for events after number `after`, or ephemeral messages newer than version `seen`. False: the call is
        over, and its last event is `after`."""

    async def read(self, after: int) -> Sequence[Stored]:
        """The events that come after number `after`, some hundreds at most. Raises `CallGoneError`."""

    def newest(self, seen: int) -> tuple[int, Sequence[str]]:
        """The ephemeral messages newer than version `seen`, and the version that they bring a follower to."""

    def command(self, command: FromPage) -> None:
        """Carry out what the agent asks for. Raises `CallOverError`."""


@dataclass(frozen=True, slots=True)
class LiveView:
    """A call that runs on this server."""

    live: LiveCall

    @property
    def call(self) -> CallInfo:
        return self.live.journal.call

    async def snapshot(self, after: int) -> SnapshotMessage:
        live, last = self.live, self.live.journal.seq
        return SnapshotMessage(self.call, after if after <= last else 0, last, live.paused, live.cues_on)

    async def more(self, after: int, seen: int) -> bool:
        journal = self.live.journal
        while journal.seq <= after and journal.version <= seen and not journal.closed:
            await journal.changed.wait()
        return journal.seq > after or not journal.closed

    async def read(self, after: int) -> Sequence[Stored]:
        return await self.live.journal.read(after)

    def newest(self, seen: int) -> tuple[int, Sequence[str]]:
        return self.live.journal.newest(seen)

    def command(self, command: FromPage) -> None:
        match command:
            case PauseCallMessage():
                self.live.command(PauseMessage())
            case ResumeCallMessage():
                self.live.command(ResumeMessage())
            case SwitchCuesMessage():
                self.live.command(command)


@dataclass(frozen=True, slots=True)
class StoredView:
    """A call that is over, up to its event number `last`."""

    store: Store
    call: CallInfo
    last: int

    async def snapshot(self, after: int) -> SnapshotMessage:
        return SnapshotMessage(self.call, after if after <= self.last else 0, self.last, paused=False, cues_on=True)

    async def more(self, after: int, seen: int) -> bool:
        return after < self.last

    async def read(self, after: int) -> Sequence[Stored]:
        events = await in_turn(self.store.events, self.call.id, after, PAGE)
        if not events:
            raise CallGoneError(self.call.id)
        return events

    def newest(self, seen: int) -> tuple[int, Sequence[str]]:
        return seen, ()

    def command(self, command: FromPage) -> None:
        raise CallOverError(self.call.id)


async def view_of(calls: CallRegistry, call: str) -> CallView | None:
    """The view of a call, running or over; None if there is none of this id."""
    if (live := calls.get(call)) is not None:
        return LiveView(live)
    return await in_turn(_stored, calls.store, call)


def newest_view(calls: CallRegistry, agent: str | None = None) -> CallView | None:
    """The view of the call that began last, of those that run, or of this agent's; None while none does."""
    mine = (live for live in calls.newest_first if agent in (None, live.journal.call.agent))
    live = next(mine, None)
    return None if live is None else LiveView(live)


def _stored(store: Store, call: str) -> StoredView | None:
    info = store.call(call)
    return None if info is None else StoredView(store, info, store.last(call))
