"""The numbers and ids in the addresses that are asked for: what fits is used, what does not is told in a sentence."""

import re

from starlette.requests import Request

from audio.errors import CalmlineError
from server.web.answers import shown

HIGHEST = 2**63 - 1  # the highest number that the store can hold


class ParameterError(CalmlineError):
    """A parameter of a query that is not what it should be."""


def number(request: Request, name: str, default: int, least: int = 0, most: int = HIGHEST) -> int:
    """A count among the query parameters, brought within its bounds. Raises `ParameterError` where it is none."""
    given = request.query_params.get(name)
    if given is None:
        return default
    read = whole(given)
    if read is None:
        raise ParameterError(f"Expected a whole number for {name}; {shown(given)!r} came.")
    return max(least, min(read, most))


def whole(text: str) -> int | None:
    """A number written in digits, `HIGHEST` at most; None for anything else. Reads no more of it than it needs."""
    if not re.fullmatch("[0-9]+", text):
        return None
    digits = text.lstrip("0") or "0"
    return min(int(digits), HIGHEST) if len(digits) < 20 else HIGHEST
