"""The intake: every source's PCM16 becomes 16 kHz float32, one array a channel.

In: int16 [n, channels] at any rate of 8 to 192 kHz, any cut. Out: (channel, samples) with stream time that
fits to 0.15 ms. State: less than 10 ms not yet resampled, and soxr's filters. Pure; runs on whatever thread feeds it.
soxr's variable-rate engine is taken although our rate is fixed: its filters work in the time domain and lag 10 to
30 ms behind, where the default engine's FFT blocks lag up to 120 ms at 8 kHz. It costs 0.3 % of a core at 48 kHz.
"""

import numpy as np
import soxr

from audio.errors import CalmlineError
from audio.frame import SAMPLE_RATE, Channel, Samples
from audio.sources.source import Pcm

LOWEST, HIGHEST = 8_000, 192_000  # Hz


class RateError(CalmlineError):
    """A sample rate that no telephone and no sound card has."""


def check_rate(rate: int) -> int:
    """The same rate. Raises RateError outside of what the intake resamples."""
    if not LOWEST <= rate <= HIGHEST:
        raise RateError(f"A sample rate of {LOWEST} to {HIGHEST} Hz was expected, but {rate} Hz came.")
    return rate


class Intake:
    """Turns one source's blocks into 16 kHz channels. The same samples come out whatever the cut."""

    def __init__(self, rate: int, layout: tuple[Channel, ...]) -> None:
        self._layout = layout
        self._block = check_rate(rate) // 100  # 10 ms: soxr always sees the same blocks
        self._waiting: Pcm = np.zeros((0, len(layout)), np.int16)
        self._resampler = None if rate == SAMPLE_RATE else soxr.ResampleStream(rate, SAMPLE_RATE, len(layout), vr=True)

    def feed(self, pcm: Pcm) -> list[tuple[Channel, Samples]]:
        """Every channel's next samples, equally many; fewer than fed, as filters lag. [pcm.shape=(n, channels)]"""
        if pcm.ndim != 2 or pcm.shape[1] != len(self._layout):
            raise ValueError(f"expected int16 of shape (n, {len(self._layout)}), got {pcm.shape}")
        self._waiting = np.concatenate((self._waiting, pcm))
        whole = len(self._waiting) // self._block * self._block
        blocks, self._waiting = self._waiting[:whole], self._waiting[whole:]
        step = self._block if self._resampler else max(whole, 1)
        return self._channels([self._resample(blocks[k : k + step]) for k in range(0, whole, step)])

    def flush(self) -> list[tuple[Channel, Samples]]:
        """The rest, the filters' tails included: in all, n * 16000 / rate samples, give or take two."""
        rest, self._waiting = self._waiting, self._waiting[:0]
        return self._channels([self._resample(rest, last=True)])

    def _resample(self, pcm: Pcm, last: bool = False) -> Samples:
        samples = pcm.astype(np.float32) / np.float32(32768)
        if self._resampler is None:
            return samples
        resampled: Samples = self._resampler.resample_chunk(samples, last=last)
        return resampled

    def _channels(self, parts: list[Samples]) -> list[tuple[Channel, Samples]]:
        if not any(map(len, parts)):
            return []
        columns = np.ascontiguousarray(np.concatenate(parts).T)
        return list(zip(self._layout, columns, strict=True))
