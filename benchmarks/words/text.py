"""Texts compared: word error rates, and which words of one text are which of another.

Words are compared as `plain` gives them: lower case, letters and digits only. Pure functions.
"""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from models.words.hallucinations import plain


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared. Apostrophes join, other signs part."""
    return plain(text.replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")).split()


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Words that are wrong, missing or too many: the Levenshtein distance."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def pairs(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The places of the words that the two have in common, in order."""
    for i, j, count in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks():
        yield from ((i + k, j + k) for k in range(count))
