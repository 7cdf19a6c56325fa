"""History: the last seconds of one channel, to be cut by stream time.

In: 16 kHz float32, any cut. Out: copies of stretches of it. State: a buffer a fifth longer than the longest stretch,
filled from the left and moved back to it when full: some copying for little memory, which stays flat. Pure.
"""

import numpy as np

from audio.frame import Samples, to_samples


class History:
    def __init__(self, longest_s: float) -> None:
        self._longest = to_samples(longest_s)
        self._buffer = np.zeros(self._longest + self._longest // 5, np.float32)
        self._used = 0
        self._end = 0

    @property
    def end(self) -> int:
        """Stream time just after the last sample appended."""
        return self._end

    def append(self, samples: Samples) -> None:
        self._end += len(samples)
        samples = samples[-self._longest :]
        if self._used + len(samples) > len(self._buffer):
            kept = self._longest - len(samples)
            self._buffer[:kept] = self._buffer[self._used - kept : self._used]
            self._used = kept
        self._buffer[self._used : self._used + len(samples)] = samples
        self._used += len(samples)

    def cut(self, start: int, end: int) -> Samples:
        """The stretch `start`..`end` of stream time [shape=(end - start,)], a copy.

        What is held no longer, or was never there, is silence, so its length and its times are always right.
        """
        first = self._end - self._used  # stream time of buffer[0]
        held = self._buffer[max(start - first, 0) : max(min(end - first, self._used), 0)]
        cut = np.zeros(end - start, np.float32)
        offset = max(first - start, 0)
        cut[offset : offset + len(held)] = held
        return cut
