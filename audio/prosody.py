"""Prosody: how a voice moves, one value every 10 ms hop, on numpy.

In: 16 kHz float32 of one channel, any cut. Out: `ProsodyBlock`s, columns of ten hops each (100 ms), on a
fixed grid of stream time, so the values do not depend on how the audio was cut.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ProsodyBlock:
    """Columns over hops; hop k covers stream time start + k * HOP. All arrays [shape=(10,)]."""

    start: int
    f0: NDArray[np.float32]  # Hz, 0 where unvoiced
    loudness: NDArray[np.float32]  # dB re full scale (RMS)
    tilt: NDArray[np.float32]  # dB, energy above 1 kHz against below: rises with vocal effort
    harmonicity: NDArray[np.float32]  # dB, harmonics-to-noise ratio
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
