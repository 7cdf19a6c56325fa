"""How long a call goes on without audio, by the clock: a feed that sends nothing holds no place for ever.

A feed that is connected and sends nothing counts as lost after a while; a lost one has some time to come back; a pause
has a limit of its own. In: how the feed stands, and that audio came. Out: calls of what was given. State: one timer,
which is set anew only when it goes off or the feed changes. Lives on the event loop.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from server.live.inbox import Inbox
from server.protocol.events.call import EndReason, FeedState


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds; None: for ever."""

    idle_s: float | None  # without audio from a feed that is connected
    grace_s: float  # for a lost feed to come back
    pause_s: float | None


class Patience:
    def __init__(
        self, limits: Limits, inbox: Inbox, lose: Callable[[], None], end: Callable[[EndReason], None]
    ) -> None:
        """A feed whose audio still waits in the `inbox` is not idle: it may be waiting for us."""
        self._limits = limits
        self._inbox = inbox
        self._lose = lose
        self._end = end
        self._lost = self._paused = False
        self._since = monotonic()
        self._timer: asyncio.TimerHandle | None = None
        self._check()

    def feed_is(self, feed: FeedState, paused: bool) -> None:
        """The feed may have changed, or the pause."""
        now = feed is FeedState.LOST, paused
        if now != (self._lost, self._paused):
            self._lost, self._paused = now
            self._since = monotonic()
            self._check()

    def audio_came(self) -> None:
        if not self._paused and not self._lost:
            self._since = monotonic()

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        """Act if it is time; come back when it may be."""
        self.close()
        limit = self._limit()
        if limit is None:
            return
        if self._inbox.has_audio:
            self.audio_came()
        left = limit - (monotonic() - self._since)
        if left > 0:
            self._timer = asyncio.get_running_loop().call_later(left, self._check)
        elif self._lost:
            self._end(EndReason.LOST)
        elif self._paused:
            self._end(EndReason.PAUSED)
        else:
            self._lose()

    def _limit(self) -> float | None:
        if self._lost:
            return self._limits.grace_s
        return self._limits.pause_s if self._paused else self._limits.idle_s
