"""Measures a tone model on the corpora that are present: `python -m models.training.evaluate [FILE.onnx]`.

In: an ONNX file. Out: figures of the test speakers as JSON on stdout. A clip is read as `calmline tone` reads it
(`tone_clip`): as it is, through a telephone line, and through a bad one with a crowd behind the voice. The recorded
call is cut as a live call is (`CustomerSpeech`). Some minutes on one core.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from faster_whisper.audio import decode_audio
from numpy.typing import ArrayLike
from sklearn.metrics import roc_auc_score

from audio.errors import CalmlineError
from audio.frame import FRAME, SAMPLE_RATE, Channel, Frame, Samples, to_samples
from audio.speech.turns import TurnTracker
from audio.speech.vad import Vad, VadModel, load_vad
from models.tone.clip import read_clip
from models.tone.customer_speech import CustomerSpeech
from models.tone.onnx_tone import OnnxTone, shipped
from models.tone.types import ToneReading
from models.training.data.augment import over_a_bad_line
from models.training.data.corpora import Clip, Corpus, clips, data_folder
from models.training.data.line import telephone
from models.training.data.windows import audio_of

HIGH, LOW = {"angry", "happy", "fearful"}, {"sad", "neutral", "calm", "bored"}  # arousal
CALL = "calls/auto_repairs_40.flac"
MOST = 400  # clips of a corpus, evenly spread, that stand for all of it
CROWD = 24  # voices that babble is made of
TICK = to_samples(0.5)


class NoCorporaError(CalmlineError):
    """There is no labelled speech to learn from or to measure on."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"Labelled speech was expected and there is none ({what}): set CALMLINE_DATA to the folder that holds "
            "emotion.csv and the audio it names."
        )


Reads = Sequence[tuple[Clip, ToneReading]]


def clips_to_test() -> dict[str, tuple[Clip, ...]]:
    """The test speakers' clips of every corpus that is present, evenly thinned where there are very many.

    Raises
    ------
    NoCorporaError
        If no corpus is present.
    """
    if data_folder() is None:
        raise NoCorporaError("no emotion.csv")
    present = {corpus: clips(corpus, "test") for corpus in get_args(Corpus) if clips(corpus)}
    return {corpus: own[:: math.ceil(len(own) / MOST)] for corpus, own in present.items()}


def evaluate(path: Path, tested: Mapping[str, Sequence[Clip]]) -> dict[str, Any]:
    """Figures of one file of weights, for each corpus and line."""
    model, vad = OnnxTone(path), load_vad()
    figures: dict[str, Any] = {}
    for corpus, own in tested.items():
        voices = [audio_of(clip) for clip in own]
        for line, change in (("as recorded", _unchanged), ("telephone", telephone), ("bad line", _bad_line(voices))):
            figures[f"{corpus}, {line}"] = _figures(
                [(clip, read_clip(model, vad, change(voice))) for clip, voice in zip(own, voices, strict=True)]
            )
    return figures


def evaluate_call(path: Path) -> dict[str, float | int]:
    """What a file of weights reads in a calm call, second by second; nothing where the call is absent."""
    folder = data_folder()
    if not folder or not (folder / CALL).is_file():
        return {}
    return _call_figures(call_readings(OnnxTone(path), load_vad(), folder / CALL))


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


def calibration_error(
    confidence: ArrayLike, right: ArrayLike, bins: int = 10, counts: ArrayLike | None = None
) -> float:
    """Expected calibration error: how far confidence and success lie apart, over bins of equal width.

    `counts` is what each reading counts, the same for all where it is not given. Guo et al., "On calibration of modern
    neural networks", ICML 2017.
    """
    sure, success = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    count = np.ones(len(sure)) if counts is None else np.asarray(counts, np.float64)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=count * (success - sure), minlength=bins)
    return float(np.abs(gaps).sum() / count.sum())


def _unchanged(samples: Samples) -> Samples:
    return samples


def _bad_line(voices: Sequence[Samples]) -> Callable[[Samples], Samples]:
    """A crowd of the same voices, 15 dB down, and a mu-law line that loses packets."""
    random, crowd = np.random.default_rng(0), voices[:: max(1, len(voices) // CROWD)]
    return lambda voice: over_a_bad_line(voice, crowd, random)


def _figures(reads: Reads) -> dict[str, float | int]:
    """Angry against the rest, also by sex, and high against low arousal. Areas under the ROC curve."""
    heard = [(clip, reading) for clip, reading in reads if reading.reason is None]
    figures: dict[str, float | int] = {"clips": len(heard), "no reading": len(reads) - len(heard)}
    figures |= _auc("anger AUC", [(clip.emotion == "angry", reading.anger) for clip, reading in heard])
    roused = [(clip.emotion in HIGH, reading.arousal) for clip, reading in heard if clip.emotion in HIGH | LOW]
    figures |= _auc("arousal AUC", roused)
    for sex in sorted({clip.sex for clip, _ in heard}):
        own = [(clip.emotion == "angry", reading.anger) for clip, reading in heard if clip.sex == sex]
        figures |= _auc(f"anger AUC, sex {sex or 'unknown'}", own)
    return figures


def _auc(name: str, pairs: Sequence[tuple[bool, float | None]]) -> dict[str, float]:
    truth = [true for true, _ in pairs]
    return {name: round(float(roc_auc_score(truth, [x for _, x in pairs])), 4)} if len(set(truth)) == 2 else {}


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
    path = parser.parse_args().file
    try:
        figures = evaluate(path, clips_to_test()) | {"recorded calm call, customer": evaluate_call(path)}
    except CalmlineError as error:
        sys.exit(str(error))
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
