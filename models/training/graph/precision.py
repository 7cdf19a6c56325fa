"""What int8 costs: the same model in both precisions, on voices that it was not fitted to.

In: models as ONNX graphs, clips. Out: for each its size, what 3 s cost on one core, and how well anger is told.
"""

from collections.abc import Mapping, Sequence
from time import perf_counter

import numpy as np
import onnx
import onnxruntime
from sklearn.metrics import roc_auc_score

from audio.frame import to_samples
from models.training.data.corpora import Clip
from models.training.data.windows import audio_of

WINDOW = to_samples(3.0)
TIMES = 60


def compared(models: Mapping[str, onnx.ModelProto], clips: Sequence[Clip]) -> dict[str, dict[str, float]]:
    """By name: `megabytes`, `window_ms` (median of 3 s windows on one thread), `anger_auc`. They take turns."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    data = {name: model.SerializeToString() for name, model in models.items()}
    sessions = {name: onnxruntime.InferenceSession(graph, options) for name, graph in data.items()}
    voices = [audio_of(clip) for clip in clips]
    angry = [clip.emotion == "angry" for clip in clips]
    window = np.resize(voices[0], WINDOW)
    times: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(TIMES):
        for name, session in sessions.items():
            began = perf_counter()
            session.run(["anger"], {"samples": window})
            times[name].append(1000 * (perf_counter() - began))
    return {
        name: {
            "megabytes": round(len(data[name]) / 1e6, 2),
            "window_ms": round(float(np.median(times[name])), 1),
            "anger_auc": round(
                float(roc_auc_score(angry, [session.run(["anger"], {"samples": voice})[0] for voice in voices])), 4
            ),
        }
        for name, session in sessions.items()
    }
