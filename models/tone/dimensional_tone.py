"""audEERING's dimensional tone model (wav2vec2-large-robust-12-ft-emotion-msp-dim, ONNX), for those who have its file.

In: `ToneJob`, 16 kHz. Out: `ToneReading`. State: the session. The model takes a window brought to zero mean and unit
variance and gives arousal, dominance and valence, about 0..1; what that says of anger is computed here, by how near the
three lie to where each emotion lies. Heavy: about fifty times the shipped weights, so give it a fast machine.

Wagner et al., "Dawn of the transformer era in speech emotion recognition", IEEE TPAMI 2023; trained on MSP-Podcast;
licence CC BY-NC-SA 4.0, so not for commercial use. The file is at doi.org/10.5281/zenodo.6221127.
"""

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from audio.frame import Samples, to_samples
from models.tone.onnx_tone import ToneSettings, unfit
from models.tone.types import ToneJob, ToneReading

INPUT, OUTPUTS = "signal", ("hidden_states", "logits")
LEAST_VARIANCE = 1e-7  # added, as in the model's own preprocessing
NEAR = 0.15  # standard deviation around where an emotion lies; its readings seldom leave 0.2..0.8

# Arousal, dominance, valence, -1..1: Russell and Mehrabian, "Evidence for a three-factor theory of emotions", Journal
# of Research in Personality 11 (1977).
EMOTIONS = {
    "angry": (0.59, 0.25, -0.51),
    "bored": (-0.62, -0.33, -0.65),
    "calm": (-0.46, 0.06, 0.68),
    "disgust": (0.35, 0.11, -0.60),
    "fearful": (0.60, -0.43, -0.64),
    "happy": (0.51, 0.46, 0.81),
    "neutral": (0.0, 0.0, 0.0),
    "sad": (-0.27, -0.33, -0.63),
    "surprised": (0.67, -0.13, 0.40),
}
_PLACES = 0.5 + 0.25 * np.array(list(EMOTIONS.values()))  # on the model's scale, of which extremes use the middle half
_GROUPS = np.array([0 if name == "angry" else 1 if place[0] > 0 else 2 for name, place in EMOTIONS.items()])


class DimensionalTone:
    """The model, loaded by `load_session`."""

    def __init__(self, session: onnxruntime.InferenceSession, settings: ToneSettings | None = None) -> None:
        self._settings = settings or ToneSettings()
        self._session = session
        self.dimensions(np.zeros(to_samples(1.0), np.float32))  # warm up

    def read(self, job: ToneJob) -> ToneReading:
        reason = unfit(job.samples, self._settings)
        if reason:
            return ToneReading(job.at, reason)
        arousal, dominance, valence = self.dimensions(job.samples)
        posterior = _posterior(np.array((arousal, dominance, valence)))
        sure = np.bincount(_GROUPS, weights=posterior).max()
        return ToneReading(job.at, None, float(posterior[0]), arousal, valence, float(sure))

    def dimensions(self, samples: Samples) -> tuple[float, float, float]:
        """Arousal, dominance, valence, each 0..1."""
        signal = (samples - samples.mean()) / np.sqrt(samples.var() + LEAST_VARIANCE)
        logits = self._session.run([OUTPUTS[1]], {INPUT: signal[np.newaxis].astype(np.float32)})[0][0]
        arousal, dominance, valence = (float(value) for value in np.clip(logits, 0, 1))
        return arousal, dominance, valence


def is_dimensional(session: onnxruntime.InferenceSession) -> bool:
    """Whether a model has the inputs and outputs that audEERING's has."""
    names = [value.name for value in session.get_inputs()], {value.name for value in session.get_outputs()}
    return names[0] == [INPUT] and names[1] >= set(OUTPUTS)


def _posterior(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of `EMOTIONS`, in their order, angry first: a normal distribution around each, all equally likely beforehand."""
    nearness = np.exp(-np.square(_PLACES - place).sum(axis=1) / (2 * NEAR**2))
    return np.asarray(nearness / nearness.sum())
