"""Writes an ONNX graph node by node from numpy arrays: the few operations that the tone model needs.

Every method adds nodes and gives the name of its result, so a model reads like the formula it is. Training only.
"""

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 20
IR_VERSION = 9  # onnxruntime 1.20 and newer
END = int(np.iinfo(np.int64).max)


class Builder:
    """Nodes and constants in the order they were added. Rows are time throughout."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: ArrayLike) -> str:
        """A float32 constant."""
        return self._keep(np.asarray(value, np.float32))

    def integers(self, *values: int) -> str:
        """An int64 constant [shape=(n,)]: shapes, axes, slice borders."""
        return self._keep(np.asarray(values, np.int64))

    def op(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        return self.ops(kind, *inputs, count=1, name=name, **attributes)[0]

    def ops(self, kind: str, *inputs: str, count: int, name: str = "", **attributes: Any) -> list[str]:
        """A node with `count` results."""
        results = [f"{kind}_{len(self.nodes)}_{k}" for k in range(count)]
        self.nodes.append(
            helper.make_node(kind, inputs, results, name=name or f"{kind}_{len(self.nodes)}", **attributes)
        )
        return results

    def linear(self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32], name: str = "") -> str:
        """x @ weight [shape=(in, out)] + bias [shape=(out,)]"""
        return self.op("Add", self.op("MatMul", x, self.constant(weight), name=name), self.constant(bias))

    def slice(self, x: str, start: int, end: int, axis: int = 0, step: int = 1) -> str:
        return self.op("Slice", x, *(self.integers(value) for value in (start, end, axis, step)))

    def model(self, **outputs: tuple[str, list[int | str]]) -> onnx.ModelProto:
        """The model `samples` [shape=(n,)] -> the named results, each with its shape."""
        self.nodes += [helper.make_node("Identity", [result], [name]) for name, (result, _) in outputs.items()]
        graph = helper.make_graph(
            self.nodes,
            "tone",
            [helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["n"])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, (_, shape) in outputs.items()],
            self.constants,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)

    def _keep(self, array: NDArray[Any]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name
