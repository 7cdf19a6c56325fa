"""Trains a tone model on one's own labelled speech: `python -m models.training.train_own labels.csv --out FOLDER`.

In: a CSV of `path, speaker, emotion`, and Whisper's weights from an installed package. Out: `tone-own.onnx`, which
every command takes by its path, and `tone-own.json`. The recipe is that of the shipped weights. An hour of speech takes
about ten minutes on one core.
"""

import argparse
import sys
from pathlib import Path

from audio.errors import CalmlineError
from models.training.own import CORPUS, own_clips, split_by_speaker
from models.training.train import Recipe, write

COPIES = 8  # augmented windows of each clip


def train_own(labels: Path, folder: Path, copies: int = COPIES) -> Path:
    """The path of the ONNX file.

    Raises
    ------
    LabelsError
        If the CSV cannot be learnt from.
    """
    parts = split_by_speaker(own_clips(labels))
    return write("own", Recipe((CORPUS,), (copies,), (1,)), [parts], {CORPUS: parts["test"]}, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train, evaluate and export a tone model on your own labelled clips.")
    parser.add_argument("labels", type=Path, help="a CSV of path, speaker, emotion")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for tone-own.onnx and tone-own.json")
    arguments = parser.parse_args()
    try:
        path = train_own(arguments.labels, arguments.out)
    except CalmlineError as error:
        sys.exit(str(error))
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
