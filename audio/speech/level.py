"""Levels: how loud a channel is right now, ten times a second, for meters. Never decides anything.

In: 16 kHz float32 of one channel, any cut. Out: a `Level` for each 100 ms of a fixed grid. State: what is too short
yet. Pure.
"""

import math
from dataclasses import dataclass

import numpy as np

from audio.frame import Channel, Samples, to_samples
from audio.speech.quality import FULL_SCALE

SPAN = to_samples(0.1)
FLOOR_DB = -120.0


@dataclass(frozen=True, slots=True)
class Level:
    at: int  # stream time at the end of the 100 ms it covers
    channel: Channel
    dbfs: float  # RMS, dB re full scale, -120 for digital silence
    clipped: int  # samples at full scale


class LevelMeter:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._waiting = np.zeros(0, np.float32)
        self._at = 0

    def feed(self, samples: Samples) -> list[Level]:
        self._waiting = np.concatenate((self._waiting, samples))
        levels = []
        while len(self._waiting) >= SPAN:
            levels.append(self._measure(self._waiting[:SPAN]))
            self._waiting = self._waiting[SPAN:]
        return levels

    def _measure(self, span: Samples) -> Level:
        self._at += SPAN
        power = float(np.add.reduce(np.square(span)) / SPAN)
        dbfs = 10 * math.log10(max(power, 10 ** (FLOOR_DB / 10)))
        return Level(self._at, self._channel, round(dbfs, 2), int(np.count_nonzero(np.abs(span) >= FULL_SCALE)))
