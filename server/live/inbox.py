"""What waits for a live call's next go on the sound thread: results of the models, and what the feed and pages sent.

Audio and commands stay in the order in which they came. Results overtake them, and are taken even while audio is held
until the models have caught up. Audio has a bound, beyond which the feed waits. Keeps when audio came, so that it can
say how late the oldest of it is, and whether the feed is ahead of the clock. Lives on the event loop.
"""

import asyncio
from collections import deque
from time import monotonic

from server.live.steps import Audio, Failure, Input, Step
from server.pipeline.core import Result

AHEAD_S = 5.0  # seconds that a feed may be ahead of the clock and still count as live: audio comes in bursts
DECAY = 0.1  # seconds of a lead forgotten each second: a live call that once caught up is live again


class Inbox:
    def __init__(self, blocks: int) -> None:
        """At most `blocks` of audio wait."""
        self._blocks = blocks
        self._results: deque[Result | Failure] = deque()
        self._inputs: deque[Input] = deque()
        self._arrivals: deque[tuple[float, float]] = (
            deque()
        )  # of the audio not done yet: when by the clock, and seconds
        self._lead_s = 0.0  # of the audio before the clock, when the latest came
        self._lead_at = monotonic()
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._closed = False

    @property
    def lag_s(self) -> float:
        """How long the oldest audio that is not done yet has been here."""
        return monotonic() - self._arrivals[0][0] if self._arrivals else 0.0

    @property
    def audio_s(self) -> float:
        """Seconds of audio that are not done yet."""
        return sum(seconds for _, seconds in self._arrivals)

    @property
    def ahead(self) -> bool:
        """Whether the feed has sent more audio than time has passed."""
        return self._lead_now() > AHEAD_S

    @property
    def has_results(self) -> bool:
        return bool(self._results)

    @property
    def has_audio(self) -> bool:
        return bool(self._arrivals)

    async def room(self) -> None:
        """Wait until there is room for more audio, or the inbox is closed."""
        while len(self._arrivals) >= self._blocks and not self._closed:
            self._room.clear()
            await self._room.wait()

    def put(self, step: Input) -> None:
        self._inputs.append(step)
        self._changed.set()

    def put_audio(self, audio: Audio, seconds: float) -> None:
        self._lead_s, self._lead_at = self._lead_now() + seconds, monotonic()
        self._arrivals.append((self._lead_at, seconds))
        self._inputs.append(audio)
        self._changed.set()

    def put_result(self, result: Result | Failure) -> None:
        self._results.append(result)
        self._changed.set()

    def take(self, most: int, held: bool) -> list[Step]:
        """Take out every result, and `most` of the other steps at most; while audio is `held`, none of those."""
        count = 0 if held else min(most, len(self._inputs))
        steps: list[Step] = [*self._results, *(self._inputs.popleft() for _ in range(count))]
        self._results.clear()
        return steps

    def done(self, steps: list[Step]) -> None:
        """The audio among these steps is followed now: there is room for more."""
        for step in steps:
            if isinstance(step, Audio):
                self._arrivals.popleft()
                self._room.set()

    async def changed(self) -> None:
        """Wait until something is put. Nothing may have been since the last `take`."""
        self._changed.clear()
        await self._changed.wait()

    def wake(self) -> None:
        """Let whoever waits for a change look around."""
        self._changed.set()

    def close(self) -> None:
        """No more is taken: a feed that waits for room need not."""
        self._closed = True
        self._room.set()

    def _lead_now(self) -> float:
        return max(0.0, self._lead_s - (1 + DECAY) * (monotonic() - self._lead_at))
