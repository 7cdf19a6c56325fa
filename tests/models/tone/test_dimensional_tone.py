"""audEERING's dimensional model by path: its input convention, what its three numbers say, and what its absence says.

The file itself is not to be had here, so a small ONNX model of the same inputs and outputs is made and really run: its
"arousal, dominance, valence" are the mean, the mean square and the largest sample of the signal that it was given.
"""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs the extra `train`")

import onnx
from onnx import TensorProto, helper, numpy_helper

from audio.frame import SAMPLE_RATE, to_samples
from models.tone.dimensional_tone import EMOTIONS, DimensionalTone, is_dimensional
from models.tone.onnx_tone import OnnxTone, ToneSettings, ToneWeightsError, load_session, shipped
from models.tone.types import NoReading, ToneJob
from server.loading import load_tone

LOUD = (0.1 * np.random.default_rng(0).standard_normal(to_samples(2.0))).astype(np.float32)
SPEECH = LOUD * np.float32(np.linspace(0.01, 1, len(LOUD)))  # loud and faint moments, as speech has them


def write(path: Path, dimensions: tuple[float, float, float] | None) -> Path:
    """A model that says these dimensions of any signal, or measures the signal itself."""
    nodes = [
        helper.make_node("ReduceMean", ["signal", "time"], ["mean"]),
        helper.make_node("Mul", ["signal", "signal"], ["square"]),
        helper.make_node("ReduceMean", ["square", "time"], ["power"]),
        helper.make_node("ReduceMax", ["signal", "time"], ["most"]),
        helper.make_node("Mul", ["most", "tenth"], ["largest"]),
        helper.make_node("Concat", ["mean", "power", "largest"], ["measured"], axis=1),
        helper.make_node("Mul", ["measured", "none" if dimensions else "all"], ["kept"]),
        helper.make_node("Add", ["kept", "said"], ["logits"]),
        helper.make_node("Identity", ["measured"], ["hidden_states"]),
    ]
    constants = {
        "time": np.array([1]),
        "tenth": np.array([[0.1]], np.float32),
        "none": np.zeros((1, 3), np.float32),
        "all": np.ones((1, 3), np.float32),
        "said": np.array([dimensions or (0, 0, 0)], np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "dimensional",
        [helper.make_tensor_value_info("signal", TensorProto.FLOAT, ["batch", "time"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 3]) for name in ("hidden_states", "logits")],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path)
    return path


def test_the_signal_comes_at_zero_mean_and_unit_variance(tmp_path: Path) -> None:
    model = DimensionalTone(load_session(write(tmp_path / "model.onnx", None)))
    signal = np.float32(0.02) * LOUD + np.float32(0.3)
    mean, power, largest = model.dimensions(signal)
    assert mean == pytest.approx(0, abs=1e-4)
    assert power == pytest.approx(signal.var() / (signal.var() + 1e-7), abs=1e-4)
    assert largest == pytest.approx(0.1 * (signal.max() - signal.mean()) / np.sqrt(signal.var() + 1e-7), abs=1e-3)


@pytest.mark.parametrize(
    ("arousal", "dominance", "valence", "angry"),
    [(0.8, 0.7, 0.35, True), (0.5, 0.5, 0.5, False), (0.7, 0.65, 0.75, False), (0.35, 0.4, 0.3, False)],
    ids=["angry", "neutral", "happy", "sad"],
)
def test_anger_is_high_where_arousal_is_high_and_valence_low(
    tmp_path: Path, arousal: float, dominance: float, valence: float, angry: bool
) -> None:
    tone = load_tone(str(write(tmp_path / "model.onnx", (arousal, dominance, valence))), ToneSettings())
    assert isinstance(tone, DimensionalTone)
    reading = tone.read(ToneJob(at=7, samples=SPEECH))
    assert (reading.at, reading.reason) == (7, None)
    assert reading.arousal == pytest.approx(arousal)
    assert reading.valence == pytest.approx(valence)
    assert reading.anger is not None
    assert reading.confidence is not None
    assert (reading.anger > 0.5) is angry
    assert 1 / 3 < reading.confidence <= 1


def test_every_emotion_is_most_likely_where_it_lies(tmp_path: Path) -> None:
    anger = {}
    for name, place in EMOTIONS.items():
        arousal, dominance, valence = (0.5 + 0.25 * value for value in place)
        model = DimensionalTone(load_session(write(tmp_path / f"{name}.onnx", (arousal, dominance, valence))))
        anger[name] = model.read(ToneJob(0, SPEECH)).anger
    assert max(anger, key=lambda name: anger[name] or 0) == "angry"


def test_too_little_speech_gives_no_reading_here_too(tmp_path: Path) -> None:
    model = DimensionalTone(load_session(write(tmp_path / "model.onnx", (0.5, 0.5, 0.5))))
    assert model.read(ToneJob(0, SPEECH[: SAMPLE_RATE // 2])).reason is NoReading.TOO_SHORT


def test_its_absence_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        ToneWeightsError, match=r"model\.onnx is missing: name tone-open, tone-research or an ONNX file"
    ):
        load_tone(str(tmp_path / "model.onnx"), ToneSettings())


def test_our_own_weights_are_not_taken_for_it() -> None:
    assert not is_dimensional(load_session(shipped()))
    assert isinstance(load_tone("tone-open", ToneSettings()), OnnxTone)


def test_another_onnx_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "model.onnx", None)
    model = onnx.load(path)
    model.graph.input[0].name = "other"
    for node in model.graph.node:
        node.input[:] = ["other" if name == "signal" else name for name in node.input]
    onnx.save(model, path)
    with pytest.raises(ToneWeightsError, match=r"written by models\.training, or to be audEERING's"):
        load_tone(str(path), ToneSettings())
