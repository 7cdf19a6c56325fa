"""The tone model as one ONNX graph: samples in; level, log-mel, Whisper's first encoder blocks, pooling, heads.

Built by hand from numpy weights, so any weights of the same shapes (frozen or fine-tuned) become the same graph. Any
length goes in: nothing is padded to 30 s. Convolutions are products of matrices over shifted rows, so that every large
weight sits in a MatMul, which int8 makes a quarter of the size and nearly three times as fast. A window's own level is
taken out before the logarithm: a call may come at any gain.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import librosa
import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic

from audio.frame import HOP, SAMPLE_RATE, Samples
from models.training.data.windows import Extractor
from models.training.graph.onnx_builder import END, Builder
from models.training.graph.whisper_encoder import Weights
from models.training.heads import Floats, Heads

N_FFT, MELS = 400, 80  # Whisper's
EACH = 64  # width of one attention head, in every size of Whisper
RANGE_DB = 80.0  # what lies further under the loudest band and moment is floor, as in Whisper
OFFSET = 1.2  # brings a window of usual speech to where Whisper's own scale has it
TINY = 1e-12
LARGE = "int8_"  # prefix of the nodes whose weights are stored as int8


def tone_model(weights: Weights, blocks: Sequence[int], heads: Heads, int8: bool = True) -> onnx.ModelProto:
    """samples -> `posterior` [shape=(classes,)], `anger`, `arousal`, `valence`, `confidence`, `speech` [shape=()]."""
    g = Builder()
    features = _features(g, weights, blocks)
    results = g.op("Squeeze", g.linear(features, heads.weight, heads.bias), g.integers(0))
    count = len(heads.classes)
    posterior = g.op("Softmax", g.slice(results, 0, count), axis=0)
    dimensions = g.op("Clip", g.slice(results, count, count + 2), g.constant(0.0), g.constant(1.0))
    groups = g.op("MatMul", posterior, g.constant(heads.groups))
    angry = heads.classes.index("angry")

    def scalar(vector: str, index: int) -> str:
        return g.op("Squeeze", g.slice(vector, index, index + 1), g.integers(0))

    model = g.model(
        posterior=(posterior, [count]),
        anger=(scalar(posterior, angry), []),
        arousal=(scalar(dimensions, 0), []),
        valence=(scalar(dimensions, 1), []),
        confidence=(g.op("ReduceMax", groups, keepdims=0), []),
        speech=(scalar(g.op("Sigmoid", results), count + 2), []),
    )
    onnx.helper.set_model_props(model, {"classes": ",".join(heads.classes)})
    return smaller(model) if int8 else model


def feature_model(weights: Weights, blocks: Sequence[int], int8: bool = True) -> onnx.ModelProto:
    """samples -> `features` [shape=(blocks * 2 * width,)], the same numbers that the heads get in `tone_model`."""
    g = Builder()
    features = g.op("Squeeze", _features(g, weights, blocks), g.integers(0))
    model = g.model(features=(features, ["features"]))
    return smaller(model) if int8 else model


def extractor(model: onnx.ModelProto) -> Extractor:
    """Runs a model of one output on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def extract(samples: Samples) -> Floats:
        features: Floats = session.run(None, {"samples": samples})[0]
        return features

    return extract


def encode(g: Builder, mel: str, weights: Weights, depth: int) -> list[str]:
    """What each of the first `depth` blocks gives, each [shape=(time / 2, width)]."""
    x = _convolution(g, _convolution(g, mel, weights, "conv1", stride=1), weights, "conv2", stride=2)
    x = g.op("Add", x, _positions(g, x, width=len(weights["conv2/bias"])))
    blocks = []
    for layer in range(depth):
        x = _feed_forward(g, _attention(g, x, weights, layer), weights, layer)
        blocks.append(x)
    return blocks


def _features(g: Builder, weights: Weights, blocks: Sequence[int]) -> str:
    encoded = encode(g, log_mel(g, "samples"), weights, max(blocks))
    return g.op("Concat", *(part for block in blocks for part in _mean_and_deviation(g, encoded[block - 1])), axis=1)


def log_mel(g: Builder, samples: str) -> str:
    """Whisper's log-mel of the samples brought to one level [shape=(time, MELS)]."""
    hop = g.integers(HOP)
    padded = g.op("Pad", samples, g.integers(N_FFT // 2, N_FFT // 2), mode="reflect")
    whole = g.op("Mul", g.op("Add", g.op("Div", g.op("Shape", samples), hop), g.integers(2)), hop)
    hops = g.op("Reshape", g.op("Slice", padded, g.integers(0), whole), g.integers(-1, HOP))
    rest = g.slice(g.slice(hops, 2, END), 0, N_FFT - 2 * HOP, axis=1)
    frames = g.op("Concat", g.slice(hops, 0, -2), g.slice(hops, 1, -1), rest, axis=1)
    angle = np.outer(np.arange(N_FFT), np.arange(N_FFT // 2 + 1)) * (2 * np.pi / N_FFT)
    window = np.hanning(N_FFT + 1)[:-1, np.newaxis]
    parts = [g.op("MatMul", frames, g.constant(window * wave(angle))) for wave in (np.cos, np.sin)]
    power = g.op("Add", *(g.op("Mul", part, part) for part in parts))
    filters = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=MELS).T
    mel = g.op("MatMul", power, g.constant(filters))
    level = g.op("ReduceMean", g.op("ReduceSum", mel, g.integers(1)), g.integers(0))
    mel = g.op("Max", g.op("Div", mel, g.op("Max", level, g.constant(TINY))), g.constant(TINY))
    log = g.op("Div", g.op("Log", mel), g.constant(np.log(10)))
    floor = g.op("Sub", g.op("ReduceMax", log), g.constant(RANGE_DB / 10))
    return g.op("Add", g.op("Div", g.op("Max", log, floor), g.constant(4.0)), g.constant(OFFSET))


def _convolution(g: Builder, x: str, weights: Weights, name: str, stride: int) -> str:
    """Width 3, padded by one row of zeros on both sides, then GELU."""
    padded = g.op("Pad", x, g.integers(1, 0, 1, 0))
    shifted = [g.slice(padded, k, k - 2 or END, step=stride) for k in range(3)]
    kernel = weights[f"{name}/weight"]  # [out, in, 3]
    flat = kernel.transpose(2, 1, 0).reshape(-1, len(kernel))
    return g.op("Gelu", g.linear(g.op("Concat", *shifted, axis=1), flat, weights[f"{name}/bias"], LARGE + name))


def _positions(g: Builder, x: str, width: int) -> str:
    """Whisper's sinusoids for as many rows as x has."""
    length = g.op("Cast", g.op("Squeeze", g.op("Shape", x, start=0, end=1)), to=onnx.TensorProto.FLOAT)
    times = g.op("Unsqueeze", g.op("Range", g.constant(0.0), length, g.constant(1.0)), g.integers(1))
    rates = np.exp(-np.log(10_000) / (width // 2 - 1) * np.arange(width // 2))
    angle = g.op("Mul", times, g.constant(rates[np.newaxis]))
    return g.op("Concat", g.op("Sin", angle), g.op("Cos", angle), axis=1)


def _attention(g: Builder, x: str, weights: Weights, layer: int) -> str:
    w = _part(weights, f"layer_{layer}/self_attention/")
    width = len(w["linear_1/bias"])
    joint = g.linear(_norm(g, x, w), w["linear_0/weight"].T, w["linear_0/bias"], f"{LARGE}attention_{layer}_in")
    split = g.op("Transpose", g.op("Reshape", joint, g.integers(0, 3, width // EACH, EACH)), perm=[1, 2, 0, 3])
    query, key, value = (
        g.op("Squeeze", part, g.integers(0)) for part in g.ops("Split", split, count=3, axis=0, num_outputs=3)
    )
    likeness = g.op("MatMul", g.op("Mul", query, g.constant(EACH**-0.5)), g.op("Transpose", key, perm=[0, 2, 1]))
    mixed = g.op("MatMul", g.op("Softmax", likeness, axis=-1), value)
    mixed = g.op("Reshape", g.op("Transpose", mixed, perm=[1, 0, 2]), g.integers(0, width))
    out = g.linear(mixed, w["linear_1/weight"].T, w["linear_1/bias"], f"{LARGE}attention_{layer}_out")
    return g.op("Add", x, out)


def _feed_forward(g: Builder, x: str, weights: Weights, layer: int) -> str:
    w = _part(weights, f"layer_{layer}/ffn/")
    inner = g.linear(_norm(g, x, w), w["linear_0/weight"].T, w["linear_0/bias"], f"{LARGE}feed_{layer}_in")
    out = g.linear(g.op("Gelu", inner), w["linear_1/weight"].T, w["linear_1/bias"], f"{LARGE}feed_{layer}_out")
    return g.op("Add", x, out)


def _part(weights: Weights, prefix: str) -> Weights:
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}


def _norm(g: Builder, x: str, w: Weights) -> str:
    scale, shift = g.constant(w["layer_norm/gamma"]), g.constant(w["layer_norm/beta"])
    return g.op("LayerNormalization", x, scale, shift, axis=-1, epsilon=1e-5)


def _mean_and_deviation(g: Builder, x: str) -> tuple[str, str]:
    """Over time, each [shape=(1, width)]."""
    mean = g.op("ReduceMean", x, g.integers(0))
    off = g.op("Sub", x, mean)
    return mean, g.op("Sqrt", g.op("ReduceMean", g.op("Mul", off, off), g.integers(0)))


def smaller(model: onnx.ModelProto) -> onnx.ModelProto:
    """The large weights as int8, the rest as it is.

    Weights keep 7 bits (`reduce_range`), so that processors without VNNI do not overflow and give the same numbers.
    """
    large = [node.name for node in model.graph.node if node.name.startswith(LARGE)]
    with TemporaryDirectory() as folder:
        whole, small = Path(folder, "whole.onnx"), Path(folder, "small.onnx")
        onnx.save(model, whole)
        quantize_dynamic(
            whole, small, nodes_to_quantize=large, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8
        )
        return onnx.load(small)
