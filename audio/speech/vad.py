"""Voice activity: Silero's model over one channel, a probability of speech for every 32 ms.

In: 16 kHz float32, any cut. Out: `Voice` for each full window of 512 samples on a fixed grid of stream time, so the
cut never shows. State: the model's recurrent state, its 64 samples of context and what is too short for a window. The
model file comes with faster-whisper, found without importing that package; one thread, about 0.1 ms a window, and a
third less where several come at once: the model takes them as a sequence, to the same bits. The session holds no
state, so all channels and calls share it. Under each window lies a faint hiss, always the same: the model was trained
on rooms, and after digital silence, which phone lines and noise suppression send, it misses the first words of loud
speech.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from audio.errors import CalmlineError
from audio.frame import Samples
from audio.speech.turns import Voice

WINDOW = 512  # samples, 32 ms: what the model was trained on
CONTEXT = 64  # samples of the window before that the model sees again
TOGETHER = 32  # windows in one go at most, 1 s: more are no cheaper
STATE = (1, 1, 128)  # of each of its two recurrent states
HISS_RMS = 1e-3  # of full scale, -60 dB: a quiet room; of the first words after digital silence it brings back half
_NOISE = np.random.default_rng(0).normal(0, HISS_RMS, WINDOW).astype(np.float32)
_HISS = np.concatenate((_NOISE[-CONTEXT:], _NOISE))  # under a window and its context


class VadMissingError(CalmlineError):
    """The model file is not where faster-whisper keeps it."""

    def __init__(self) -> None:
        super().__init__(
            "The voice activity model silero_vad*.onnx was expected inside the faster-whisper package and is not "
            "there: run `pip install --force-reinstall faster-whisper`."
        )


class VadModel:
    """The network alone: windows and a state in, probabilities and the next state out."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(
        self, windows: Samples, h: NDArray[np.float32], c: NDArray[np.float32]
    ) -> tuple[list[float], NDArray[np.float32], NDArray[np.float32]]:
        """Successive windows [shape=(n, CONTEXT + WINDOW)] with the states [shape=STATE] left by the one before."""
        probabilities, h, c = self._session.run(None, {"input": windows, "h": h, "c": c})
        return probabilities.ravel().tolist(), h, c


def load_vad() -> VadModel:
    """The newest Silero model that faster-whisper carries.

    Raises
    ------
    VadMissingError
        If the package or the file in it is missing.
    """
    spec = find_spec("faster_whisper")
    folders = spec.submodule_search_locations if spec else None
    files = sorted(path for folder in folders or () for path in Path(folder).glob("assets/silero_vad*.onnx"))
    if not files:
        raise VadMissingError
    return VadModel(files[-1])


class Vad:
    """Voice activity of one channel."""

    def __init__(self, model: VadModel) -> None:
        self._model = model
        self._h = np.zeros(STATE, np.float32)
        self._c = np.zeros(STATE, np.float32)
        self._waiting = np.zeros(CONTEXT, np.float32)  # the context, then samples too few for a window
        self._end = 0  # stream time just after the last window

    def feed(self, samples: Samples) -> list[Voice]:
        self._waiting = np.concatenate((self._waiting, samples))
        voices = []
        while count := min((len(self._waiting) - CONTEXT) // WINDOW, TOGETHER):
            starts = range(0, count * WINDOW, WINDOW)
            windows = np.stack([self._waiting[start : start + CONTEXT + WINDOW] for start in starts]) + _HISS
            probabilities, self._h, self._c = self._model.run(windows, self._h, self._c)
            voices += [Voice(self._end + WINDOW * (k + 1), probability) for k, probability in enumerate(probabilities)]
            self._waiting = self._waiting[count * WINDOW :]
            self._end += count * WINDOW
        return voices
