"""The tone model at run time: an ONNX file on onnxruntime, one thread, about 10 ms for 3 s of speech.

In: `ToneJob`, or any 16 kHz float32. Out: `ToneReading`. State: the session, which every call may share. Where the
speech is too short, clipped, noisy, or no speech at all, there is no reading and it says why: the model would answer
anything, so it is not asked.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import onnxruntime
from msgspec import Meta
from numpy.typing import NDArray

from audio.errors import CalmlineError
from audio.frame import Samples, to_samples
from audio.ranges import Share
from audio.speech.quality import clipped_share, signal_to_noise_db
from models.tone.types import NoReading, ToneJob, ToneReading

WEIGHTS = Path(__file__).parents[1] / "weights"


class ToneWeightsError(CalmlineError):
    """The tone model's file is missing, or not the one that was shipped."""


@dataclass(frozen=True, slots=True)
class ToneSettings:
    """Below these, there is no reading."""

    shortest_s: Annotated[float, Meta(ge=0.1, le=30)] = 1.0  # seconds of speech
    most_clipped: Share = 0.01  # share of samples at full scale
    least_snr_db: Annotated[float, Meta(ge=-100, le=100)] = 6.0  # loud frames against faint ones
    least_rms: Share = 1e-4  # of full scale, -80 dB: a silent line
    least_speech: Share = 0.5  # the model's own probability that this is speech


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the network says of one window, whatever its quality."""

    posterior: NDArray[np.float32]  # [shape=(classes,)]
    anger: float
    arousal: float
    valence: float
    confidence: float  # probability that its verdict among angry, otherwise aroused, calm is right
    speech: float  # probability that this is speech


def shipped(name: str = "open") -> Path:
    """The file of the weights `tone-<name>` that come with Calmline."""
    return WEIGHTS / f"tone-{name}.onnx"


class OnnxTone:
    """A tone model out of one file.

    Raises
    ------
    ToneWeightsError
        If the file is missing, unreadable, or differs from what the `.json` beside it records (SHA-256).
    """

    def __init__(self, path: Path | None = None, settings: ToneSettings | None = None) -> None:
        path = path or shipped()
        self._settings = settings or ToneSettings()
        self._session = load_session(path)
        self.classes = _classes(self._session, path)
        self.outputs(np.zeros(to_samples(1.0), np.float32))  # warm up

    def read(self, job: ToneJob) -> ToneReading:
        reason = unfit(job.samples, self._settings)
        if reason:
            return ToneReading(job.at, reason)
        found = self.outputs(job.samples)
        if found.speech < self._settings.least_speech:
            return ToneReading(job.at, NoReading.NOT_SPEECH)
        return ToneReading(job.at, None, found.anger, found.arousal, found.valence, found.confidence)

    def outputs(self, samples: Samples) -> Outputs:
        """The network alone, on samples of 0.1 s or more."""
        names = [output.name for output in self._session.get_outputs()]
        results = dict(zip(names, self._session.run(names, {"samples": samples}), strict=True))
        return Outputs(results.pop("posterior"), **{name: float(value) for name, value in results.items()})


def unfit(samples: Samples, settings: ToneSettings) -> NoReading | None:
    """Why no model should be asked about a window, if there is a reason."""
    if len(samples) < to_samples(settings.shortest_s):
        return NoReading.TOO_SHORT
    if np.sqrt(np.mean(np.square(samples))) < settings.least_rms:
        return NoReading.NOT_SPEECH
    if clipped_share(samples) > settings.most_clipped:
        return NoReading.CLIPPED
    if signal_to_noise_db(samples) < settings.least_snr_db:
        return NoReading.NOISY
    return None


def load_session(path: Path) -> onnxruntime.InferenceSession:
    """A tone model on one thread; its hash is checked where a record lies beside it.

    Raises
    ------
    ToneWeightsError
        If the file is missing, unreadable, or differs from what the `.json` beside it records (SHA-256).
    """
    if not path.is_file():
        advice = "reinstall Calmline" if path.parent == WEIGHTS else "name tone-open, tone-research or an ONNX file"
        raise ToneWeightsError(f"The tone model {path} is missing: {advice}.")
    data = path.read_bytes()
    card = path.with_suffix(".json")
    if card.is_file() and hashlib.sha256(data).hexdigest() != _recorded(card):
        raise ToneWeightsError(
            f"The tone model {path} is not the file that {card.name} describes (another SHA-256): reinstall Calmline."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no public base
        raise ToneWeightsError(f"The tone model {path} was expected to be an ONNX file and is not.") from error


def _recorded(card: Path) -> object:
    """The hash that a record gives. Raises `ToneWeightsError` where it is none."""
    try:
        return json.loads(card.read_bytes())["sha256"]
    except (OSError, ValueError, RecursionError, LookupError, TypeError) as error:
        raise ToneWeightsError(
            f"Beside a tone model {card} was expected to record its SHA-256, and does not."
        ) from error


def _classes(session: onnxruntime.InferenceSession, path: Path) -> tuple[str, ...]:
    """The names of a model's classes, from its metadata."""
    try:
        names: str = session.get_modelmeta().custom_metadata_map["classes"]
    except KeyError as error:
        raise ToneWeightsError(
            f"The tone model {path} was expected to be written by models.training, or to be audEERING's dimensional "
            "model, and is neither."
        ) from error
    return tuple(names.split(","))
