"""`calmline tone`: how the speaker of a sound file sounds.

In: files. Out: a `FileTone` each, which says what was read, why there is no reading, or what is wrong with the file. Of
a file with two channels the customer's is read, and only that one. A whole clip is held in memory, so it may not be
long.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct

from audio.errors import CalmlineError
from audio.frame import SAMPLE_RATE, Channel, Samples
from audio.intake import Intake
from audio.sources.files import open_recording
from audio.speech.vad import VadModel
from audio.text import printable
from models.tone.clip import read_clip
from models.tone.types import NoReading, ToneModel
from server.offline.faults import in_a_sentence

OK = "ok"
LONGEST_S = 600.0  # seconds


class FileTone(Struct, frozen=True):
    """One file's line. The figures are null unless `status` is "ok"."""

    path: str
    status: str  # "ok", why there is no reading, or what is wrong with the file
    anger: float | None = None  # probability, 0..1
    arousal: float | None = None  # 0 calm .. 1 excited
    valence: float | None = None  # 0 negative .. 1 positive
    confidence: float | None = None  # 0..1

    @property
    def heard(self) -> bool:
        """Whether nothing was wrong with the file: "no reading" is a reading."""
        return self.status in (OK, *NoReading)


class TooLongError(CalmlineError):
    """A call where a clip was expected."""


def read_files(tone: ToneModel, vad: VadModel, paths: Iterable[Path]) -> Iterator[FileTone]:
    """The tone of files, in order; whatever goes wrong with one does not stop the others."""
    for path in paths:
        try:
            read = read_file(path, tone, vad)
        except Exception as error:  # noqa: BLE001 - of a bug too
            read = FileTone(printable(str(path)), in_a_sentence(path, error))
        yield read


def read_file(path: Path, tone: ToneModel, vad: VadModel) -> FileTone:
    """The tone of a file. Raises `CalmlineError` where it cannot be heard."""
    reading = read_clip(tone, vad, customer_of(path))
    if reading.reason is not None:
        return FileTone(printable(str(path)), reading.reason.value)
    figures: Sequence[float | None] = (reading.anger, reading.arousal, reading.valence, reading.confidence)
    return FileTone(
        printable(str(path)), OK, *(None if figure is None else round(float(figure), 4) for figure in figures)
    )


def customer_of(path: Path) -> Samples:
    """The customer's channel of a file, or its only one. [shape=(n,)]

    Raises
    ------
    TooLongError
        If it is longer than a clip.
    CalmlineError
        If it cannot be decoded.
    """
    recording = open_recording(path)
    intake = Intake(recording.rate, recording.layout)
    parts: list[Samples] = []

    def take(audio: Sequence[tuple[Channel, Samples]]) -> None:
        parts.extend(samples for channel, samples in audio if channel is not Channel.AGENT)

    for block in recording.blocks():
        take(intake.feed(block))
        if sum(map(len, parts)) > LONGEST_S * SAMPLE_RATE:
            text = f"{path} was expected to be a clip of {LONGEST_S / 60:g} minutes at most and is longer"
            raise TooLongError(f"{text}: `calmline analyze` is for whole calls.")
    take(intake.flush())
    return np.concatenate(parts)
