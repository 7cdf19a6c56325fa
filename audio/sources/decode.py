"""Decoding: one sound file, in any format that FFmpeg reads, becomes PCM16 a frame at a time.

Out: int16 [n, channels] at the file's rate, memory flat however long the file. PyAV rather than soundfile or wave:
one wheel reads telephony codecs, compressed formats and the sound of videos. Whatever is wrong with a file is either
one sentence before the first sample (`FileError`), or is repaired, counted and said in a note.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer
from numpy.typing import NDArray

from audio.errors import CalmlineError
from audio.frame import to_samples
from audio.sources.source import Note, Pcm

GAP_S = 0.05  # a jump in a file's own time stamps longer than this is missing sound
LONGEST_GAP_S = 600.0  # beyond it the time stamp is what is broken
MOST_MISSING_S = 3600.0  # the same for all gaps of a file together
SHORT_BY_S = 0.5  # a file that ends this much before its header says is said to break off

# What a damaged file raises in FFmpeg and PyAV: text that is none, sizes that nobody has, types that numpy lacks.
_DAMAGE = (av.error.FFmpegError, OSError, ValueError, ArithmeticError, LookupError, MemoryError)
_TYPES = {"u8", "s16", "s32", "flt", "dbl"}  # of samples, interleaved or planar


class FileError(CalmlineError):
    """A file that no call can be read from."""


@dataclass(frozen=True, slots=True)
class Format:
    rate: int  # Hz
    channels: int
    duration_s: float | None  # as the file announces it


@dataclass(slots=True)
class Report:
    """What was found on the way through a file; grows while it is decoded."""

    notes: list[Note] = field(default_factory=list)
    not_finite: int = 0  # samples that were NaN or infinite, now zero
    clipped: int = 0  # samples at full scale

    def sum_up(self) -> None:
        """Says the counts in notes, once the call is through."""
        if self.not_finite:
            self.notes.append(Note(0, f"{self.not_finite} samples were no numbers (NaN or infinite); they are silent."))
        if self.clipped:
            self.notes.append(Note(0, f"{self.clipped} samples are clipped (at full scale)."))


def probe(path: Path) -> Format:
    """What is in the file, by decoding its first frame. Raises FileError where there is no sound."""
    with _opened(path) as container:
        stream = container.streams.audio[0]
        first = next(_frames(container), None)
        if first is None:
            raise FileError(f"{path} holds no sound: it has not one sample that can be decoded.")
        duration = stream.duration * stream.time_base if stream.duration and stream.time_base else None
        return Format(first.sample_rate, first.layout.nb_channels, float(duration) if duration else None)


def decode(path: Path, form: Format, report: Report) -> Iterator[Pcm]:
    """The whole file, frame by frame; sound that its time stamps show to be missing comes as silence."""
    done, missing, start = 0, 0, None  # samples, samples, seconds
    with _opened(path) as container:
        for frame in _frames(container):
            if (frame.sample_rate, frame.layout.nb_channels) != (form.rate, form.channels):
                report.notes.append(
                    _note(done / form.rate, f"{path} changes its rate or channels here: the rest is left out.")
                )
                break
            if frame.time is not None:
                start = frame.time if start is None else start
                gap_s = frame.time - start - done / form.rate
                if GAP_S < gap_s < LONGEST_GAP_S:
                    gap = round(gap_s * form.rate)
                    if missing + gap <= MOST_MISSING_S * form.rate:
                        yield from _silence(gap, form)
                        done, missing = done + gap, missing + gap
            done += frame.samples
            yield _quantised(_samples(frame), report)
    report.notes += _endings(path, form, done, missing)


def _silence(length: int, form: Format) -> Iterator[Pcm]:
    """In blocks of a second at most: memory stays flat."""
    for begin in range(0, length, form.rate):
        yield np.zeros((min(form.rate, length - begin), form.channels), np.int16)


def _opened(path: Path) -> InputContainer:
    try:
        if not path.exists():
            raise FileError(f"There is no file {path}.")
        if path.is_dir():
            raise FileError(f"{path} is a folder, but a sound file was expected.")
        if path.stat().st_size == 0:
            raise FileError(f"{path} is empty (0 bytes), but a sound file was expected.")
        container = av.open(
            str(path.absolute()),  # FFmpeg takes "name:" for a protocol
            metadata_errors="replace",  # tags may be in any encoding
            container_options={"protocol_whitelist": "file"},  # a playlist in here leads nowhere else
        )
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}.") from error
    except av.error.FFmpegError as error:
        raise FileError(f"{path} is not a sound file that FFmpeg can read ({error.strerror}).") from error
    except _DAMAGE as error:
        raise FileError(f"{path} is not a sound file that can be read ({error}).") from error
    if not container.streams.audio:
        container.close()
        raise FileError(f"{path} has no sound in it, but a recorded call was expected.")
    return container


def _frames(container: InputContainer) -> Iterator[AudioFrame]:
    """Every frame of the first sound track that can be decoded; damaged packets are passed over."""
    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            frames = packet.decode()
        except _DAMAGE:
            continue
        yield from (frame for frame in frames if isinstance(frame, AudioFrame) and _readable(frame))


def _readable(frame: AudioFrame) -> bool:
    return frame.samples > 0 and frame.sample_rate > 0 and frame.format.packed.name in _TYPES


def _samples(frame: AudioFrame) -> NDArray[Any]:
    """[shape=(n, channels)], in the type the codec gives."""
    samples = frame.to_ndarray()
    return samples.T if frame.format.is_planar else samples.reshape(-1, frame.layout.nb_channels)


def _quantised(samples: NDArray[Any], report: Report) -> Pcm:
    """PCM16 by rounding, saturated at full scale, never wrapped around."""
    if samples.dtype.kind == "f":
        finite = np.isfinite(samples)
        report.not_finite += int(finite.size - np.count_nonzero(finite))
        wide = np.rint(np.where(finite, samples, 0).clip(-1, 1) * 32768.0)
    elif samples.dtype == np.uint8:
        wide = (samples.astype(np.int64) - 128) * 256
    elif samples.dtype == np.int16:
        wide = samples
    else:  # 24 bits come as the upper part of 32
        wide = ((samples.astype(np.int64) >> (8 * samples.itemsize - 17)) + 1) >> 1
    pcm = wide.clip(-32768, 32767).astype(np.int16)
    report.clipped += int(np.count_nonzero((pcm == 32767) | (pcm == -32768)))
    return pcm


def _endings(path: Path, form: Format, done: int, missing: int) -> Iterator[Note]:
    """What can only be said once the file is through."""
    heard_s = done / form.rate
    if missing:
        yield _note(heard_s, f"{missing / form.rate:.1f} s of sound are missing inside {path}; they are silent.")
    if form.duration_s is not None and form.duration_s - heard_s > SHORT_BY_S:
        announced = f"though {form.duration_s:.1f} s are announced"
        yield _note(heard_s, f"{path} breaks off after {heard_s:.1f} s, {announced}; all of it up to there is used.")
    elif _riff_cut_off(path):
        yield _note(heard_s, f"{path} breaks off after {heard_s:.1f} s; all of it up to there is used.")


def _riff_cut_off(path: Path) -> bool:
    """Whether a WAV file is shorter than its header says; FFmpeg hides that for whole-number samples."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
        size = path.stat().st_size
    except OSError:  # it has gone since
        return False
    announced = int.from_bytes(head[4:8], "little") + 8
    streamed = announced >= 0xFFFF_FFF8  # written to a pipe: the length was never known
    return head[:4] == b"RIFF" and not streamed and size < announced - 1


def _note(at_s: float, text: str) -> Note:
    return Note(to_samples(at_s), text)
