"""Pitch: the fundamental of a voice, one value a hop, with voicing.

In: windows [shape=(hops, WINDOW)], one a hop, whole blocks of them. Out: `Pitch` of the block before each, so that
every hop is decided with 100 to 200 ms of what follows it. Method: Boersma's autocorrelation ("Accurate short-term
analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17, 1993):
several candidates a hop, each with a strength, and the best path through them. His global peak is a running one here,
for a live call has no end. State: that peak, the path's scores and one block of way back. Pure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.frame import SAMPLE_RATE, Samples

HOPS = 10  # in a block
WINDOW = 640  # samples, 40 ms: three periods of the lowest pitch
NFFT = 1024  # at least WINDOW and the longest period together: no wrap-around
LOWEST, HIGHEST = 75.0, 600.0  # Hz
LAGS_PER_S = 2 * SAMPLE_RATE  # the autocorrelation is drawn twice as fine, so that its narrow peaks keep their height
SHORTEST, LONGEST = int(LAGS_PER_S / HIGHEST), int(LAGS_PER_S / LOWEST) + 1  # lags

CANDIDATES = 6  # voiced ones a hop; one more stands for unvoiced
# The next five mean what they mean in Praat's `To Pitch (ac)`. Praat and pYIN call 13 % of the frames differently, as
# pYIN holds a decision longer; these were tuned on training speakers of EmoDB and RAVDESS to lie between the two.
SILENCE, VOICING = 0.03, 0.5
OCTAVE, OCTAVE_JUMP, VOICING_JUMP = 0.01, 1.0, 0.4
PEAK_HALF_LIFE = 1000  # hops, 10 s: how long a loud moment makes faint ones count as silence
LEAST_PEAK = 0.03  # of full scale: as if there had been a moment so loud

Floats = NDArray[np.float32]

TAPER = np.sin(np.pi * (np.arange(WINDOW) + 0.5) / WINDOW).astype(np.float32)
_HANDICAP = OCTAVE * np.log2(np.arange(SHORTEST, LONGEST), dtype=np.float32)  # of a long period against a short one
_OWN = np.fft.irfft(np.abs(np.fft.rfft(TAPER, NFFT)) ** 2, 2 * NFFT)[: LONGEST + 1].astype(np.float32)
_OWN /= _OWN[0]


@dataclass(frozen=True, slots=True)
class Pitch:
    """Columns over the hops of a block, [shape=(hops,)]."""

    f0: Floats  # Hz, 0 where unvoiced
    strength: Floats  # 0..1, the autocorrelation at the period; 0 where there is no candidate


def power_spectra(windows: Samples) -> Floats:
    """Power spectra [shape=(hops, NFFT // 2 + 1)] of windows [shape=(hops, WINDOW)], less their mean, sine-tapered."""
    tapered = (windows - windows.mean(axis=1, keepdims=True)) * TAPER
    spectra = np.fft.rfft(tapered, NFFT)
    return np.square(spectra.real) + np.square(spectra.imag)


def candidates(power: Floats) -> tuple[Floats, Floats]:
    """The best peaks of each hop's autocorrelation: pitch in octaves above 1 Hz, and strength 0..1.

    Both [shape=(hops, CANDIDATES)]; where there are fewer peaks the strength is -inf.
    """
    raw = np.fft.irfft(power, 2 * NFFT)[:, : LONGEST + 1]
    r = raw / (np.maximum(raw[:, :1], 1e-12) * _OWN)
    left, top, right = r[:, SHORTEST - 1 : -2], r[:, SHORTEST:-1], r[:, SHORTEST + 1 :]
    is_peak = (top > left) & (top >= right) & (top > VOICING / 2)
    rank = np.where(is_peak, top - _HANDICAP, -np.inf)
    best = np.argpartition(-rank, CANDIDATES, axis=1)[:, :CANDIDATES]
    found = np.take_along_axis(is_peak, best, axis=1)
    left, top, right = (np.take_along_axis(a, best, axis=1) for a in (left, top, right))
    bend = np.where(found, 2 * top - left - right, 1)
    shift = np.where(found, (right - left) / (2 * bend), 0)
    height = top + (right - left) * shift / 4
    octaves = np.log2(LAGS_PER_S / (best + SHORTEST + shift)).astype(np.float32)
    return octaves, np.where(found, np.minimum(height, 1 / np.maximum(height, 1)), -np.inf).astype(np.float32)


class PitchTracker:
    """The best path through the candidates of one channel's hops, one block behind."""

    def __init__(self) -> None:
        self._peak = LEAST_PEAK
        self._scores = np.zeros(CANDIDATES + 1, np.float32)
        self._octaves = np.zeros(CANDIDATES + 1, np.float32)  # of the last hop; column 0 is unvoiced
        self._before: _Paths | None = None

    def feed(self, windows: Samples, power: Floats) -> list[Pitch | None]:
        """Take blocks [shape=(n * HOPS, ...)]; get the one before each, None for the very first."""
        octaves, strength = candidates(power)
        unvoiced = VOICING + np.maximum(0, 2 - self._relative_peaks(windows) * (1 + VOICING) / SILENCE)
        local = np.column_stack((unvoiced, strength + OCTAVE * (octaves - np.log2(LOWEST)))).astype(np.float32)
        octaves = np.pad(octaves, ((0, 0), (1, 0)))
        chain = np.concatenate((self._octaves[np.newaxis], octaves))
        self._octaves = octaves[-1]
        jumps = OCTAVE_JUMP * np.abs(chain[:-1, :, np.newaxis] - chain[1:, np.newaxis, :])
        jumps[:, 0, :] = jumps[:, :, 0] = VOICING_JUMP
        jumps[:, 0, 0] = 0
        blocks = (slice(start, start + HOPS) for start in range(0, len(octaves), HOPS))
        return [self._forward(_Paths(octaves[it], strength[it], self._follow(jumps[it], local[it]))) for it in blocks]

    def pass_over(self, hops: int) -> None:
        """Leave out hops in which nobody speaks; a new path begins after them."""
        self._peak = max(self._peak * 0.5 ** (hops / PEAK_HALF_LIFE), LEAST_PEAK)
        self._scores = np.zeros_like(self._scores)
        self._octaves = np.zeros_like(self._octaves)
        self._before = None

    def _follow(self, jumps: Floats, local: Floats) -> NDArray[np.intp]:
        """Lead every path on through a block; the way back."""
        back = np.empty(local.shape, np.intp)
        for k in range(len(local)):
            reached = self._scores[:, np.newaxis] - jumps[k]
            back[k] = reached.argmax(axis=0)
            self._scores = reached.max(axis=0) + local[k]
            self._scores -= self._scores.max()
        return back

    def _forward(self, block: "_Paths") -> Pitch | None:
        """The pitch of the block before, by the path that is the best at the end of this one."""
        before, self._before = self._before, block
        if before is None:
            return None
        state = int(self._scores.argmax())
        for back in block.back[::-1]:
            state = int(back[state])
        return before.along(state)

    def _relative_peaks(self, windows: Samples) -> Floats:
        """Each hop's peak against the loudest of late, which fades by half in PEAK_HALF_LIFE hops."""
        peaks = np.abs(windows).max(axis=1).reshape(-1, HOPS)
        loudest = []
        for peak in peaks.max(axis=1).tolist():
            self._peak = max(self._peak * 0.5 ** (HOPS / PEAK_HALF_LIFE), LEAST_PEAK, peak)
            loudest.append(self._peak)
        relative: Floats = (peaks / np.array(loudest, np.float32)[:, np.newaxis]).ravel()
        return relative


@dataclass(frozen=True, slots=True)
class _Paths:
    octaves: Floats  # [shape=(hops, CANDIDATES + 1)], column 0 unvoiced
    strength: Floats  # [shape=(hops, CANDIDATES)]
    back: NDArray[np.intp]  # the column of the hop before that each came from

    def along(self, state: int) -> Pitch:
        """The path that ends in `state` at the last hop."""
        states = np.zeros(len(self.back), np.intp)
        for k in range(len(states) - 1, -1, -1):
            states[k] = state
            state = int(self.back[k, state])
        hops = np.arange(len(states))
        voiced = states > 0
        strength = np.where(voiced, self.strength[hops, states - 1], self.strength.max(axis=1))
        f0 = np.where(voiced, np.exp2(self.octaves[hops, states]), 0)
        return Pitch(f0.astype(np.float32), np.maximum(strength, 0).astype(np.float32))
