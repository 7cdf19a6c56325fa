"""Prosody: how a voice moves, one value every 10 ms hop, on numpy.

In: 16 kHz float32 of one channel, any cut. Out: `ProsodyBlock`s, columns of ten hops each (100 ms), on a
fixed grid of stream time, so the values do not depend on how the audio was cut; a block comes 115 ms after its end,
for pitch and syllables look at what follows. State: two blocks of samples and values. Pure; a block costs about 0.5 ms,
and a third less where several come at once. `audio/prosody/window.py` sums up the last seconds of speech.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.frame import HOP, SAMPLE_RATE, Samples
from audio.prosody.pitch import HOPS, NFFT, TAPER, WINDOW, Floats, Pitch, PitchTracker, power_spectra
from audio.prosody.syllables import SyllableFinder

BLOCK = HOPS * HOP  # samples
FLOOR = 1e-12  # power, -120 dB re full scale
LINE = (300.0, 1000.0, 3400.0)  # Hz: what every phone line carries, and where its energy is split for the tilt

_AROUND = (WINDOW - HOP) // 2  # a hop's window is centred on it and reaches so far beyond
LATE = BLOCK + _AROUND  # samples after its end at which a block comes
LEAD_IN = 3  # blocks before speech that are measured with it: pitch and syllables look back
_MEAN_SQUARE = np.float32(2 / (NFFT * np.square(TAPER).sum()))  # of a window, from the sum of its power spectrum
_BAND = np.searchsorted(np.fft.rfftfreq(NFFT, 1 / SAMPLE_RATE), LINE)


@dataclass(frozen=True, slots=True)
class ProsodyBlock:
    """Columns over hops; hop k covers stream time start + k * HOP. All arrays [shape=(10,)]."""

    start: int
    f0: Floats  # Hz, 0 where unvoiced
    loudness: Floats  # dB re full scale (RMS)
    tilt: Floats  # dB, energy at 1000-3400 Hz against 300-1000 Hz: rises with vocal effort
    harmonicity: Floats  # dB, harmonics-to-noise ratio
    syllable: NDArray[np.bool_]  # a syllable nucleus lies in this hop


@dataclass(frozen=True, slots=True)
class _Measured:
    """What one block tells by itself."""

    loudness: Floats
    tilt: Floats


class Prosody:
    """The prosody of one channel."""

    def __init__(self) -> None:
        self._pitch = PitchTracker()
        self._syllables = SyllableFinder()
        self._waiting = np.zeros(_AROUND, np.float32)
        self._before: _Measured | None = None
        self._start = 0  # stream time of the next block to come out

    def feed(self, samples: Samples) -> list[ProsodyBlock]:
        self._waiting = np.concatenate((self._waiting, samples))
        count = self._whole()
        if count == 0:
            return []
        blocks = self._take(self._waiting[: count * BLOCK + 2 * _AROUND])
        self._waiting = self._waiting[count * BLOCK :]
        return blocks

    def pass_over(self, samples: Samples) -> None:
        """Hear samples in which nobody speaks: blocks are missing then, up to `LEAD_IN` before what is fed next."""
        self._waiting = np.concatenate((self._waiting, samples))
        count = self._whole() - LEAD_IN
        if count > 0:
            self._waiting = self._waiting[count * BLOCK :]
            self._start += (count + (self._before is not None)) * BLOCK
            self._before = None
            self._pitch.pass_over(count * HOPS)
            self._syllables.pass_over(count * HOPS)

    def flush(self) -> list[ProsodyBlock]:
        """The blocks still held back, the last one filled up with silence."""
        measured = self._start + (BLOCK if self._before else 0)
        end = measured + len(self._waiting) - _AROUND
        wanted = -(-end // BLOCK) * BLOCK
        return self.feed(np.zeros(wanted + BLOCK + _AROUND - end, np.float32))

    def _whole(self) -> int:
        """Blocks that can be measured."""
        return max(0, (len(self._waiting) - 2 * _AROUND) // BLOCK)

    def _take(self, samples: Samples) -> list[ProsodyBlock]:
        """Measures blocks; gives the one before each, for which it holds what follows."""
        windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
        power = power_spectra(windows)
        low, high = _line_bands(power)
        loudness, tilt, level = _loudness(power), _db(high) - _db(low), _db(low + high)
        blocks = []
        for k, pitch in enumerate(self._pitch.feed(windows, power)):
            block = slice(k * HOPS, (k + 1) * HOPS)
            before, self._before = self._before, _Measured(loudness[block], tilt[block])
            syllable = self._syllables.feed(level[block], pitch)
            if before is not None and pitch is not None and syllable is not None:
                harmonicity = _harmonicity(pitch)
                blocks.append(ProsodyBlock(self._start, pitch.f0, before.loudness, before.tilt, harmonicity, syllable))
                self._start += BLOCK
        return blocks


def _loudness(power: Floats) -> Floats:
    """RMS of each window in dB, by Parseval's theorem."""
    return _db(power.sum(axis=1) - (power[:, 0] + power[:, -1]) / 2)


def _line_bands(power: Floats) -> Floats:
    """Power sums below and above the split of the line's band [shape=(2, hops)]."""
    bands: Floats = np.add.reduceat(power[:, : _BAND[-1]], _BAND[:-1], axis=1)
    return bands.T


def _harmonicity(pitch: Pitch) -> Floats:
    """Boersma (1993), equation 4: the periodic part of the power against the rest, kept within -20..40 dB."""
    r = np.clip(pitch.strength, 0.01, 0.9999)
    harmonicity: Floats = 10 * np.log10(r / (1 - r))
    return harmonicity


def _db(power_sum: Floats) -> Floats:
    """Level re full scale of sums of a window's power spectrum."""
    level: Floats = 10 * np.log10(np.maximum(power_sum * _MEAN_SQUARE, np.float32(FLOOR)))
    return level
