"""`calmline bench tone`: what the tone model tells of voices that it never heard, on every line, and what it costs.

Clips of the test speakers of every corpus are read as `calmline tone` reads a file, by `models.training.evaluate`: as
recorded, over a mu-law line, and over a bad one with lost packets and a crowd behind the voice. How well confidence is
calibrated is told on the development speakers. What needs training folds was measured when the weights were trained
and stands in the record beside them. A corpus that is absent is left out. Some minutes on one core.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from audio.frame import Samples, to_samples
from benchmarks.machine import Machine, Spread, spread, this_machine
from benchmarks.speed.core import one_core
from models.tone.onnx_tone import OnnxTone
from models.tone.types import ToneJob
from models.training.data.corpora import Clip, Corpus, clips
from models.training.data.windows import audio_of
from models.training.evaluate import calibration_error, clips_to_test, evaluate
from models.training.heads import group_of
from server.loading import tone_file
from server.settings import ModelSettings

CORPORA: tuple[Corpus, ...] = ("emodb", "ravdess", "nemo")
WINDOW = to_samples(3.0)
TIMES = 50  # that one window is read, to tell what it costs

Verdicts: TypeAlias = tuple[NDArray[np.float64], NDArray[np.bool_]]  # confidence, and whether it was right


@dataclass(frozen=True, slots=True)
class CorpusFigures:
    """Test speakers of one corpus. Areas under the ROC curve, None where there is nothing to tell apart."""

    language: str
    clips: int  # that gave a reading as recorded
    no_reading: int
    anger: float | None  # angry against the rest
    anger_women: float | None
    anger_men: float | None
    anger_mu_law: float | None
    anger_bad_line: float | None  # mu-law, 2 % of the packets lost, babble 15 dB under the voice
    bad_line_loss: float | None  # of the figure as recorded
    arousal: float | None  # angry, happy, fearful against sad, neutral, calm, bored
    arousal_bad_line: float | None


@dataclass(frozen=True, slots=True)
class ToneResult:
    machine: Machine
    weights: str
    trained_on: tuple[str, ...]  # corpora, as the record beside the weights tells
    in_training: dict[str, float]  # figures that need training folds, from the same record
    test_speakers: dict[str, CorpusFigures]  # by corpus
    anger_mean: float | None  # of the corpora
    arousal_mean: float | None
    bad_line_loss_mean: float | None
    calibration_error: dict[str, float]  # expected, of the confidence, on development speakers' clips by corpus
    calibration_error_as_trained: float | None  # on those of all corpora in training, each counting the same
    window_ms: Spread  # one window of 3 s on one core


def bench_tone(weights: str) -> ToneResult:
    """Every corpus that is present.

    Raises
    ------
    NoCorporaError
        If none is.
    CalmlineError
        If the weights cannot be used.
    """
    path, tested = tone_file(weights), clips_to_test()
    model, read = OnnxTone(path, ModelSettings().tone), evaluate(path, tested)
    figures = {corpus: figures_of(corpus, own[0].language, read) for corpus, own in tested.items()}
    trained_on, in_training = _record(path.with_suffix(".json"))
    verdicts = {name: _verdicts(model, clips(name, "dev")) for name in CORPORA if clips(name, "dev")}
    as_trained = [verdicts[name] for name in trained_on if name in verdicts]
    return ToneResult(
        machine=this_machine(),
        weights=weights,
        trained_on=trained_on,
        in_training=in_training,
        test_speakers=figures,
        anger_mean=_mean([of.anger for of in figures.values()]),
        arousal_mean=_mean([of.arousal for of in figures.values()]),
        bad_line_loss_mean=_mean([of.bad_line_loss for of in figures.values()]),
        calibration_error={name: _calibration(own) for name, own in verdicts.items()},
        calibration_error_as_trained=_calibration(*as_trained) if as_trained else None,
        window_ms=window_ms(model, audio_of(next(iter(tested.values()))[0])),
    )


def figures_of(corpus: str, language: str, read: Mapping[str, Mapping[str, float]]) -> CorpusFigures:
    """One corpus out of what `evaluate` gave."""
    clean, narrow, bad = (read[f"{corpus}, {line}"] for line in ("as recorded", "telephone", "bad line"))
    anger, anger_bad = clean.get("anger AUC"), bad.get("anger AUC")
    return CorpusFigures(
        language=language,
        clips=int(clean["clips"]),
        no_reading=int(clean["no reading"]),
        anger=anger,
        anger_women=clean.get("anger AUC, sex f"),
        anger_men=clean.get("anger AUC, sex m"),
        anger_mu_law=narrow.get("anger AUC"),
        anger_bad_line=anger_bad,
        bad_line_loss=None if anger is None or anger_bad is None else round(anger - anger_bad, 4),
        arousal=clean.get("arousal AUC"),
        arousal_bad_line=bad.get("arousal AUC"),
    )


def window_ms(model: OnnxTone, speech: Samples) -> Spread:
    """What one reading of 3 s costs on one core, in milliseconds."""
    job = ToneJob(WINDOW, np.resize(speech, WINDOW))
    with one_core():
        return spread([_read_ms(model, job) for _ in range(TIMES)])


def _read_ms(model: OnnxTone, job: ToneJob) -> float:
    began = perf_counter()
    model.read(job)
    return 1000 * (perf_counter() - began)


def _verdicts(model: OnnxTone, held_out: Sequence[Clip]) -> Verdicts:
    """Confidence [shape=(n,)], and whether the verdict among three groups was right [shape=(n,)]."""
    groups = np.eye(3)[[group_of(name) for name in model.classes]]
    outputs = [model.outputs(audio_of(clip)) for clip in held_out]
    said = [int(np.argmax(output.posterior @ groups)) for output in outputs]
    right = np.array([one == group_of(clip.emotion) for one, clip in zip(said, held_out, strict=True)])
    return np.array([output.confidence for output in outputs]), right


def _calibration(*parts: Verdicts) -> float:
    """Expected calibration error of the confidence, each part counting the same."""
    confidence, right = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    counts = np.concatenate([np.full(len(own), 1 / len(own)) for own, _ in parts])
    return round(calibration_error(confidence, right, counts=counts), 4)


def _record(path: Path) -> tuple[tuple[str, ...], dict[str, float]]:
    """Which corpora were trained on, and the figures that were measured in training; empty without a record."""
    if not path.is_file():
        return (), {}
    record = json.loads(path.read_text(encoding="utf-8"))
    metrics = {name: value for name, value in record["metrics"].items() if isinstance(value, float)}
    return tuple(record["recipe"].get("corpora", ())), metrics


def _mean(figures: Sequence[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return round(float(np.mean(known)), 4) if known else None
