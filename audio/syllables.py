"""Syllables: their nuclei, as voiced peaks of loudness with a dip before them.

In: the loudness of blocks of hops, and the pitch of the block before. Out: which hops of that block hold a nucleus.
After de Jong and Wempe, "Praat script to detect syllable nuclei and measure speech rate automatically", Behavior
Research Methods 41 (2009); they look at the whole recording, here a peak is decided with 100 ms of what follows.
State: two blocks of loudness, the running maximum and the lowest dip since the last nucleus. Pure.
"""

import numpy as np
from numpy.typing import NDArray

from audio.pitch import Floats, Pitch

DIP_DB = 2.0  # the dip before a nucleus, as in the script
FAINT_DB = 25.0  # peaks this far under the loudest of late are no nuclei, as in the script
FADE_DB = 0.02  # dB a hop by which the loudest of late is forgotten: 2 dB/s
NEAR = 4  # hops on each side among which a nucleus is the loudest


class SyllableFinder:
    def __init__(self) -> None:
        self._loudness: Floats | None = None  # of the two blocks before
        self._loudest = -60.0
        self._dip = -120.0

    def feed(self, loudness: Floats, pitch: Pitch | None) -> NDArray[np.bool_] | None:
        """Take a block's loudness and the pitch of the block before; get the nuclei of the block before."""
        hops = len(loudness)
        if self._loudness is None or pitch is None:
            self._loudness = np.concatenate((np.full(hops, -120, np.float32), loudness))
            return None
        around = np.concatenate((self._loudness, loudness))
        self._loudness = around[hops:]
        smooth = np.convolve(around, np.full(3, 1 / 3, np.float32), "same")
        near = np.lib.stride_tricks.sliding_window_view(smooth, 2 * NEAR + 1)[hops - NEAR : 2 * hops - NEAR]
        is_peak = near.argmax(axis=1) == NEAR
        nuclei = np.zeros(hops, np.bool_)
        for k, level in enumerate(smooth[hops : 2 * hops]):
            self._loudest = max(self._loudest - FADE_DB, level)
            self._dip = min(self._dip, level)
            if is_peak[k] and pitch.f0[k] and level > self._loudest - FAINT_DB and level > self._dip + DIP_DB:
                nuclei[k] = True
                self._dip = level
        return nuclei
