"""A live call: the asyncio shell around the pure core.

In: PCM16 and commands. Out: messages, for the call's journal. One task takes steps from one queue: they run on the
sound thread, where alone the core is touched; what comes of them is stored and shown; jobs go to the workers, and
their results come back as further steps. So nothing waits for a model, and nothing overtakes. Audio beyond the queue's
bound makes the feed wait; it is never dropped.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, structs

from audio.errors import CalmlineError
from audio.frame import Channel, to_seconds
from audio.ranges import Span, Wait
from models.tone.types import ToneJob
from models.words.types import WordsJob
from server.live.capacity import OverloadPolicy
from server.live.journal import Journal
from server.live.metrics import Metrics
from server.live.scheduler import Scheduler
from server.live.session import LiveSession
from server.live.steps import Audio, Command, Failure, Finish, Step
from server.pipeline.core import Job, Result, no_result
from server.protocol.calls import CallState
from server.protocol.events.call import CallEndedMessage, EndReason, FeedState, StatusMessage
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import DeviceMessage, PauseMessage, ResumeMessage, SwitchCuesMessage

logger = logging.getLogger(__name__)

TOGETHER = 10  # steps in one go at most: calls take turns on the sound thread


@dataclass(frozen=True, slots=True)
class LiveSettings:
    queue_blocks: Annotated[int, Meta(ge=1, le=100_000)] = 100  # blocks of at most 100 ms that may wait
    start_s: Span = 10.0  # seconds that a feed has to say which call it is
    stall_s: Span = 2.0  # seconds without audio after which a feed is shown as stalled
    grace_s: Wait = 30.0  # seconds that a call waits for a lost feed to come back
    calls_at_most: Annotated[int, Meta(ge=0, le=10_000)] = (
        0  # with words at once; 0: as many as this machine was measured to carry
    )
    overload_policy: OverloadPolicy = OverloadPolicy.REFUSE  # what becomes of a call more


class CallOverError(CalmlineError):
    """Audio or a command came for a call that has ended."""

    def __init__(self, call: str) -> None:
        super().__init__(f"Call {call} is over; start a new one under another id.")


class LiveCall:
    """Made on the event loop that it lives on. `over` is set once all of the call is stored and shown."""

    def __init__(
        self,
        session: LiveSession,
        journal: Journal,
        workers: Scheduler,
        metrics: Metrics,
        settings: LiveSettings,
        words: bool = True,
    ) -> None:
        """Without `words` every turn has none, and no words model is asked."""
        self.journal = journal
        self.words = words
        self.over = asyncio.Event()
        self.taken = 0  # frames of audio that the feed need not send again
        self.paused = False
        self.cues_on = True
        self.feed = FeedState.FLOWING
        self._session = session
        self._workers = workers
        self._metrics = metrics
        self._steps: asyncio.Queue[Step] = asyncio.Queue()
        self._room = asyncio.Semaphore(settings.queue_blocks)
        self._out: dict[asyncio.Future[Result], Job] = {}
        self._now = 0.0  # stream time in seconds
        self._waiting = 0  # frames taken but not heard yet
        self._shed = 0
        self._dropped: dict[Channel, int] = {}
        self._status: StatusMessage | None = None
        self._reason: EndReason | None = None
        self._task = asyncio.create_task(self._run())

    @property
    def id(self) -> str:
        return self.journal.call.id

    @property
    def ending(self) -> bool:
        """Whether it takes no more audio."""
        return self._reason is not None

    @property
    def frame_bytes(self) -> int:
        """The size of one frame: a sample of each channel."""
        return 2 * len(self.journal.call.layout.channels)

    async def take_audio(self, pcm: bytes) -> None:
        """Take whole frames of audio; waits while the queue is full. Raises `CallOverError`."""
        block = self.journal.call.rate // 10 * self.frame_bytes
        for start in range(0, len(pcm), block):
            await self._room.acquire()
            self._refuse_if_over()
            part = pcm[start : start + block]
            frames = len(part) // self.frame_bytes
            self.taken += frames
            if self.paused:
                self._room.release()
            else:
                self._waiting += frames
                self._steps.put_nowait(Audio(part, frames))

    def command(self, command: Command) -> None:
        """Take a command, in order with the audio; one that changes nothing is ignored. Raises `CallOverError`."""
        self._refuse_if_over()
        match command:
            case PauseMessage() | ResumeMessage():
                paused = isinstance(command, PauseMessage)
                if paused is self.paused:
                    return
                self.paused = paused  # from the next frame on
            case SwitchCuesMessage():
                if command.on is self.cues_on:
                    return
                self.cues_on = command.on
            case DeviceMessage():
                self._metrics.dropped.inc(max(0, command.dropped - self._dropped.get(command.channel, 0)))
                self._dropped[command.channel] = command.dropped
        self._steps.put_nowait(command)

    def set_feed(self, feed: FeedState) -> None:
        """Change the feed's state, and show it at once."""
        if feed is not self.feed:
            self.feed = feed
            self._show(self.status())

    def finish(self, reason: EndReason) -> None:
        """No more audio comes. Wait for `over` to know that the last words are there."""
        if self._reason is None:
            self._steps.put_nowait(Finish())
            self._reason = reason

    def status(self) -> StatusMessage:
        """How the call keeps up at this moment."""
        finals = [job.at for job in self._out.values() if isinstance(job, WordsJob) and job.final]
        return StatusMessage(
            at=self._now,
            feed=FeedState.PAUSED if self.paused and self.feed is FeedState.FLOWING else self.feed,
            lag=round(self._waiting / self.journal.call.rate, 3),
            words_lag=max(0.0, round(self._now - to_seconds(min(finals)), 3)) if finals else 0.0,
            shed=self._shed,
            dropped=sum(self._dropped.values()),
            stored=self.journal.stored,
        )

    async def _run(self) -> None:
        try:
            while self._reason is None or self._out or not self._steps.empty():
                await self._take([await self._steps.get(), *self._gathered()])
        except Exception as error:
            logger.exception("call %s failed", self.id)
            self._reason = EndReason.FAILED
            text = f"The call cannot be followed any further, through a fault in the program: {error!r}."
            await self.journal.tell([ErrorMessage(ErrorCode.CALL_FAILED, text)])
        await self._end(self._reason)

    def _gathered(self) -> list[Step]:
        """More steps that wait: those of a busy server are taken in one go, which costs it less."""
        return [self._steps.get_nowait() for _ in range(min(self._steps.qsize(), TOGETHER - 1))]

    async def _take(self, steps: list[Step]) -> None:
        """Run steps on the sound thread, send out their jobs, and pass on the messages."""
        outputs, self._now = await self._workers.on_sound(
            lambda: ([output for step in steps for output in self._session.feed(step)], self._session.now)
        )
        for step in steps:
            if isinstance(step, Audio):
                self._waiting -= step.frames
                self._room.release()
        for job in outputs:
            if isinstance(job, ToneJob | WordsJob):
                self._start(job)
        self._metrics.count(outputs)
        self.journal.call = structs.replace(self.journal.call, duration=self._now)
        await self.journal.tell([output for output in outputs if not isinstance(output, ToneJob | WordsJob)])
        status = self.status()
        if self._status is None or _worth_showing(status, self._status):
            self._show(status)

    def _start(self, job: Job) -> None:
        if isinstance(job, WordsJob) and not self.words:
            if job.final:
                self._steps.put_nowait(no_result(job))
            return
        future = self._workers.start(self.id, job)
        self._out[future] = job
        future.add_done_callback(self._came_back)

    def _came_back(self, future: asyncio.Future[Result]) -> None:
        job = self._out.pop(future)
        if future.cancelled():
            self._shed += 1
            self._metrics.shed.inc()
        elif error := future.exception():
            self._steps.put_nowait(Failure(job, error))
        else:
            self._steps.put_nowait(future.result())

    async def _end(self, reason: EndReason) -> None:
        await self._workers.on_sound(self._session.close)
        call = structs.replace(self.journal.call, state=CallState.ENDED, ended_at=datetime.now(UTC))
        self.journal.call = call
        await self.journal.tell([CallEndedMessage(self._now, reason)])
        self.journal.close()
        self.over.set()
        self._room.release()  # a feed that waits for room learns that the call is over

    def _refuse_if_over(self) -> None:
        if self._reason is not None:
            raise CallOverError(self.id)

    def _show(self, status: StatusMessage) -> None:
        self._status = status
        self.journal.tell_now(status)


def _worth_showing(status: StatusMessage, shown: StatusMessage) -> bool:
    """Once a second of stream time, and whenever something is wrong or right again."""
    return (int(status.at), status.feed, status.stored) != (int(shown.at), shown.feed, shown.stored)
