"""Trains the tone model and writes it with its record: `python -m models.training.train --weights open`.

In: EmoDB beside the checkout and Whisper tiny.en's weights from the installed package. Out: `tone-open.onnx` and
`tone-open.json` (configuration, metrics, SHA-256). The encoder stays frozen, the heads are fitted on windows of the
train speakers and calibrated on the development speaker. Some minutes on one core; the seed fixes every window.
"""

import argparse
import hashlib
import json
import sys
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from sklearn.metrics import recall_score

from audio.vad import load_vad
from models.onnx_tone import WEIGHTS
from models.training.corpora import Corpus, Split, clips
from models.training.evaluate import NoCorporaError, calibration_error, evaluate
from models.training.graph import extractor, feature_model, tone_model
from models.training.heads import Heads, HeadSettings, calibrate, fit, group_of
from models.training.whisper import encoder_weights, installed_tiny
from models.training.windows import Windows, training_windows, windows_without_speech


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that makes one set of weights what it is."""

    corpus: Corpus
    blocks: tuple[int, ...] = (1, 2, 3)  # of Whisper's encoder, whose outputs are pooled and joined
    copies: int = 12  # augmented windows of each clip
    without_speech: int = 800  # windows of noise, tones, music
    seed: int = 0
    heads: HeadSettings = field(default_factory=HeadSettings)


RECIPES = {"open": Recipe(corpus="emodb")}


def train(recipe: Recipe) -> tuple[onnx.ModelProto, Heads, dict[str, Any]]:
    """The model, its heads for reference, and the metrics measured on the way.

    Raises
    ------
    NoCorporaError
        If the corpus is absent.
    """
    if not clips(recipe.corpus):
        raise NoCorporaError(recipe.corpus)
    weights = encoder_weights(installed_tiny())
    extract = extractor(feature_model(weights, recipe.blocks))
    everything = training_windows(clips(recipe.corpus), extract, load_vad(), recipe.copies, recipe.seed)
    empty = windows_without_speech(clips(recipe.corpus, "train"), extract, recipe.without_speech, recipe.seed)
    learnt, held_out = (everything.of(_speakers(recipe.corpus, split)) for split in ("train", "dev"))
    heads = fit(learnt.features, learnt.emotions, empty, recipe.heads)
    heads = calibrate(heads, held_out.features, held_out.emotions)
    metrics = {
        "development_calibration_error": round(_calibration_error(heads, held_out), 4),
        "grouped_folds_recall": round(_grouped_folds_recall(everything, empty, recipe), 4),
    }
    return tone_model(weights, recipe.blocks, heads), heads, metrics


def _speakers(corpus: Corpus, split: Split) -> list[str]:
    return sorted({clip.speaker for clip in clips(corpus, split)})


def _calibration_error(heads: Heads, windows: Windows) -> float:
    outputs = heads.read(windows.features)
    said = (outputs.posterior @ heads.groups).argmax(axis=1)
    return calibration_error(outputs.confidence, said == [group_of(emotion) for emotion in windows.emotions])


def _grouped_folds_recall(windows: Windows, empty: NDArray[np.float32], recipe: Recipe) -> float:
    """Unweighted average recall over all classes, every speaker read by heads that never heard the speaker.

    Only the whole clips are counted, one window each, as they stand before the augmented copies.
    """
    truth, said = [], []
    for speaker in np.unique(windows.speakers):
        rest = windows.speakers != speaker
        heads = fit(windows.features[rest], windows.emotions[rest], empty, recipe.heads)
        tested = windows.of([speaker])
        whole = slice(None, None, recipe.copies + 1)
        posterior = heads.read(tested.features[whole]).posterior
        truth += list(tested.emotions[whole])
        said += [heads.classes[k] for k in posterior.argmax(axis=1)]
    return float(recall_score(truth, said, average="macro"))


def write(name: str, recipe: Recipe, folder: Path) -> Path:
    """Train, save and evaluate `tone-<name>`; the path of the ONNX file."""
    model, heads, metrics = train(recipe)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"tone-{name}.onnx"
    path.with_suffix(".json").unlink(missing_ok=True)  # it records the file of before
    onnx.save(model, path)
    record = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "recipe": asdict(recipe),
        "classes": heads.classes,
        "speakers": {split: _speakers(recipe.corpus, split) for split in ("train", "dev")},
        "versions": {package: version(package) for package in ("numpy", "onnx", "onnxruntime", "scikit-learn")},
        "metrics": metrics | evaluate(path),
    }
    path.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--weights", choices=sorted(RECIPES), default="open", help="which set of weights to train")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="folder for the .onnx and .json files")
    arguments = parser.parse_args()
    try:
        path = write(arguments.weights, RECIPES[arguments.weights], arguments.out)
    except NoCorporaError as error:
        sys.exit(str(error))
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
