"""Measures a tone model on the corpora that are present: `python -m models.training.evaluate [FILE.onnx]`.

In: an ONNX file. Out: figures as JSON on stdout. A clip is read as `calmline tone` reads it (`tone_clip`), as it is and
through a telephone line; the recorded call is cut as a live call is (`CustomerSpeech`). Some minutes on one core.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from faster_whisper.audio import decode_audio
from numpy.typing import ArrayLike
from sklearn.metrics import recall_score, roc_auc_score

from audio.errors import CalmlineError
from audio.frame import FRAME, SAMPLE_RATE, Channel, Frame, Samples, to_samples
from audio.turns import TurnTracker
from audio.vad import Vad, VadModel, load_vad
from models.customer_speech import CustomerSpeech
from models.onnx_tone import OnnxTone, shipped
from models.tone import ToneReading
from models.tone_clip import read_clip
from models.training.corpora import Clip, Corpus, clips, data_folder
from models.training.line import telephone
from models.training.windows import audio_of

HIGH, LOW = {"angry", "happy", "fearful"}, {"sad", "neutral", "calm", "bored"}  # arousal
CALL = "calls/auto_repairs_40.flac"
MOST = 1000  # clips of a corpus, evenly spread, that stand for all of it
TICK = to_samples(0.5)


class NoCorporaError(CalmlineError):
    """There is no labelled speech to learn from or to measure on."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Labelled speech was expected and there is none ({what}): set CALMLINE_DATA to the folder that holds "
            "emotion.csv and the audio it names."
        )


@dataclass(frozen=True, slots=True)
class Read:
    """A clip, the reading that it gave, and the class that it sounds like where its corpus has the model's classes."""

    clip: Clip
    reading: ToneReading
    said: str | None


def evaluate(path: Path) -> dict[str, Any]:
    """Figures of one file of weights: for each corpus all speakers and its test speakers, and the recorded call.

    Raises
    ------
    NoCorporaError
        If no corpus is present.
    """
    folder = data_folder()
    if folder is None:
        raise NoCorporaError("no emotion.csv")
    model, vad = OnnxTone(path), load_vad()
    figures: dict[str, Any] = {}
    for corpus in get_args(Corpus):
        spread = clips(corpus)[:: math.ceil(len(clips(corpus)) / MOST) or 1]
        same_classes = {clip.emotion for clip in spread} == set(model.classes)
        for line, change in (("as recorded", _unchanged), ("telephone", telephone)):
            reads = {
                clip: _read(model, vad, clip, change, same_classes)
                for clip in dict.fromkeys((*spread, *clips(corpus, "test")))
            }
            figures[f"{corpus}, {line}"] = {
                "all speakers": _figures([reads[clip] for clip in spread]),
                "test speakers": _figures([reads[clip] for clip in clips(corpus, "test")]),
            }
    if (folder / CALL).is_file():
        figures["recorded calm call, customer"] = _call_figures(call_readings(model, vad, folder / CALL))
    return figures


def call_readings(model: OnnxTone, vad: VadModel, path: Path) -> list[ToneReading]:
    """The readings of a call's customer (right channel), every 0.5 s of stream time, as a live call gives them."""
    samples = decode_audio(str(path), sampling_rate=SAMPLE_RATE, split_stereo=True)[1]
    ears, turns, speech = Vad(vad), TurnTracker(Channel.CUSTOMER), CustomerSpeech()
    readings = []
    for start in range(0, len(samples) - FRAME + 1, FRAME):
        frame = Frame(Channel.CUSTOMER, start, samples[start : start + FRAME])
        for voice in ears.feed(frame.samples):
            turns.feed(voice)
        speech.feed(frame, turns.speaking)
        job = speech.tick(frame.end) if frame.end % TICK == 0 else None
        if job:
            readings.append(model.read(job))
    return readings


def calibration_error(confidence: ArrayLike, right: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error: how far confidence and success lie apart, over bins of equal width.

    Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    sure, success = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=success - sure, minlength=bins)
    return float(np.abs(gaps).sum() / len(sure))


def _unchanged(samples: Samples) -> Samples:
    return samples


def _read(model: OnnxTone, vad: VadModel, clip: Clip, change: Callable[[Samples], Samples], with_class: bool) -> Read:
    samples = change(audio_of(clip))
    said = model.classes[int(np.argmax(model.outputs(samples).posterior))] if with_class else None
    return Read(clip, read_clip(model, vad, samples), said)


def _figures(reads: Sequence[Read]) -> dict[str, float | int]:
    """Angry against the rest, high against low arousal, and recall of the classes where they are the model's own."""
    heard = [read for read in reads if read.reading.reason is None]
    roused = [read for read in heard if read.clip.emotion in HIGH | LOW]
    if not roused:
        return {"clips": 0, "no reading": len(reads)}
    figures: dict[str, float | int] = {
        "clips": len(heard),
        "no reading": len(reads) - len(heard),
        "anger AUC": roc_auc_score([r.clip.emotion == "angry" for r in heard], [r.reading.anger for r in heard]),
        "arousal AUC": roc_auc_score([r.clip.emotion in HIGH for r in roused], [r.reading.arousal for r in roused]),
    }
    for sex in sorted({read.clip.sex for read in heard}):
        own = [read for read in heard if read.clip.sex == sex]
        angry = [read.clip.emotion == "angry" for read in own]
        figures[f"anger AUC, sex {sex}"] = roc_auc_score(angry, [read.reading.anger for read in own])
    if reads[0].said is not None:
        truth, said = [read.clip.emotion for read in reads], [read.said for read in reads]
        figures["recall of all classes"] = recall_score(truth, said, average="macro")
    return {name: round(value, 4) for name, value in figures.items()}


def _call_figures(readings: Sequence[ToneReading]) -> dict[str, float | int]:
    anger = [reading.anger for reading in readings if reading.anger is not None]
    median, p95, worst = np.quantile(anger, (0.5, 0.95, 1.0))
    return {
        "readings": len(anger),
        "no reading": len(readings) - len(anger),
        "anger median": round(float(median), 4),
        "anger p95": round(float(p95), 4),
        "anger max": round(float(worst), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a tone model on the corpora that are present.")
    parser.add_argument("file", type=Path, nargs="?", default=shipped(), help="an ONNX tone model")
    try:
        figures = evaluate(parser.parse_args().file)
    except CalmlineError as error:
        sys.exit(str(error))
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
