"""Syllables: their nuclei, as voiced peaks of loudness with a dip before them.

In: the level of blocks of hops, and the pitch of the block before. Out: which hops of that block hold a nucleus.
After de Jong and Wempe, "Praat script to detect syllable nuclei and measure speech rate automatically", Behavior
Research Methods 41 (2009); they look at the whole recording, here a peak is decided with 30 ms of what follows.
State: two blocks of levels, the loudest of late and the lowest dip since the last nucleus. Pure.
"""

import numpy as np
from numpy.typing import NDArray

from audio.pitch import Floats, Pitch

DIP_DB = 2.0  # a nucleus stands so far above the dip before it, as in the script
FAINT_DB = 25.0  # and at most so far under the loudest of late, as in the script
FADE_DB = 0.02  # a hop, 2 dB/s: how fast the loudest of late is forgotten
NEAR = 3  # hops on each side among which a nucleus is the loudest
SILENT_DB = -120.0


class SyllableFinder:
    def __init__(self) -> None:
        self._levels: Floats | None = None
        self._loudest = SILENT_DB
        self._dip = SILENT_DB

    def feed(self, level: Floats, pitch: Pitch | None) -> NDArray[np.bool_] | None:
        """Take a block's level in dB [shape=(hops,)] and the pitch of the block before, None if there was none.

        Gives the nuclei of the block before [shape=(hops,)].
        """
        hops = len(level)
        if self._levels is None or pitch is None:
            self._levels = np.concatenate((np.full(hops, SILENT_DB, np.float32), level))
            return None
        around = np.concatenate((self._levels, level))
        self._levels = around[hops:]
        near = np.lib.stride_tricks.sliding_window_view(around, 2 * NEAR + 1)[hops - NEAR : 2 * hops - NEAR]
        is_peak = (near.argmax(axis=1) == NEAR) & (pitch.f0 > 0)
        return np.array([self._is_nucleus(*hop) for hop in zip(around[hops : 2 * hops], is_peak, strict=True)])

    def _is_nucleus(self, level: float, is_peak: bool) -> bool:
        self._loudest = max(self._loudest - FADE_DB, level)
        self._dip = min(self._dip, level)
        nucleus = is_peak and level > self._loudest - FAINT_DB and level > self._dip + DIP_DB
        if nucleus:
            self._dip = level
        return bool(nucleus)
