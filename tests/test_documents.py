"""The documents against the tree: a file that they name is there, so that a reader finds it after every move."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`([\w./*-]+\.(?:py|toml|json|js|html|css|md|opus))(?:::(\w+))?`")
LINKED = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
OURS_TO_MAKE = {"calmline.toml", "emotion.csv", "labels.csv", "result.json", "result.csv"}  # a user's, not the tree's


ROOMS = ("audio", "benchmarks", "coach", "dashboard", "docs", "models", "server", "tests")
IN_ROOMS = [file for room in ROOMS for file in (ROOT / room).rglob("*.*") if "__pycache__" not in file.parts]
FILES = [PurePosixPath(file.relative_to(ROOT).as_posix()) for file in (*ROOT.glob("*.*"), *IN_ROOMS)]
DOCUMENTS = [str(file) for file in FILES if file.suffix == ".md"]


def missing(text: str, folder: PurePosixPath) -> Iterator[str]:
    """What a document in a folder names and nobody finds: by a part of its path, or where a link leads."""
    for name, test in NAMED.findall(text):
        found = [file for file in FILES if file.match(name)]
        if name not in OURS_TO_MAKE and not found:
            yield name
        if test and not any(f"def {test}(" in (ROOT / file).read_text("utf-8") for file in found):
            yield f"{name}::{test}"
    for link in LINKED.findall(text):
        if not (ROOT / folder / link).exists():
            yield link


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_and_test_that_a_document_names_is_there(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    prose = prose.partition("<!-- Below this line: written by")[0]
    assert list(missing(prose, PurePosixPath(document).parent)) == []
