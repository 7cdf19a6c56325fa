"""A live call: the asyncio shell around the pure core.

In: PCM16 and commands. Out: messages, for the call's journal. One task takes steps from one inbox: they run on the
sound thread, where alone the core is touched; what comes of them is stored and shown; jobs go to the workers, and
their results come back as further steps. So nothing waits for a model, and nothing overtakes. Audio beyond the inbox's
bound makes the feed wait, and so does audio whose words or tone are too far behind; it is never dropped. A call whose
feed stays away, or that stays paused, ends by the clock; one in which nobody speaks ends by stream time.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, structs

from audio.errors import CalmlineError
from audio.frame import Channel
from audio.ranges import Span, Wait
from models.tone.types import ToneJob
from models.words.types import WordsJob
from server.live.inbox import Inbox
from server.live.journal import Journal
from server.live.metrics import Metrics
from server.live.outstanding import Outstanding
from server.live.patience import Limits, Patience
from server.live.progress import Progress
from server.live.scheduling.capacity import OverloadPolicy
from server.live.scheduling.scheduler import Scheduler
from server.live.session import LiveSession
from server.live.steps import Audio, Command, Failure, Finish, Pause, Resume, Step
from server.pipeline.core import Job, Result, no_result
from server.protocol.calls import CallState
from server.protocol.events.call import CallEndedMessage, EndReason, FeedState, StatusMessage
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import DeviceMessage, NoteMessage, PauseMessage, ResumeMessage, SwitchCuesMessage

logger = logging.getLogger(__name__)

TOGETHER = 10  # steps in one go at most: calls take turns on the sound thread
TOGETHER_AHEAD = 3  # of a call that is ahead of the clock, so that the others need not wait long for it
SHOW_EVERY_S = 1.0  # seconds between statuses where audio waits and stream time stands still
CUT_SHORT_S = 0.5  # seconds for the last steps of a call that is cut short


@dataclass(frozen=True, slots=True)
class LiveSettings:
    queue_blocks: Annotated[int, Meta(ge=1, le=100_000)] = 100  # blocks of at most 100 ms that may wait
    words_ahead_s: Span = 60.0  # seconds of turns without words yet that slow a fast feed down
    start_s: Span = 10.0  # seconds that a feed has to say which call it is
    stall_s: Span = 2.0  # seconds without audio after which a feed is shown as stalled
    idle_ends_s: Wait = 120.0  # seconds without audio after which a feed counts as lost; 0: never
    grace_s: Wait = 30.0  # seconds that a call waits for a lost feed to come back
    silence_ends_s: Wait = 600.0  # seconds of audio in which nobody speaks that end a call; 0: it goes on
    pause_ends_s: Wait = 3600.0  # seconds of pause that end a call; 0: it goes on
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
        progress: Progress | None = None,
    ) -> None:
        """Without `words` every turn has none, and no words model is asked. `progress`: how far the call had come in
        another process, which died."""
        self.journal = journal
        self.words = words
        self.over = asyncio.Event()
        self._progress = progress or Progress(journal.call)
        standing = self._progress.standing()
        self.taken = standing.frame  # frames of audio that the feed need not send again
        self.stored_frames = standing.frame  # those that it need not even if this process dies
        self.paused = standing.paused
        self.cues_on = standing.cues_on
        self.feed = FeedState.FLOWING
        self._session = session
        self._workers = workers
        self._metrics = metrics
        self._inbox = Inbox(settings.queue_blocks)
        self._out = Outstanding(settings.words_ahead_s)
        limits = Limits(settings.idle_ends_s or None, settings.grace_s, settings.pause_ends_s or None)
        self._patience = Patience(limits, self._inbox, lambda: self.set_feed(FeedState.LOST), self.finish)
        self._now = session.now  # stream time in seconds
        self._finished = False  # no more audio is followed; results may still be out
        self._cut_short = False  # the server shuts down, and waits for the models no longer
        self._shed = 0
        self._dropped: dict[Channel, int] = {}
        self._status: StatusMessage | None = None  # as shown last
        self._lag_timer: asyncio.TimerHandle | None = None
        self._without_words = 0  # turns that waited for their words when the call was cut short
        self._ending = False
        self._reason: EndReason | None = None  # why it ends; None: its server stops, and the next one may go on with it
        self._patience.feed_is(self.feed, self.paused)
        self._task = asyncio.create_task(self._run())

    @property
    def id(self) -> str:
        return self.journal.call.id

    @property
    def ending(self) -> bool:
        """Whether it takes no more audio."""
        return self._ending

    @property
    def left(self) -> bool:
        """Whether its server stops before it has ended. It is not over then: another server may go on with it."""
        return self._ending and (self._reason is None or self._cut_short)

    @property
    def frame_bytes(self) -> int:
        """The size of one frame: a sample of each channel."""
        return 2 * len(self.journal.call.layout.channels)

    async def take_audio(self, pcm: bytes) -> None:
        """Take whole frames of audio; waits while there is no room. Raises `CallOverError`."""
        rate = self.journal.call.rate
        block = rate // 10 * self.frame_bytes
        for start in range(0, len(pcm), block):
            await self._inbox.room()
            self._refuse_if_over()
            self._patience.audio_came()
            part = pcm[start : start + block]
            frames = len(part) // self.frame_bytes
            self.taken += frames
            if not self.paused:
                self._inbox.put_audio(Audio(part), frames / rate)

    def command(self, command: Command) -> None:
        """Take a command, in order with the audio; one that changes nothing is ignored. Raises `CallOverError`."""
        self._refuse_if_over()
        match command:
            case PauseMessage() | ResumeMessage():
                paused = isinstance(command, PauseMessage)
                if paused is self.paused:
                    return
                self.paused = paused  # from the next frame on
                self._patience.feed_is(self.feed, paused)
                self._inbox.put(Pause(self.taken) if paused else Resume(self.taken))
            case SwitchCuesMessage():
                if command.on is not self.cues_on:
                    self.cues_on = command.on
                    self._inbox.put(command)
            case DeviceMessage():
                self._metrics.dropped.inc(max(0, command.dropped - self._dropped.get(command.channel, 0)))
                self._dropped[command.channel] = command.dropped
                self._inbox.put(command)
            case NoteMessage():
                self._inbox.put(command)

    def set_feed(self, feed: FeedState) -> None:
        """Change the feed's state, and show it at once. A lost feed has a while to come back, then the call ends."""
        if feed is not self.feed and not self.ending:
            self.feed = feed
            self._show(self.status())
            self._patience.feed_is(feed, self.paused)

    def finish(self, reason: EndReason) -> None:
        """No more audio comes. Wait for `over` to know that the last words are there."""
        if not self._ending:
            self._reason = reason
            self.leave()

    def leave(self) -> None:
        """The server stops: keep what there is, words of open turns included, and leave the rest to the next server."""
        if not self._ending:
            self._ending = True
            self._patience.close()
            self._inbox.put(Finish())

    async def shut_down(self, patience_s: float) -> bool:
        """Leave the call, or let it end: audio and models get `patience_s` seconds, and no more.

        Returns whether nothing was left undone.
        """
        self.leave()
        if await self._ends_within(patience_s):
            return True
        self._cut_short = True
        self._without_words = self._out.turns
        self._out.cancel()
        self._inbox.wake()
        if not await self._ends_within(CUT_SHORT_S):
            self._task.cancel()
            await self._ends_within(CUT_SHORT_S)
        return False

    def status(self) -> StatusMessage:
        """How the call keeps up at this moment."""
        return StatusMessage(
            at=self._now,
            feed=FeedState.PAUSED if self.paused and self.feed is FeedState.FLOWING else self.feed,
            lag=round(self._inbox.lag_s, 3),
            words_lag=self._out.words_lag(self._now),
            tone_lag=self._out.tone_lag(self._now),
            shed=self._shed,
            dropped=sum(self._dropped.values()),
            stored=self.journal.stored,
        )

    async def _run(self) -> None:
        try:
            errors = await self._follow()
            self._patience.close()
            await self._close_journal(errors)
        finally:
            self.journal.close()
            self.over.set()
            self._inbox.close()  # a feed that waits for room learns that the call is over

    async def _close_journal(self, errors: list[ErrorMessage]) -> None:
        """Tell how the call ended; of one that is left, only what was left undone."""
        call = self.journal.call
        if self._reason is None or self.left:
            self.journal.call = structs.replace(call, state=CallState.INTERRUPTED)
            self.journal.keep_call()
            await self.journal.tell(errors)
        else:
            self.journal.call = structs.replace(call, state=CallState.ENDED, ended_at=datetime.now(UTC))
            await self.journal.tell([*errors, CallEndedMessage(self._now, self._reason)])

    async def _follow(self) -> list[ErrorMessage]:
        """Take steps until the call is over. What went wrong in the end, if anything did."""
        try:
            await self._take_steps()
        except asyncio.CancelledError:
            logger.error("Call %s was ended in the middle of a step that did not end.", self.id)
        except Exception as error:
            logger.exception("call %s failed", self.id)
            self._ending, self._reason = True, EndReason.FAILED
            await self._workers.on_sound(self.id, self._session.close)
            text = f"The call cannot be followed any further, through a fault in the program: {error!r}."
            return [ErrorMessage(ErrorCode.CALL_FAILED, text)]
        return self._left_out()

    async def _take_steps(self) -> None:
        while not self._cut_short and (not self._finished or self._out or self._inbox.has_results):
            ahead = self._inbox.ahead and not self.left
            held = self._out.must_catch_up(ahead)
            with self._showing_lag():
                if steps := self._inbox.take(TOGETHER_AHEAD if ahead else TOGETHER, held):
                    await self._take(steps, ahead)
                else:
                    await self._inbox.changed()

    async def _take(self, steps: list[Step], ahead: bool) -> None:
        """Run steps on the sound thread, send out their jobs, and pass on the messages."""
        session = self._session
        outputs, self._now, self._finished = await self._workers.on_sound(
            self.id, lambda: ([it for step in steps for it in session.feed(step)], session.now, session.finished), ahead
        )
        self._inbox.done(steps)
        if self._finished:
            self.finish(EndReason.SILENCE)  # unless it ends for another reason: the session found that nobody speaks
        for job in outputs:
            if isinstance(job, ToneJob | WordsJob):
                self._start(job, ahead)
        self._metrics.count(outputs)
        self.journal.call = structs.replace(self.journal.call, duration=self._now)
        messages = [output for output in outputs if not isinstance(output, ToneJob | WordsJob)]
        await self.journal.tell(messages)
        self._progress.feed(messages, self._now)
        if self.journal.stored:
            self.stored_frames = self._progress.frame
        status = self.status()
        if self._status is None or _worth_showing(status, self._status):
            self._show(status)

    def _start(self, job: Job, ahead: bool) -> None:
        if isinstance(job, WordsJob) and not self.words:
            if job.final:
                self._inbox.put_result(no_result(job))
            return
        future = self._workers.start(self.id, job, ahead)
        self._out.add(future, job)
        future.add_done_callback(self._came_back)

    def _came_back(self, future: asyncio.Future[Result]) -> None:
        job = self._out.remove(future)
        if not future.cancelled():
            error = future.exception()
            self._inbox.put_result(Failure(job, error) if error else future.result())
        elif not self._cut_short:
            self._shed += 1
            self._metrics.shed.inc()

    def _left_out(self) -> list[ErrorMessage]:
        """What shutdown did not wait for, in one sentence."""
        if not self._cut_short:
            return []
        text = (
            f"The server was shut down before all was done: {self._inbox.audio_s:.1f} s of audio were not followed, "
            f"and {self._without_words} turns have no words yet."
        )
        return [ErrorMessage(ErrorCode.CUT_SHORT, text)]

    def _refuse_if_over(self) -> None:
        if self._ending:
            raise CallOverError(self.id)

    async def _ends_within(self, seconds: float) -> bool:
        await asyncio.wait({self._task}, timeout=seconds)
        return self._task.done()

    @contextmanager
    def _showing_lag(self) -> Iterator[None]:
        """While audio waits, show each second how late it is, even where stream time stands still."""
        if self._inbox.has_audio:
            self._show_lag_later()
        try:
            yield
        finally:
            if self._lag_timer:
                self._lag_timer.cancel()

    def _show_lag_later(self) -> None:
        self._lag_timer = asyncio.get_running_loop().call_later(SHOW_EVERY_S, self._show_lag)

    def _show_lag(self) -> None:
        self._show(self.status())
        self._show_lag_later()

    def _show(self, status: StatusMessage) -> None:
        self._status = status
        self.journal.tell_now(status)


def _worth_showing(status: StatusMessage, shown: StatusMessage) -> bool:
    """Once a second of stream time, and whenever something is wrong or right again."""
    return (int(status.at), status.feed, status.stored) != (int(shown.at), shown.feed, shown.stored)
