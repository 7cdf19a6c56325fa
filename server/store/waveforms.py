"""The peaks of a kept recording, from which a page draws its waveform at any zoom.

In: the WAV file of a call. Out: the largest magnitude in each bin and channel, for bins of 20 ms, 160 ms or 1.28 s, one
byte each: 255 * sqrt(peak), so that quiet speech can still be told from silence. The finest are found once, at about
a second for an hour, and kept beside the audio; the coarser ones follow from them. An hour has 360 kB, 45 kB and 6 kB.
"""

import glob
import os
import tempfile
import wave
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FINEST_HZ = 50  # bins a second on level 0
COARSER = 8  # bins of one level in a bin of the next
LEVELS = 3

_PART = ".part"  # ends the name of a file that is not whole yet
_BLOCK_S = 60  # seconds of audio read at a time

Peaks: TypeAlias = NDArray[np.uint8]  # [bins, channels]


def read_peaks(audio: Path, level: int) -> Peaks:
    """The peaks of a WAV file, on level 0, 1 or 2. Raises `OSError` if it cannot be read."""
    peaks = _finest(audio)
    for _ in range(level):
        peaks = np.maximum.reduceat(peaks, np.arange(0, len(peaks), COARSER)) if len(peaks) else peaks
    return peaks


def peaks_path(audio: Path) -> Path:
    """Where the peaks of a WAV file are kept."""
    return audio.with_name(f"{audio.stem}.peaks.npy")


def remove_peaks(audio: Path) -> None:
    """Remove what was made of a WAV file, also what a server that was killed had begun. Raises `OSError`."""
    peaks_path(audio).unlink(missing_ok=True)
    for part in audio.parent.glob(f"{glob.escape(peaks_path(audio).name)}.*{_PART}"):
        part.unlink(missing_ok=True)


def _finest(audio: Path) -> Peaks:
    kept = peaks_path(audio)
    try:
        return np.asarray(np.load(kept), np.uint8)  # not memory-mapped: a mapped file that is cut off kills the process
    except (OSError, ValueError, EOFError):  # there are none yet, or they were damaged
        peaks = _measure(audio)
        with suppress(OSError):  # a full disk: they are found again next time
            _replace(kept, peaks)
        if not audio.exists():  # deleted meanwhile
            kept.unlink(missing_ok=True)
        return peaks


def _replace(kept: Path, peaks: Peaks) -> None:
    """Write the peaks beside those that are there, then put them in their place: a reader has the old or the new."""
    number, part = tempfile.mkstemp(_PART, f"{kept.name}.", kept.parent)
    try:
        with os.fdopen(number, "wb") as file:
            np.save(file, peaks)
        Path(part).replace(kept)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def _measure(audio: Path) -> Peaks:
    with wave.open(str(audio)) as file:
        rate, channels = file.getframerate(), file.getnchannels()
        found = [np.empty((0, channels), np.uint8)]
        while pcm := file.readframes(rate * _BLOCK_S):
            magnitudes = np.abs(np.frombuffer(pcm, "<i2").reshape(-1, channels).astype(np.float32)) / 2**15
            starts = np.arange(-(-len(magnitudes) * FINEST_HZ // rate)) * rate // FINEST_HZ
            found.append(np.round(255 * np.sqrt(np.maximum.reduceat(magnitudes, starts))).astype(np.uint8))
    return np.concatenate(found)
