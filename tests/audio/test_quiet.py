"""No library calls home: what silences them is set before any of them can be imported, whatever the user had set."""

import ast
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from audio.quiet import QUIET

ROOT = Path(__file__).parents[2]
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_silences_libraries_before_it_loads_any(package: str) -> None:
    program = f"import json, os, sys, {package}; print(json.dumps([dict(os.environ), [*sys.modules]]))"
    loud = os.environ | dict.fromkeys(QUIET, "0")
    done = subprocess.run([sys.executable, "-c", program], env=loud, capture_output=True, text=True, check=True)
    environment, loaded = json.loads(done.stdout)
    assert {name: environment[name] for name in QUIET} == QUIET
    assert not {"numpy", "onnxruntime", "huggingface_hub", "faster_whisper", "ctranslate2"} & set(loaded)


@pytest.mark.parametrize("package", PACKAGES)
def test_that_comes_first_in_the_package(package: str) -> None:
    """The first statement after the docstring, so that no later import can slip in before it."""
    _, first, *_ = ast.parse((ROOT / package / "__init__.py").read_text()).body
    assert ast.unparse(first) == "import audio.quiet"


def test_onnxruntime_leaves_nothing_in_the_users_cache(tmp_path: Path) -> None:
    program = "from audio.speech.vad import load_vad; load_vad()"
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "ORT_DISABLE_TELEMETRY": "0"}
    subprocess.run([sys.executable, "-c", program], env=os.environ | home, check=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
