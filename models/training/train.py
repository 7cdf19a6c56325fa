"""Trains the tone model and writes it with its record: `python -m models.training.train --weights open|research`.

In: the labelled corpora and Whisper's weights from an installed package. Out: `tone-<name>.onnx` and `tone-<name>.json`
(configuration, metrics, SHA-256). The encoder stays frozen; the heads are fitted on windows of the train speakers and
calibrated on the development speakers. Some minutes on one core; the seed fixes every window.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from audio.errors import CalmlineError
from audio.speech.vad import load_vad
from models.tone.onnx_tone import WEIGHTS
from models.training.data.corpora import Clip, Corpus, Split, clips
from models.training.data.windows import (
    Windows,
    WindowSettings,
    joined,
    training_windows,
    voice_of,
    voices_of,
    windows_without_speech,
)
from models.training.evaluate import NoCorporaError, clips_to_test, evaluate
from models.training.folds import calibration, fit_windows, grouped_folds_recall, leave_one_corpus_out
from models.training.graph.precision import compared
from models.training.graph.tone_graph import extractor, feature_model, tone_model
from models.training.graph.whisper_encoder import Weights, encoder_weights
from models.training.heads import Heads, HeadSettings, calibrate
from models.words.published import MODEL
from models.words.weights import find_whisper

PARTS: tuple[Split, ...] = ("train", "dev", "test")
FOLDS_OF: Corpus = "emodb"  # the corpus whose classes are told apart with grouped folds


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that makes one set of weights what it is."""

    corpora: tuple[str, ...]
    copies: tuple[int, ...]  # augmented windows of each clip, by corpus
    thinned: tuple[int, ...]  # every so many clips are taken, by corpus
    whisper: str = "tiny.en"
    blocks: tuple[int, ...] = (1, 2, 3)  # of Whisper's encoder, whose outputs are pooled and joined
    without_speech: int = 800  # windows of noise, tones, music
    seed: int = 0  # and the two after it, one for each part of the split
    heads: HeadSettings = field(default_factory=HeadSettings)


RECIPES = {
    "open": Recipe(("emodb",), copies=(12,), thinned=(1,)),
    "research": Recipe(("emodb", "ravdess", "nemo"), copies=(12, 3, 2), thinned=(1, 1, 5), without_speech=400),
}
Parts = Mapping[Split, Sequence[Clip]]  # the clips of one corpus


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, its heads for reference, and the metrics measured on the way."""

    model: onnx.ModelProto
    whole: onnx.ModelProto  # the same in float32
    heads: Heads
    metrics: dict[str, Any]


def train(recipe: Recipe, corpora: Sequence[Parts]) -> Trained:
    """Fit, calibrate and measure, on the clips of each corpus in the recipe's order."""
    weights = encoder_weights(find_whisper(recipe.whisper) / MODEL)
    everything, empty = _windows(recipe, corpora, weights)
    learnt, held_out = (everything.of(_voices(corpora, part)) for part in ("train", "dev"))
    heads = fit_windows(learnt, empty, recipe.heads)
    heads = calibrate(heads, held_out.features, held_out.emotions)
    metrics: dict[str, Any] = {"development_calibration_error": calibration(heads, held_out)}
    if FOLDS_OF in recipe.corpora:
        metrics["grouped_folds_recall"] = grouped_folds_recall(everything, FOLDS_OF, empty, recipe.heads)
    if len(corpora) > 1:
        tested = everything.of(_voices(corpora, "test"))
        metrics |= leave_one_corpus_out(learnt, tested, empty, recipe.heads)
    whole = tone_model(weights, recipe.blocks, heads, int8=False)
    return Trained(tone_model(weights, recipe.blocks, heads), whole, heads, metrics)


def corpora_of(recipe: Recipe) -> list[Parts]:
    """The fixed split of the recipe's corpora.

    Raises
    ------
    NoCorporaError
        If one of them is absent.
    """
    found: list[Parts] = []
    for corpus, step in zip(recipe.corpora, recipe.thinned, strict=True):
        if not clips(corpus):
            raise NoCorporaError(corpus)
        found.append({part: clips(corpus, part)[::step] for part in PARTS})
    return found


def write(
    name: str, recipe: Recipe, corpora: Sequence[Parts], tested: Mapping[str, Sequence[Clip]], folder: Path
) -> Path:
    """Train and save `tone-<name>`, evaluate it on the tested clips; the path of the ONNX file."""
    trained = train(recipe, corpora)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"tone-{name}.onnx"
    path.with_suffix(".json").unlink(missing_ok=True)  # it records the file of before
    onnx.save(trained.model, path)
    held_out = [clip for parts in corpora for clip in parts["dev"]]
    precisions = compared({"float32": trained.whole, "int8": trained.model}, held_out)
    record = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "recipe": asdict(recipe),
        "classes": trained.heads.classes,
        "speakers": {part: _voices(corpora, part) for part in ("train", "dev")},
        "versions": {package: version(package) for package in ("numpy", "onnx", "onnxruntime", "scikit-learn")},
        "metrics": trained.metrics | {"precisions": precisions, "test_speakers": evaluate(path, tested)},
    }
    path.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return path


def _windows(recipe: Recipe, corpora: Sequence[Parts], weights: Weights) -> tuple[Windows, NDArray[np.float32]]:
    """Windows of speech of all parts, babble made of the train speakers' voices; and windows without speech."""
    extract, vad = extractor(feature_model(weights, recipe.blocks)), load_vad()
    parts, voices = [], []
    for parts_of, copies in zip(corpora, recipe.copies, strict=True):
        crowd = voices_of(parts_of["train"])
        voices += crowd
        for number, part in enumerate(PARTS):
            folded = any(clip.corpus == FOLDS_OF for clip in parts_of[part])
            settings = WindowSettings(copies if part != "test" or folded else 0, recipe.seed + number)
            parts.append(training_windows(parts_of[part], crowd, extract, vad, settings))
    return joined(parts), windows_without_speech(voices, extract, recipe.without_speech, recipe.seed)


def _voices(corpora: Sequence[Parts], part: Split) -> list[str]:
    return sorted({voice_of(clip) for parts in corpora for clip in parts[part]})


def main() -> None:
    parser = argparse.ArgumentParser(description="Train, evaluate and export a tone model.")
    parser.add_argument("--weights", choices=sorted(RECIPES), default="open", help="which set of weights to train")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="folder for the .onnx and .json files")
    arguments = parser.parse_args()
    recipe = RECIPES[arguments.weights]
    try:
        path = write(arguments.weights, recipe, corpora_of(recipe), clips_to_test(), arguments.out)
    except CalmlineError as error:
        sys.exit(str(error))
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
