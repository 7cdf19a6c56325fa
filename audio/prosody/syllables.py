"""Syllables: their nuclei, as voiced peaks of loudness with a dip before them.

In: the level of blocks of hops, and the pitch of the block before. Out: which hops of that block hold a nucleus.
After de Jong and Wempe, "Praat script to detect syllable nuclei and measure speech rate automatically", Behavior
Research Methods 41 (2009); they look at the whole recording, here a peak is decided with 40 ms of what follows.
State: two blocks of levels, the loudest of late, and the lowest dip since the last nucleus. Pure.
"""

import numpy as np
from numpy.typing import NDArray

from audio.prosody.pitch import Floats, Pitch

DIP_DB = 3.0  # a nucleus stands so far above the dip before it
FAINT_DB = 25.0  # and at most so far under the loudest of late, as in the script
FADE_DB = 0.02  # a hop, 2 dB/s: how fast the loudest of late is forgotten
QUIET_DB = -30.0  # re full scale: as if there had been a moment so loud, so that the hum of a room never counts
NEAR = 4  # hops on each side among which a nucleus is the loudest
LEAST_STRENGTH = 0.4  # of its pitch: laxer than voicing, so that a creaky voice counts (the script is laxer still)
SILENT_DB = -120.0


class SyllableFinder:
    def __init__(self) -> None:
        self._levels: Floats | None = None
        self._loudest = QUIET_DB
        self._dip = SILENT_DB

    def feed(self, level: Floats, pitch: Pitch | None) -> NDArray[np.bool_] | None:
        """Take a block's level in dB re full scale [shape=(hops,)] and the pitch of the block before, if there was one.

        Gives the nuclei of the block before [shape=(hops,)].
        """
        hops = len(level)
        if self._levels is None or pitch is None:
            self._levels = np.concatenate((np.full(hops, SILENT_DB, np.float32), level))
            return None
        around = np.concatenate((self._levels, level))
        self._levels = around[hops:]
        near = np.lib.stride_tricks.sliding_window_view(around, 2 * NEAR + 1)[hops - NEAR : 2 * hops - NEAR]
        is_peak = (near.argmax(axis=1) == NEAR) & (pitch.strength > LEAST_STRENGTH)
        hops_of_block = zip(around[hops : 2 * hops].tolist(), is_peak.tolist(), strict=True)
        return np.array([self._is_nucleus(level, peak) for level, peak in hops_of_block])

    def pass_over(self, hops: int) -> None:
        """Leave out hops in which nobody speaks."""
        self._loudest = max(self._loudest - hops * FADE_DB, QUIET_DB)
        self._levels = None

    def _is_nucleus(self, level: float, is_peak: bool) -> bool:
        self._loudest = max(self._loudest - FADE_DB, level, QUIET_DB)
        self._dip = min(self._dip, level)
        if not is_peak or level < self._loudest - FAINT_DB or level < self._dip + DIP_DB:
            return False
        self._dip = level
        return True
