"""Draws what a tone model confuses and how sure it is: `python -m models.training.pictures --out docs/pictures`.

In: the weights that come with Calmline and the corpora that are present. Out: `tone-<name>.png` each: a confusion
matrix on the test speakers of the corpora that it was trained on, and a reliability diagram on their development
speakers.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix, recall_score

from audio.errors import CalmlineError
from models.tone.onnx_tone import OnnxTone, shipped
from models.training.data.corpora import Clip, clips
from models.training.data.windows import audio_of
from models.training.evaluate import MOST, NoCorporaError, calibration_error
from models.training.heads import group_of

NAMES = ("open", "research")
BINS = 10


def draw(name: str, folder: Path) -> Path:
    """The picture of one set of weights."""
    path = shipped(name)
    model, trained_on = OnnxTone(path), json.loads(path.with_suffix(".json").read_text())["recipe"]["corpora"]
    tested, held_out = ([c for corpus in trained_on for c in _some(clips(corpus, part))] for part in ("test", "dev"))
    if not tested:
        raise NoCorporaError(", ".join(trained_on))
    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
    _confusion(left, model, tested)
    _reliability(right, model, held_out)
    figure.suptitle(f"tone-{name}: {', '.join(trained_on)}")
    folder.mkdir(parents=True, exist_ok=True)
    drawn = folder / f"tone-{name}.png"
    figure.savefig(drawn, dpi=100)
    return drawn


def _confusion(axes: Axes, model: OnnxTone, tested: Sequence[Clip]) -> None:
    """Rows are what was played, columns what was read; shares of a row."""
    truth = [clip.emotion for clip in tested]
    said = [model.classes[int(model.outputs(audio_of(clip)).posterior.argmax())] for clip in tested]
    names = sorted(set(truth) | set(said))
    shares = confusion_matrix(truth, said, labels=names, normalize="true")
    axes.imshow(shares, cmap=mpl.colormaps["Blues"], vmin=0, vmax=1)
    for row, column in np.ndindex(shares.shape):
        share = shares[row, column]
        axes.text(column, row, f"{share:.2f}", ha="center", va="center", color="white" if share > 0.5 else "black")
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("read")
    axes.set_ylabel("played")
    recall = recall_score(truth, said, average="macro")
    axes.set_title(f"test speakers, {len(tested)} clips: unweighted average recall {recall:.2f}")


def _reliability(axes: Axes, model: OnnxTone, held_out: Sequence[Clip]) -> None:
    """How often the verdict among angry, otherwise aroused, calm is right, against how sure it was."""
    groups = np.eye(3)[[group_of(name) for name in model.classes]]
    heard = [model.outputs(audio_of(clip)) for clip in held_out]
    sure = np.array([output.confidence for output in heard])
    verdicts = [int((output.posterior @ groups).argmax()) for output in heard]
    right = np.array([said == group_of(clip.emotion) for said, clip in zip(verdicts, held_out, strict=True)])
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    filled = np.unique(place)
    success = [right[place == k].mean() for k in filled]
    axes.plot((0, 1), (0, 1), color="grey", linestyle=":")
    axes.bar((filled + 0.5) / BINS, success, width=0.9 / BINS, color=mpl.colormaps["Blues"](0.6))
    for k, height in zip(filled, success, strict=True):
        axes.text((k + 0.5) / BINS, height, f"{np.sum(place == k)}", ha="center", va="bottom")
    axes.set(xlim=(0, 1), ylim=(0, 1.08), xlabel="confidence", ylabel="share that is right")
    axes.set_title(f"development speakers: expected calibration error {calibration_error(sure, right):.3f}")


def _some(own: Sequence[Clip]) -> Sequence[Clip]:
    return own[:: max(1, len(own) // MOST)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw confusion matrices and reliability diagrams.")
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"), help="folder for the pictures")
    try:
        for name in NAMES:
            print(f"wrote {draw(name, parser.parse_args().out)}")
    except CalmlineError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
