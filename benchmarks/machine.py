"""What a result was measured on, and how numbers are summed up: the head of every result."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

_PACKAGES = ("calmline", "numpy", "onnxruntime", "faster-whisper", "ctranslate2", "av", "soxr", "websockets", "librosa")


@dataclass(frozen=True, slots=True)
class Machine:
    processor: str
    cores: int
    system: str
    python: str
    packages: dict[str, str]


@dataclass(frozen=True, slots=True)
class Spread:
    """Percentiles of a set of measurements, in the unit of the field that holds it."""

    count: int
    p50: float
    p95: float
    worst: float


def this_machine() -> Machine:
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        system=platform.platform(terse=True),
        python=platform.python_version(),
        packages={name: version(name) for name in _PACKAGES},
    )


def spread(values: list[float]) -> Spread:
    """Raises ValueError for no values: a benchmark that measured nothing has no result."""
    if not values:
        raise ValueError("Expected at least one measurement; there was none.")
    p50, p95 = np.percentile(values, [50, 95])
    return Spread(len(values), round(float(p50), 3), round(float(p95), 3), round(max(values), 3))


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
