"""Prosody: how a voice moves, one value every 10 ms hop, on numpy.

In: 16 kHz float32 of one channel, any cut. Out: `ProsodyBlock`s, columns of ten hops each (100 ms), on a
fixed grid of stream time, so the values do not depend on how the audio was cut; a block comes 115 ms after its end,
for pitch and syllables look at what follows. `ProsodyWindow` sums up the last seconds of speech. State: two blocks of
samples and values. Pure; computed on ten hops at a time, which costs about 0.5 ms.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.frame import HOP, SAMPLE_RATE, Samples, to_samples
from audio.pitch import NFFT, TAPER, WINDOW, Floats, Pitch, PitchTracker, power_spectra
from audio.syllables import SyllableFinder

HOPS = 10  # in a block
BLOCK = HOPS * HOP  # samples
FLOOR = 1e-12  # power, -120 dB re full scale
LINE = (300.0, 1000.0, 3400.0)  # Hz: what every phone line carries, and where its energy is split for the tilt

_AROUND = (WINDOW - HOP) // 2  # a hop's window is centred on it and reaches so far beyond
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
class ProsodySummary:
    """What the last seconds of one speaker's speech sounded like. Medians over voiced hops."""

    speech: int  # samples of speech it rests on
    f0_hz: float  # median, 0 where nothing was voiced
    f0_range_st: float  # 10th to 90th percentile, semitones
    loudness_db: float  # median over speech, dB re full scale
    tilt_db: float
    harmonicity_db: float
    syllables_per_s: float  # of speech


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
        blocks = []
        while len(self._waiting) >= BLOCK + 2 * _AROUND:
            blocks += self._take(self._waiting[: BLOCK + 2 * _AROUND])
            self._waiting = self._waiting[BLOCK:]
        return blocks

    def flush(self) -> list[ProsodyBlock]:
        """The blocks still held back, the last one filled up with silence."""
        measured = self._start + (BLOCK if self._before else 0)
        heard = measured + len(self._waiting) - _AROUND
        wanted = -(-heard // BLOCK) * BLOCK
        return self.feed(np.zeros(wanted + BLOCK + _AROUND - heard, np.float32))

    def _take(self, samples: Samples) -> list[ProsodyBlock]:
        """Measures a block; gives the one before, for which it holds what follows."""
        windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
        power = power_spectra(windows)
        low, high = _line_bands(power)
        before, self._before = self._before, _Measured(_loudness(power), _db(high) - _db(low))
        pitch = self._pitch.feed(windows, power)
        syllable = self._syllables.feed(_db(low + high), pitch)
        if before is None or pitch is None or syllable is None:
            return []
        start, self._start = self._start, self._start + BLOCK
        return [ProsodyBlock(start, pitch.f0, before.loudness, before.tilt, _harmonicity(pitch), syllable)]


@dataclass(frozen=True, slots=True)
class ProsodyWindowSettings:
    longest_s: float = 3.0  # seconds of speech summed up at most
    shortest_s: float = 1.0  # seconds of speech under which there is no summary
    memory_s: float = 10.0  # seconds of stream time after which speech is forgotten


class ProsodyWindow:
    """The last seconds of one speaker's speech, summed up when asked."""

    def __init__(self, settings: ProsodyWindowSettings | None = None) -> None:
        self._settings = settings or ProsodyWindowSettings()
        self._blocks: deque[ProsodyBlock] = deque(maxlen=to_samples(self._settings.longest_s) // BLOCK)
        self._end = 0

    def feed(self, block: ProsodyBlock, speaking: bool) -> None:
        """Take the next block, and whether the speaker was speaking in it."""
        self._end = block.start + BLOCK
        if speaking:
            self._blocks.append(block)

    def summary(self) -> ProsodySummary | None:
        """The last speech, None where there was too little of it lately."""
        oldest = self._end - to_samples(self._settings.memory_s)
        blocks = [block for block in self._blocks if block.start >= oldest]
        return summarise(blocks) if len(blocks) * BLOCK >= to_samples(self._settings.shortest_s) else None


def summarise(blocks: Sequence[ProsodyBlock]) -> ProsodySummary:
    """Medians over blocks of one speaker's speech; at least one block."""
    f0, loudness, tilt, harmonicity = (
        np.concatenate([getattr(block, name) for block in blocks]) for name in ("f0", "loudness", "tilt", "harmonicity")
    )
    voiced = f0 > 0
    middle, f0_range = _pitch_range(f0[voiced])
    speech = len(blocks) * BLOCK
    return ProsodySummary(
        speech=speech,
        f0_hz=middle,
        f0_range_st=f0_range,
        loudness_db=float(np.median(loudness)),
        tilt_db=_median(tilt[voiced]),
        harmonicity_db=_median(harmonicity[voiced]),
        syllables_per_s=sum(int(block.syllable.sum()) for block in blocks) * SAMPLE_RATE / speech,
    )


def _pitch_range(f0: Floats) -> tuple[float, float]:
    """Median in Hz and 10th to 90th percentile in semitones, zeros where nothing was voiced.

    What lies outside 0.75 x the lower to 2.5 x the upper quartile is taken for an octave error: De Looze and Hirst's
    limits for a second pass over expressive speech ("Detecting changes in key and range", Speech Prosody 2008).
    """
    if not len(f0):
        return 0.0, 0.0
    lower, upper = np.percentile(f0, (25, 75))
    low, middle, high = np.percentile(f0[(f0 >= 0.75 * lower) & (f0 <= 2.5 * upper)], (10, 50, 90))
    return float(middle), float(12 * np.log2(high / low))


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else 0.0


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
