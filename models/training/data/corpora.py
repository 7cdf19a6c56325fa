"""The labelled speech that training, tests and benchmarks read: where it lies, and the fixed split.

The data is never part of the repository. It is looked for in `CALMLINE_DATA`, then in `../shared/data` beside the
checkout; where it is absent, `data_folder()` is None and callers skip, saying so. The split is by speaker: nobody is
in two parts.
"""

import csv
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Corpus = Literal["emodb", "ravdess", "nemo"]
Split = Literal["train", "dev", "test"]

_TEST_SPEAKERS = {"emodb": {"14", "15", "16"}, "ravdess": {"19", "20", "21", "22", "23", "24"}}
_DEV_SPEAKERS = {"emodb": {"13"}, "ravdess": {"16", "17", "18"}}


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled utterance of an actor."""

    path: Path
    corpus: str
    speaker: str
    sex: str
    language: str
    emotion: str  # angry, happy, sad, fearful, disgust, neutral, calm, bored, surprised
    intensity: str
    text: str  # what is said; for EmoDB the sentence's code
    seconds: float


def data_folder() -> Path | None:
    """The folder with `emotion.csv`, or None where there is none."""
    beside = Path(__file__).resolve().parents[3].parent / "shared" / "data"
    folder = Path(os.environ.get("CALMLINE_DATA", beside))
    return folder if (folder / "emotion.csv").is_file() else None


@cache
def all_clips() -> tuple[Clip, ...]:
    """Every clip of every corpus, in the order of `emotion.csv`; empty where the data is absent."""
    folder = data_folder()
    if folder is None:
        return ()
    with (folder / "emotion.csv").open(newline="", encoding="utf-8") as table:
        return tuple(
            Clip(
                path=folder / row["path"],
                corpus=row["corpus"],
                speaker=row["speaker"],
                sex=row["sex"],
                language=row["language"],
                emotion=row["emotion"],
                intensity=row["intensity"],
                text=row["text"],
                seconds=float(row["seconds"]),
            )
            for row in csv.DictReader(table)
        )


def split_of(clip: Clip) -> Split:
    """Which part of the fixed split a clip belongs to, by its speaker."""
    test, dev = _held_out(clip.corpus)
    if clip.speaker in test:
        return "test"
    return "dev" if clip.speaker in dev else "train"


def clips(corpus: str, split: Split | None = None) -> tuple[Clip, ...]:
    """The clips of one corpus, all of them or one part of its split."""
    return tuple(c for c in all_clips() if c.corpus == corpus and split in (None, split_of(c)))


@cache
def _held_out(corpus: str) -> tuple[frozenset[str], frozenset[str]]:
    """Test and development speakers. nEMO: the last two in sorted order, and the one before."""
    if corpus == "nemo":
        speakers = sorted({c.speaker for c in all_clips() if c.corpus == "nemo"})
        return frozenset(speakers[-2:]), frozenset(speakers[-3:-2])
    return frozenset(_TEST_SPEAKERS[corpus]), frozenset(_DEV_SPEAKERS[corpus])
