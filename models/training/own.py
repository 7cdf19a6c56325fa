"""Somebody's own labelled speech: a CSV of `path, speaker, emotion`, one line a clip.

In: the CSV; paths are taken from its folder. Out: `Clip`s, and a split by speaker that depends on nothing but their
names. What is wrong with a line is told with its number.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from audio.errors import CalmlineError
from models.training.data.corpora import Clip, Split
from models.training.heads import PLEASURE_AROUSAL

CORPUS = "own"
COLUMNS = ("path", "speaker", "emotion")
FEWEST_SPEAKERS = 3  # one to learn from, one to calibrate on, one to test on


class LabelsError(CalmlineError):
    """A list of labelled clips that cannot be learnt from."""


def own_clips(labels: Path) -> tuple[Clip, ...]:
    """The clips of a CSV, in its order; a column `sex` is read too where there is one.

    Raises
    ------
    LabelsError
        If the file, a column or a sound file is missing, an emotion is unknown, or nothing can be learnt from it.
    """
    try:
        with labels.open(newline="", encoding="utf-8-sig") as table:
            rows = csv.DictReader(table, skipinitialspace=True)
            missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
            if missing:
                raise LabelsError(
                    f"{labels} was expected to begin with the columns {', '.join(COLUMNS)}: {missing[0]} is not there."
                )
            found = tuple(_clip(labels, rows.line_num, row) for row in rows)
    except OSError as error:
        raise LabelsError(f"A CSV of labelled clips was expected at {labels}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise LabelsError(f"{labels} was expected to be a CSV in UTF-8 and is not.") from error
    _enough(labels, found)
    return found


def split_by_speaker(clips: Sequence[Clip]) -> dict[Split, tuple[Clip, ...]]:
    """In sorted order, every fifth speaker is for testing, the next one for calibration, the others to learn from."""
    speakers = sorted({clip.speaker for clip in clips})
    test, dev = set(speakers[::5]), set(speakers[1::5])
    return {
        "train": tuple(clip for clip in clips if clip.speaker not in test | dev),
        "dev": tuple(clip for clip in clips if clip.speaker in dev),
        "test": tuple(clip for clip in clips if clip.speaker in test),
    }


def _clip(labels: Path, line: int, row: dict[str, str | None]) -> Clip:
    path, speaker, emotion = ((row[column] or "").strip() for column in COLUMNS)
    where = f"{labels}, line {line}"
    if not speaker:
        raise LabelsError(f"{where}: a speaker was expected, so that nobody is both learnt from and tested on.")
    if emotion not in PLEASURE_AROUSAL:
        raise LabelsError(f"{where}: an emotion was expected ({', '.join(PLEASURE_AROUSAL)}) and '{emotion}' came.")
    sound = labels.parent / path
    if not sound.is_file():
        raise LabelsError(f"{where}: there is no sound file {sound}.")
    return Clip(sound, CORPUS, speaker, (row.get("sex") or "").strip(), "", emotion, "", "", 0.0)


def _enough(labels: Path, clips: Sequence[Clip]) -> None:
    speakers = {clip.speaker for clip in clips}
    if len(speakers) < FEWEST_SPEAKERS:
        count = f"{FEWEST_SPEAKERS} speakers or more were expected in {labels} and {len(speakers)} came"
        raise LabelsError(f"{count}: one is kept for calibration and one for testing.")
    for part, own in split_by_speaker(clips).items():
        emotions = {clip.emotion for clip in own}
        if "angry" not in emotions or len(emotions) == 1:
            names = ", ".join(sorted({clip.speaker for clip in own}))
            raise LabelsError(
                f"Angry clips and others were expected of the {part} speakers in {labels} ({names}), and only "
                f"{', '.join(sorted(emotions))} came: label more of them, or add speakers."
            )
