"""Alignment: two sound cards with two clocks become one stream of two channels on one stream time.

In: blocks of PCM16 with the moment at which each arrived (monotonic seconds, the same clock for both). Out: 16 kHz
int16 [n, 2]. Each device is resampled on its own; its count of samples is held against the clock, and the resampler's
ratio is bent by at most 0.1 % until they agree: a card whose clock is 200 ppm off stays within 5 ms of true time, for
hours. What is off by more than 30 ms is no drift but a jump, cut or filled within 2 s. A device that delivers nothing
is silent, and the other goes on. State: what one device has delivered and the other not yet. Pure: the clock comes in.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from audio.frame import FRAME, SAMPLE_RATE, STEREO, Channel, Samples
from audio.sources.source import Pcm

BEND = 0.001  # of the rate: 1.7 cents, which nobody hears and no pitch tracker sees
PULL_S = 10.0  # lateness is worked off over about this long
WINDOW_S = 2.0  # blocks arrive late, never early: the least late of this window tells the truth
JUMP_S = 0.03  # further off than this is lost or doubled sound, not drift
PATIENCE_S = 0.25  # how long one channel waits for the other


@dataclass(frozen=True, slots=True)
class Captured:
    """One block of one device."""

    at: float  # monotonic seconds, when its last sample was there
    rate: int  # Hz
    pcm: NDArray[np.int16]  # [shape=(n,)]
    lost: int = 0  # samples that found no room just before this block
    flagged: int = 0  # status flags of the sound card since the block before


@dataclass(frozen=True, slots=True)
class Change:
    """From here on the channel is silent because no sound comes, or has sound again."""

    at: int  # stream time
    channel: Channel
    silent: bool


class Alignment:
    def __init__(self, origin: float) -> None:
        self._origin = origin  # monotonic seconds at stream time 0
        self._front = 0  # stream time up to which samples were taken
        self._lanes = {channel: _Lane() for channel in STEREO}

    def feed(self, channel: Channel, block: Captured) -> None:
        self._lanes[channel].feed(block, (block.at - self._origin) * SAMPLE_RATE)

    def take(self, now: float) -> tuple[Pcm, list[Change]]:
        """What both channels have, in whole frames; and what is overdue at `now`, with silence in place of it."""
        overdue = round((now - self._origin - PATIENCE_S) * SAMPLE_RATE)
        end = max(min(lane.ready for lane in self._lanes.values()), overdue)
        count = max(end - self._front, 0) // FRAME * FRAME
        changes, columns = [], []
        for channel, lane in self._lanes.items():
            was_silent = lane.silent
            columns.append(lane.take(self._front + count))
            if lane.silent != was_silent:
                changes.append(Change(lane.turned, channel, lane.silent))
        self._front += count
        return np.rint(np.stack(columns, axis=1) * 32768).clip(-32768, 32767).astype(np.int16), changes


class _Lane:
    """One device's samples on the common stream time."""

    def __init__(self) -> None:
        self.silent = False  # what was last taken lacked sound
        self.turned = 0  # stream time at which it became silent, or was heard again
        self._held: Samples = np.zeros(0, np.float32)  # resampled, not yet taken
        self._start = 0  # stream time of the first held sample
        self._skip = 0  # of what the resampler gives next: its time was taken already
        self._placed = False  # or else the next block is placed by the clock
        self._resampler: soxr.ResampleStream
        self._rate = 0
        self._fed = 0.0  # stream time up to which the device's samples reach, by counting
        self._begun = 0  # where the sound begins that was placed last
        self._late: deque[tuple[float, float]] = deque()  # (arrival, arrival - fed), samples

    @property
    def ready(self) -> int:
        return self._start + len(self._held)

    def feed(self, block: Captured, arrival: float) -> None:
        if not self._placed or block.rate != self._rate:
            self._place(arrival - len(block.pcm) * SAMPLE_RATE / block.rate, block.rate)
        elif block.lost:
            self._resample(np.zeros(block.lost, np.float32))
        self._resample(block.pcm.astype(np.float32) / np.float32(32768))
        self._late.append((arrival, arrival - self._fed))
        while self._late[0][0] < arrival - WINDOW_S * SAMPLE_RATE:
            self._late.popleft()
        if self._jumped():
            self._placed = False

    def take(self, end: int) -> Samples:
        """Everything up to `end`, the end filled with silence where nothing came."""
        count = end - self._start
        taken, self._held = self._held[:count], self._held[count:]
        lacking = count - len(taken)
        if lacking:
            self._placed = False
        if count and self.silent != bool(lacking):
            self.silent = not self.silent
            self.turned = end - lacking if self.silent else self._begun
        self._start = end
        return np.pad(taken, (0, lacking))

    def _place(self, begin: float, rate: int) -> None:
        """What is fed next begins at stream time `begin`: fills the gap before it, or cuts what lies beyond."""
        length = round(begin) - self._start
        self._skip = max(-length, 0)
        self._held = self._held[: max(length, 0)]
        self._held = np.pad(self._held, (0, max(length - len(self._held), 0)))
        self._resampler = soxr.ResampleStream(rate * (1 + BEND), SAMPLE_RATE, 1, vr=True)
        self._resampler.set_io_ratio(rate, SAMPLE_RATE)
        self._placed, self._rate, self._fed = True, rate, begin
        self._begun = self._start + max(length, 0)
        self._late.clear()

    def _resample(self, samples: Samples) -> None:
        behind_s = self._least_late() / SAMPLE_RATE
        rate = self._rate * (1 - min(max(behind_s / PULL_S, -BEND), BEND))
        self._resampler.set_io_ratio(rate, SAMPLE_RATE, len(samples))
        resampled = self._resampler.resample_chunk(samples)
        self._fed += len(samples) * SAMPLE_RATE / rate
        self._held = np.concatenate((self._held, resampled[self._skip :]))
        self._skip = max(self._skip - len(resampled), 0)

    def _least_late(self) -> float:
        return min((late for _, late in self._late), default=0.0)

    def _jumped(self) -> bool:
        """Early is sure at once; late only when no block of a whole window was in time."""
        least, seen = self._least_late(), self._late[-1][0] - self._late[0][0]
        if least < 0:
            return least < -JUMP_S * SAMPLE_RATE
        return least > JUMP_S * SAMPLE_RATE and seen > 0.9 * WINDOW_S * SAMPLE_RATE
