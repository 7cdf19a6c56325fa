"""Whisper weights: where a model's folder is, looked for in three places, none of them beyond this machine.

In: what is wanted, a folder, a size or nothing. Out: a folder in CTranslate2's format, for faster-whisper. In order: a
folder that was named; an installed weights package; what was fetched from the model hub (`hub`). The last two are
checked against what was published (`published`). Base comes in two packages, each under the size limit of package
indexes, and is joined once in the cache. Runs at start; 0.2 s the first time, 1 s where parts are joined.
"""

import shutil
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from platformdirs import user_cache_path

from audio.paths import expanded
from models.words.hub import fetched
from models.words.published import MODEL, Published, WeightsMissingError, checked, published

NEEDED = (MODEL, "tokenizer.json")


def find_whisper(wanted: str | Path = "", cache: Path | None = None) -> Path:
    """The folder that holds the wanted weights.

    Parameters
    ----------
    wanted
        A folder; or a size such as "base"; or a repository of the hub with its commit (owner/name@commit); or nothing
        for the best that is here.
    cache
        Where parts are joined and checks are remembered; the user's cache folder unless given.

    Raises
    ------
    WeightsMissingError
        If they are nowhere to be found.
    WeightsAlteredError
        If a package, or what was fetched, does not hold what was published.
    """
    folder = expanded(wanted)
    if isinstance(wanted, Path) or folder.is_absolute() or (wanted and folder.is_dir()):
        return _given(folder)
    cache = cache or default_cache()
    for weights in published():
        folders = _installed(weights)
        if folders and wanted in ("", weights.size):
            return checked(weights, folders[0] if len(folders) == 1 else _joined(weights, folders, cache), cache)
    return fetched(str(wanted), cache) if wanted else _best_fetched(cache)


def default_cache() -> Path:
    """Where parts are joined and checks are remembered, in the user's cache."""
    return user_cache_path("calmline") / "whisper"


def _given(folder: Path) -> Path:
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise WeightsMissingError(
            f"Whisper weights ({', '.join(NEEDED)}) were expected in {folder}, and {missing[0]} is not there."
        )
    return folder


def _installed(weights: Published) -> list[Path]:
    """The folders of all its parts; empty where one is not installed. Nothing is imported."""
    folders = []
    for part in weights.parts:
        package, folder = part.split("/")
        spec = find_spec(package)
        folders += [Path(place) / folder for place in (spec.submodule_search_locations or () if spec else ())]
    return folders if len(folders) == len(weights.parts) else []


def _best_fetched(cache: Path) -> Path:
    best, *others = published()
    for weights in (best, *others):
        with suppress(WeightsMissingError):
            return fetched(weights.size, cache)
    return fetched(best.size, cache)


def _joined(weights: Published, folders: list[Path], cache: Path) -> Path:
    """The parts as one folder in the cache, made on first use. It appears whole or not at all."""
    folder = cache / weights.size
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache) as scratch:
        whole = Path(scratch) / weights.size
        shutil.copytree(folders[0], whole, ignore=shutil.ignore_patterns(f"{MODEL}.part*"))
        with (whole / MODEL).open("wb") as model:
            for part in sorted(path for folder in folders for path in folder.glob(f"{MODEL}.part*")):
                with part.open("rb") as source:
                    shutil.copyfileobj(source, model)
        with suppress(FileExistsError, PermissionError):  # another process was first, or it is open there on Windows
            whole.rename(folder)
    return folder
