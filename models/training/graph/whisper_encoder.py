"""Whisper's encoder weights, read from the file that faster-whisper runs on.

In: a CTranslate2 `model.bin`, a flat list of named tensors. Out: a dict of float32 arrays. Runs at training time
only, in about a second; so neither PyTorch nor a model hub is needed to train.
"""

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]

_FLOAT16 = 4  # CTranslate2's code of the element type


def encoder_weights(path: Path) -> Weights:
    """The encoder's float16 tensors as float32, by CTranslate2's names without the leading `encoder/`.

    The layout is that of CTranslate2's binary format, version 6: for each tensor its name, shape, type and bytes.
    """
    source = BytesIO(path.read_bytes())

    def number(kind: str) -> int:
        value: int = struct.unpack("<" + kind, source.read(struct.calcsize(kind)))[0]
        return value

    def text() -> str:
        return source.read(number("H"))[:-1].decode()

    number("I"), text(), number("I")  # format, model kind, revision
    weights: Weights = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind = number("B")
        data = source.read(number("I"))
        if name.startswith("encoder/") and kind == _FLOAT16:
            weights[name.removeprefix("encoder/")] = np.frombuffer(data, np.float16).reshape(shape).astype(np.float32)
    return weights
