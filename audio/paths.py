"""Paths as people write them in settings, on a command line and in the environment.

In: text. Out: a path in which `~` stands for somebody's home no more. Stateless.
"""

from pathlib import Path

from audio.errors import CalmlineError


class HomeError(CalmlineError):
    """A path that begins with the home of somebody unknown."""


def expanded(path: str | Path) -> Path:
    """The path with `~` or `~NAME` at its beginning replaced. Raises `HomeError`."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise HomeError(f"Expected a path; {path} begins with the home of a user that this machine has not.") from error
