"""Framing: cuts one channel into frames of 20 ms, each with its stream time.

In: 16 kHz float32 of any length. Out: the frames that are complete. State: what is too short for a frame yet. So
nothing downstream depends on how the audio was cut.
"""

import numpy as np

from audio.frame import FRAME, Channel, Frame, Samples

_NOTHING = np.zeros(0, np.float32)


class Framer:
    """The frames of one channel."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._rest: Samples = _NOTHING
        self._start = 0  # stream time of the rest

    @property
    def end(self) -> int:
        """Stream time just after the last sample fed."""
        return self._start + len(self._rest)

    def feed(self, samples: Samples) -> list[Frame]:
        """The frames that these samples complete. [shape=(n,)]"""
        samples = np.concatenate((self._rest, samples)) if len(self._rest) else samples
        count = len(samples) // FRAME
        frames = [
            Frame(self.channel, self._start + k * FRAME, samples[k * FRAME : (k + 1) * FRAME]) for k in range(count)
        ]
        self._start += count * FRAME
        rest = samples[count * FRAME :]
        self._rest = rest.copy() if len(rest) else _NOTHING  # a view would keep the whole block
        return frames

    def fill(self, until: int) -> list[Frame]:
        """The rest of the channel, filled up with silence until stream time `until`, a whole number of frames."""
        return self.feed(np.zeros(until - self.end, np.float32))
