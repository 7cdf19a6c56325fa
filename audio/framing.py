"""Framing: lines the channels up and hands out rows of 20 ms frames, one of each channel at the same stream time.

In: 16 kHz float32 of any length, channel by channel. Out: rows `(Frame, ...)` in the order of the layout, as
soon as every channel has the next 20 ms. State: what is too short for a frame yet. So nothing downstream
depends on how the audio was cut, or on which channel came first.
"""

from typing import TypeAlias

import numpy as np

from audio.frame import FRAME, Channel, Frame, Samples

Row: TypeAlias = tuple[Frame, ...]


class Framing:
    def __init__(self, layout: tuple[Channel, ...]) -> None:
        self._waiting: dict[Channel, Samples] = {channel: np.zeros(0, np.float32) for channel in layout}
        self._start = 0  # stream time of the first waiting sample, the same for every channel

    def feed(self, channel: Channel, samples: Samples) -> list[Row]:
        self._waiting[channel] = np.concatenate((self._waiting[channel], samples))
        return self._rows(min(map(len, self._waiting.values())) // FRAME)

    def flush(self) -> list[Row]:
        """The rest, the shorter channels and the last frame filled up with silence."""
        count = -(-max(map(len, self._waiting.values())) // FRAME)
        for channel, samples in self._waiting.items():
            self._waiting[channel] = np.pad(samples, (0, count * FRAME - len(samples)))
        return self._rows(count)

    def _rows(self, count: int) -> list[Row]:
        rows = [
            tuple(
                Frame(channel, self._start + k * FRAME, samples[k * FRAME : (k + 1) * FRAME])
                for channel, samples in self._waiting.items()
            )
            for k in range(count)
        ]
        for channel in self._waiting:
            self._waiting[channel] = self._waiting[channel][count * FRAME :]
        self._start += count * FRAME
        return rows
