"""The calls that are running: who may feed one, which is the newest, and what happens when a feed is lost.

Lives on the event loop; knows no sockets. A call is fed by one feed at a time. One whose feed goes away without `stop`
waits a while for it to come back, then ends; nothing that was taken is lost either way.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from msgspec import structs

from audio.errors import CalmlineError
from audio.frame import MONO, STEREO
from coach.rules import Rule
from server.live.call import LiveCall, LiveSettings
from server.live.journal import Journal
from server.live.metrics import Metrics
from server.live.progress import Progress, read_progress
from server.live.scheduling.capacity import OverloadPolicy
from server.live.scheduling.scheduler import Scheduler
from server.live.session import LiveSession
from server.pipeline.continued import AnyCore, ContinuedCore
from server.pipeline.core import Core, CoreSettings
from server.pipeline.models import Models
from server.protocol.calls import CallInfo, CallState
from server.protocol.events.call import CallStartedMessage, FeedState, NotedMessage
from server.protocol.events.errors import ErrorCode
from server.protocol.messages import StartMessage
from server.store.store import Store

logger = logging.getLogger(__name__)

PATIENCE_S = 3.0  # seconds that calls have to follow what they have when the server shuts down, and then the workers
TONE_ONLY = "This machine follows the words of as many calls as it can; this one is followed by its sound alone."

_DELETED = 1000  # calls that were deleted last, for the pages that may show one of them


@dataclass(frozen=True, slots=True)
class Engine:
    """What a call is made of, loaded once for a process."""

    models: Models
    rules: tuple[Rule, ...]
    settings: CoreSettings
    capacity: int | None = None  # calls with words at once, as measured; None: it was not


class RefusedError(CalmlineError):
    """A feed that cannot be taken."""

    def __init__(self, code: ErrorCode, text: str) -> None:
        super().__init__(text)
        self.code = code


class ShuttingDownError(RefusedError):
    """The server stops. Calls that it leaves can be gone on with, by the same `start`, once it runs again."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.SHUTTING_DOWN, "The server is being shut down; go on with the call in a while.")


class Feeder(Protocol):
    """Whatever feeds a call at the moment: one connection of some transport."""

    async def alive(self) -> bool:
        """Whether somebody is at its other end. Answers within seconds."""

    async def give_up(self) -> None:
        """Another feed has taken the call over: feed no more. Returns once nothing more can come."""


class CallRegistry:
    """Made on the event loop that it lives on."""

    def __init__(self, engine: Engine, store: Store, settings: LiveSettings, keep_audio: bool) -> None:
        self.store = store
        self.settings = settings
        self.changed = asyncio.Event()  # set, and replaced by a new one, whenever a call starts, ends or is deleted
        self.deleted: deque[str] = deque(maxlen=_DELETED)  # the calls that were deleted last
        self._loop = asyncio.get_running_loop()
        self._engine = engine
        self._keep_audio = keep_audio
        self.metrics = Metrics()
        self._workers = Scheduler(engine.models, self.metrics)
        self._live: dict[str, LiveCall] = {}  # the newest last
        self._feeders: dict[str, Feeder] = {}  # of the calls that are being fed
        self._watching: set[asyncio.Task[None]] = set()
        self._ended: asyncio.Task[bool] | None = None  # set once no more calls are taken
        self._opening = asyncio.Lock()
        self.metrics.watch(lambda: [live.status() for live in self._live.values()], self._with_words, self._most)

    @property
    def newest_first(self) -> Iterable[LiveCall]:
        """The calls that run."""
        return reversed(self._live.values())

    @property
    def running(self) -> int:
        return len(self._live)

    def get(self, call: str) -> LiveCall | None:
        return self._live.get(call)

    async def open(self, start: StartMessage, feeder: Feeder) -> LiveCall:
        """The call that a feed asks for: a new one, or one whose feed is lost or dead. Raises `RefusedError`."""
        if live := self._live.get(start.call):
            await self._take_over(live, start)
        async with self._opening:
            if self._ended:
                raise ShuttingDownError
            live = self._live.get(start.call)
            live = await self._create(start) if live is None else self._take_up(live, start)
            self._feeders[start.call] = feeder
            return live

    def note_deletion(self, call: str) -> None:
        """A call was deleted: let those who show it know. May be called on any thread."""
        self._loop.call_soon_threadsafe(self._note_deletion, call)

    def leave(self, live: LiveCall, feeder: Feeder) -> None:
        """The feed of a call is gone. It may come back for a while, unless it said that it was complete."""
        if self._feeders.get(live.id) is not feeder:
            return  # another has taken over
        del self._feeders[live.id]
        live.set_feed(FeedState.LOST)

    async def close(self) -> bool:
        """Leave every call with what it has so far, within some seconds. Returns whether nothing was left undone."""
        if self._ended is None:
            self._ended = asyncio.create_task(self._end())
        return await self._ended

    async def _end(self) -> bool:
        ends = await asyncio.gather(*(live.shut_down(PATIENCE_S) for live in list(self._live.values())))
        return await self._workers.close(PATIENCE_S if all(ends) else 0.0) and all(ends)

    @property
    def _most(self) -> int | None:
        """Calls with words at once; None: as many as come."""
        return self.settings.calls_at_most or self._engine.capacity

    def _with_words(self) -> int:
        return sum(live.words for live in self._live.values())

    def _namesake(self, call: str) -> str | None:
        return next((live for live in self._live if live.lower() == call.lower()), None)

    def _admit(self) -> bool:
        """Whether there is room for the words of one more call. Raises `RefusedError` where it is needed."""
        most = self._most
        if most is None or self._with_words() < most:
            return True
        if self.settings.overload_policy is OverloadPolicy.REFUSE:
            self.metrics.refused.inc()
            text = f"As many calls are followed already as this machine carries ({most}); try again when one is over."
            raise RefusedError(ErrorCode.AT_CAPACITY, text)
        self.metrics.tone_only.inc()
        return False

    async def _create(self, start: StartMessage) -> LiveCall:
        before = await asyncio.to_thread(self.store.call, start.call)
        if before and before.state is CallState.INTERRUPTED:
            return await self._continue(before, start)
        if taken := self._namesake(start.call) or await asyncio.to_thread(self.store.named, start.call):
            kind = "it is over" if taken == start.call else "ids may not differ by case only"
            text = f"There is a call {taken} already, and {kind}; start this one under another id."
            raise RefusedError(ErrorCode.CALL_EXISTS, text)
        return await self._begin(start)

    async def _begin(self, start: StartMessage) -> LiveCall:
        words = self._admit()
        call = CallInfo(
            id=start.call,
            agent=start.agent,
            title=start.title,
            layout=start.layout,
            rate=start.rate,
            started_at=start.started_at or datetime.now(UTC),
            keep_audio=start.keep_audio or self._keep_audio,
        )
        journal = Journal(call, self.store)
        await journal.tell([CallStartedMessage(0.0), *([] if words else [NotedMessage(0.0, TONE_ONLY)])])
        return self._run(journal, self._new_core(call), words)

    async def _continue(self, before: CallInfo, start: StartMessage) -> LiveCall:
        """Go on with a call whose server died. Raises `RefusedError`."""
        _check_same(before, start)
        last, progress = await asyncio.to_thread(read_progress, self.store, before)
        if progress.analysed:
            text = f"There is a call {before.id} already, and it was analysed; start this one under another id."
            raise RefusedError(ErrorCode.CALL_EXISTS, text)
        words = self._admit()
        standing, call = progress.standing(), structs.replace(before, state=CallState.LIVE, ended_at=None)
        journal = Journal(call, self.store, last)
        messages = standing.messages(before)
        await journal.tell([*messages, *([] if words else [NotedMessage(before.duration, TONE_ONLY)])])
        progress.feed(messages, before.duration)
        core = ContinuedCore(self._new_core(call), standing.continuation)
        core.switch_cues(standing.cues_on)
        return self._run(journal, core, words, progress)

    def _new_core(self, call: CallInfo) -> Core:
        engine, channels = self._engine, STEREO if len(call.layout.channels) == len(STEREO) else MONO
        return Core(channels, engine.settings, engine.rules, engine.models.vad, live=True)

    def _run(self, journal: Journal, core: AnyCore, words: bool, progress: Progress | None = None) -> LiveCall:
        call = journal.call
        audio = self.store.audio_path(call.id) if call.keep_audio else None
        session = LiveSession(call, core, audio, self.settings.silence_ends_s)
        live = LiveCall(session, journal, self._workers, self.metrics, self.settings, words, progress)
        self._live[call.id] = live
        if call.id in self.deleted:
            self.deleted.remove(call.id)
        watch = asyncio.create_task(self._forget(live))
        self._watching.add(watch)
        watch.add_done_callback(self._watching.discard)
        self._ring()
        if self._ended:  # meanwhile
            live.leave()
        return live

    async def _take_over(self, live: LiveCall, start: StartMessage) -> None:
        """Part a call from its feed if that is dead: a line that broke can look alive for long. Raises `RefusedError`.

        Two feeds that are both alive never take a call from each other in turn: the newcomer is refused.
        """
        _check_running(live, start)
        feeder = self._feeders.get(live.id)
        if feeder and not await feeder.alive() and self._feeders.get(live.id) is feeder:
            logger.warning("call %s: its feed answers no more; another connection takes over", live.id)
            await feeder.give_up()
            self.leave(live, feeder)

    def _take_up(self, live: LiveCall, start: StartMessage) -> LiveCall:
        _check_running(live, start)
        if live.id in self._feeders:
            raise RefusedError(ErrorCode.CALL_BUSY, f"Call {live.id} is being fed already; only one feed may.")
        live.set_feed(FeedState.FLOWING)
        return live

    async def _forget(self, live: LiveCall) -> None:
        await live.over.wait()
        del self._live[live.id]
        self._ring()

    def _note_deletion(self, call: str) -> None:
        self.deleted.append(call)
        self._ring()

    def _ring(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


def _check_running(live: LiveCall, start: StartMessage) -> None:
    """Raises `RefusedError` where a call that runs cannot be gone on with by this `start`."""
    if live.ending:
        raise RefusedError(ErrorCode.CALL_OVER, f"Call {live.id} is ending; start a new one under another id.")
    _check_same(live.journal.call, start)


def _check_same(call: CallInfo, start: StartMessage) -> None:
    """Raises `RefusedError` where this `start` is not the one that a call began with."""
    if (start.rate, start.layout) != (call.rate, call.layout):
        text = (
            f"Call {call.id} was started with {call.rate} Hz {call.layout.value}; "
            f"to go on it must be the same, but {start.rate} Hz {start.layout.value} came."
        )
        raise RefusedError(ErrorCode.START_DIFFERS, text)
    if (start.agent, start.title) != (call.agent, call.title):
        text = f"Call {call.id} was started with another agent or title; to go on it must be the same."
        raise RefusedError(ErrorCode.START_DIFFERS, text)
