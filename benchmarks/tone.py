"""`calmline bench tone`: what the tone model tells of voices that it never heard, on every line, and what it costs.

Clips of the test speakers of every corpus are read as `calmline tone` reads a file: as recorded, over a mu-law line,
and over a bad one with lost packets and a crowd behind the voice. How well confidence is calibrated is told on the
development speakers. What needs training folds was measured when the weights were trained and stands in the record
beside them. A corpus that is absent is left out. Some minutes on one core.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import get_args

import numpy as np
from sklearn.metrics import roc_auc_score

from audio.frame import Samples, to_samples
from audio.vad import load_vad
from benchmarks.core import one_core
from benchmarks.machine import Machine, Spread, spread, this_machine
from models.onnx_tone import OnnxTone
from models.tone import ToneJob, ToneReading
from models.tone_clip import read_clip
from models.training.augment import over_a_bad_line
from models.training.corpora import Clip, Corpus, clips
from models.training.evaluate import HIGH, LOW, NoCorporaError, calibration_error
from models.training.heads import group_of
from models.training.line import telephone
from models.training.windows import audio_of
from server.models import tone_file
from server.settings import ModelSettings

BACKGROUND = 24  # clips of others that the crowd is made of
WINDOW = to_samples(3.0)
TIMES = 50  # that one window is read, to tell what it costs


@dataclass(frozen=True, slots=True)
class CorpusFigures:
    """Test speakers of one corpus. Areas under the ROC curve; None where only one kind of clip gave a reading."""

    language: str
    clips: int
    no_reading: int  # of them, as recorded
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
    recorded: dict[str, float]  # figures that need training folds, from the same record
    test_speakers: dict[str, CorpusFigures]  # by corpus
    anger_mean: float | None  # of the corpora
    arousal_mean: float | None
    bad_line_loss_mean: float | None
    calibration_error: dict[str, float]  # expected, of the confidence, on development speakers by corpus, and of all
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
    present = [corpus for corpus in get_args(Corpus) if clips(corpus)]
    if not present:
        raise NoCorporaError("no emotion.csv")
    model = OnnxTone(tone_file(weights), ModelSettings().tone)
    figures = {corpus: corpus_figures(model, clips(corpus, "test")) for corpus in present}
    trained_on, recorded = _record(tone_file(weights).with_suffix(".json"))
    return ToneResult(
        machine=this_machine(),
        weights=weights,
        trained_on=trained_on,
        recorded=recorded,
        test_speakers=figures,
        anger_mean=_mean([of.anger for of in figures.values()]),
        arousal_mean=_mean([of.arousal for of in figures.values()]),
        bad_line_loss_mean=_mean([of.bad_line_loss for of in figures.values()]),
        calibration_error=_calibration({corpus: clips(corpus, "dev") for corpus in present}, model),
        window_ms=window_ms(model, audio_of(clips(present[0], "dev")[0])),
    )


def corpus_figures(model: OnnxTone, tested: Sequence[Clip]) -> CorpusFigures:
    """Clips of one corpus, over three lines."""
    clean = _readings(model, tested, lambda clip, samples: samples)
    narrow = _readings(model, tested, lambda clip, samples: telephone(samples))
    bad = _readings(model, tested, _bad_line(tested))
    anger, anger_bad = anger_auc(clean), anger_auc(bad)
    return CorpusFigures(
        language=tested[0].language,
        clips=len(tested),
        no_reading=len(tested) - len(clean),
        anger=anger,
        anger_women=anger_auc({clip: reading for clip, reading in clean.items() if clip.sex == "f"}),
        anger_men=anger_auc({clip: reading for clip, reading in clean.items() if clip.sex == "m"}),
        anger_mu_law=anger_auc(narrow),
        anger_bad_line=anger_bad,
        bad_line_loss=None if anger is None or anger_bad is None else round(anger - anger_bad, 4),
        arousal=arousal_auc(clean),
        arousal_bad_line=arousal_auc(bad),
    )


def anger_auc(readings: Mapping[Clip, ToneReading]) -> float | None:
    """How well anger tells angry clips from the rest."""
    return _auc([clip.emotion == "angry" for clip in readings], [reading.anger for reading in readings.values()])


def arousal_auc(readings: Mapping[Clip, ToneReading]) -> float | None:
    """How well arousal tells lively emotions from quiet ones; the others are left out."""
    told = {clip: reading for clip, reading in readings.items() if clip.emotion in HIGH | LOW}
    return _auc([clip.emotion in HIGH for clip in told], [reading.arousal for reading in told.values()])


def window_ms(model: OnnxTone, speech: Samples) -> Spread:
    """What one reading of 3 s costs on one core, in milliseconds."""
    job = ToneJob(WINDOW, np.resize(speech, WINDOW))
    with one_core():
        return spread([1000 * _seconds(lambda: model.read(job)) for _ in range(TIMES)])


def _readings(
    model: OnnxTone, tested: Sequence[Clip], change: Callable[[Clip, Samples], Samples]
) -> dict[Clip, ToneReading]:
    """What each clip gave, but for those that gave no reading."""
    vad = load_vad()
    readings = {clip: read_clip(model, vad, change(clip, audio_of(clip))) for clip in tested}
    return {clip: reading for clip, reading in readings.items() if reading.reason is None}


def _bad_line(tested: Sequence[Clip]) -> Callable[[Clip, Samples], Samples]:
    """A bad line, behind which a few of the other speakers talk. Each clip has its own seed."""
    crowd = [(clip.speaker, audio_of(clip)) for clip in tested[:: max(1, len(tested) // BACKGROUND)]]
    seeds = {clip: number for number, clip in enumerate(tested)}

    def change(clip: Clip, samples: Samples) -> Samples:
        others = [voice for speaker, voice in crowd if speaker != clip.speaker]
        return over_a_bad_line(samples, others or [voice for _, voice in crowd], np.random.default_rng(seeds[clip]))

    return change


def _calibration(held_out: Mapping[str, Sequence[Clip]], model: OnnxTone) -> dict[str, float]:
    """Expected calibration error: confidence against how often the verdict among three groups is right."""
    groups = np.eye(3)[[group_of(name) for name in model.classes]]
    verdicts: dict[str, list[tuple[float, bool]]] = {}
    for corpus, own in held_out.items():
        outputs = [model.outputs(audio_of(clip)) for clip in own]
        verdicts[corpus] = [
            (output.confidence, int(np.argmax(output.posterior @ groups)) == group_of(clip.emotion))
            for clip, output in zip(own, outputs, strict=True)
        ]
    verdicts["all"] = list(chain.from_iterable(verdicts.values()))
    return {name: round(_calibration_error(pairs), 4) for name, pairs in verdicts.items()}


def _calibration_error(verdicts: Sequence[tuple[float, bool]]) -> float:
    return calibration_error([sure for sure, _ in verdicts], [right for _, right in verdicts])


def _record(path: Path) -> tuple[tuple[str, ...], dict[str, float]]:
    """Which corpora were trained on, and the figures that were measured in training; empty without a record."""
    if not path.is_file():
        return (), {}
    record = json.loads(path.read_text(encoding="utf-8"))
    metrics = {name: value for name, value in record["metrics"].items() if isinstance(value, float)}
    recipe = record["recipe"]
    return tuple(recipe.get("corpora") or [recipe["corpus"]]), metrics


def _auc(truth: Sequence[bool], score: Sequence[float | None]) -> float | None:
    return round(float(roc_auc_score(truth, score)), 4) if len(set(truth)) == 2 else None


def _mean(figures: Sequence[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return round(float(np.mean(known)), 4) if known else None


def _seconds(run: Callable[[], object]) -> float:
    began = perf_counter()
    run()
    return perf_counter() - began
