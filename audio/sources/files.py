"""Recordings: one call out of one or two sound files, streamed as PCM16 blocks.

Stereo: left = agent, right = customer, or the other way round with `swap`. Two mono files: first the agent, then
the customer; the shorter is padded with silence and the lower rate raised to the higher. One mono file, or a stereo
file whose channels are the same: one `mixed` channel. Memory holds one block, however long the call.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
import soxr

from audio.frame import MONO, STEREO, Channel
from audio.intake import check_rate
from audio.sources.decode import FileError, Format, Report, decode, probe
from audio.sources.source import Note, Pcm

LOOK_S = 10.0  # of sound, to tell two channels from one that was copied
LOOK_AT_MOST_S = 600.0  # of a file that begins with silence
SILENT = 33  # PCM16 peak, -60 dB re full scale
SAME_DB = -50.0  # difference of the channels re the left one: lossy codecs spread copies this far apart at most


@dataclass(frozen=True, slots=True)
class Recording:
    """A call to be read once. `report` and `notes` grow while `blocks` is drawn from."""

    rate: int  # Hz
    layout: tuple[Channel, ...]
    duration_s: float | None  # as announced by the file; the longer of two
    report: Report
    _pcm: Callable[[], Iterator[Pcm]]

    @property
    def notes(self) -> list[Note]:
        return self.report.notes

    def blocks(self, block_s: float = 0.1) -> Iterator[Pcm]:
        """The call in order, every block but the last `block_s` long. [shape=(n, channels)]"""
        yield from _in_blocks(self._pcm(), round(block_s * self.rate))
        self.report.sum_up()


def open_recording(path: Path, other: Path | None = None, swap: bool = False) -> Recording:
    """A call out of one file or two mono ones. Raises FileError or RateError, in one sentence, before any sound."""
    if other is not None:
        return _pair(other, path) if swap else _pair(path, other)
    form, report = _probed(path), Report()
    if form.channels > 2:
        raise FileError(f"{path} has {form.channels} channels, but one (mixed) or two (agent, customer) were expected.")
    if form.channels == 2 and not _channels_agree(path, form):
        order = slice(None, None, -1 if swap else 1)
        return Recording(
            form.rate, STEREO, form.duration_s, report, lambda: (p[:, order] for p in decode(path, form, report))
        )
    if form.channels == 2:
        report.notes.append(Note(0, f"Both channels of {path} are the same: the call is taken as one mixed channel."))
    else:
        report.notes.append(Note(0, f"{path} has one channel: the call is taken as mixed, nobody can be told apart."))
    return Recording(form.rate, MONO, form.duration_s, report, lambda: (p[:, :1] for p in decode(path, form, report)))


def _probed(path: Path) -> Format:
    form = probe(path)
    check_rate(form.rate)
    return form


def _channels_agree(path: Path, form: Format) -> bool:
    """Whether the first seconds of sound are the same left and right."""
    compared, looked, apart, energy = 0, 0, 0.0, 0.0
    for pcm in decode(path, form, Report()):
        looked += len(pcm)
        if np.abs(pcm.astype(np.int32)).max() > SILENT:
            left, right = pcm.astype(np.float64).T
            compared, apart, energy = (
                compared + len(pcm),
                apart + float(np.sum((left - right) ** 2)),
                energy + float(left @ left),
            )
        if compared > LOOK_S * form.rate or looked > LOOK_AT_MOST_S * form.rate:
            break
    return compared > 0 and apart <= energy * 10 ** (SAME_DB / 10)


def _pair(agent: Path, customer: Path) -> Recording:
    forms = [_probed(agent), _probed(customer)]
    for path, form in zip((agent, customer), forms, strict=True):
        if form.channels != 1:
            raise FileError(f"{path} has {form.channels} channels, but of two files each must have one.")
    rate, report = max(form.rate for form in forms), Report()
    known = [form.duration_s for form in forms if form.duration_s is not None]

    def together() -> Iterator[Pcm]:
        block = rate // 10
        sides = [
            _in_blocks(_at_rate(decode(path, form, report), form.rate, rate), block)
            for path, form in zip((agent, customer), forms, strict=True)
        ]
        for pair in zip_longest(*sides, fillvalue=np.zeros((0, 1), np.int16)):
            length = max(map(len, pair))
            yield np.hstack([np.pad(side, ((0, length - len(side)), (0, 0))) for side in pair])

    return Recording(rate, STEREO, max(known) if len(known) == 2 else None, report, together)


def _at_rate(pcm: Iterator[Pcm], rate: int, target: int) -> Iterator[Pcm]:
    if rate == target:
        yield from pcm
        return
    resampler = soxr.ResampleStream(rate, target, 1, dtype="int16")
    for part in pcm:
        yield resampler.resample_chunk(part)
    yield resampler.resample_chunk(np.zeros((0, 1), np.int16), last=True)


def _in_blocks(pcm: Iterator[Pcm], size: int) -> Iterator[Pcm]:
    waiting: list[Pcm] = []
    for part in pcm:
        waiting.append(part)
        if sum(map(len, waiting)) >= size:
            joined = np.concatenate(waiting)
            whole = len(joined) // size * size
            yield from np.split(joined[:whole], whole // size)
            waiting = [joined[whole:]]
    rest = np.concatenate(waiting) if waiting else np.zeros((0, 1), np.int16)
    if len(rest):
        yield rest
