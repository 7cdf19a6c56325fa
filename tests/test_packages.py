"""What is installed: every package of the rooms, and the files that they read."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("audio", "models", "coach", "server", "dashboard", "benchmarks")
NOT_INSTALLED = {"benchmarks.generators"}  # wants packages of its own


def test_every_package_of_the_rooms_is_installed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    found = {
        ".".join(file.parent.relative_to(ROOT).parts) for room in ROOMS for file in (ROOT / room).rglob("__init__.py")
    }
    assert set(listed) - {"dashboard"} == found - NOT_INSTALLED


def test_no_folder_of_the_server_has_more_than_a_dozen_files() -> None:
    crowded = {
        str(folder.relative_to(ROOT)): len(files)
        for folder in (ROOT / "server").rglob("*")
        if folder.is_dir() and len(files := list(folder.glob("*.py"))) > 12
    }
    assert crowded == {}
