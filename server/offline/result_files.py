"""The files of an analysed call: `result.json`, the whole result, and `result.csv`, its moments as one table.

In: a `Result`. Stateless. The table has a row for each thing that was said, read, found or noted, in the order of time,
so that it can be looked through in a spreadsheet.
"""

import csv
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import TypeAlias

from msgspec import json

from audio.errors import CalmlineError
from server.store.report import Result

RESULT = "result.json"
COLUMNS = ("start_s", "end_s", "kind", "who", "text", "anger", "arousal", "valence", "trend", "confidence")

Moment: TypeAlias = dict[str, str | float | None]  # a row, by column


class WriteError(CalmlineError):
    """A result cannot be written."""


def write_result(result: Result, folder: Path) -> None:
    """Writes `result.csv` and then `result.json`, which is there whole or not at all, into a folder, which is made if
    need be. Raises `WriteError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "result.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, COLUMNS)
            table.writeheader()
            table.writerows(moments(result))
        whole = folder / f"{RESULT}.part"
        whole.write_bytes(json.format(json.encode(result), indent=1) + b"\n")
        whole.replace(folder / RESULT)
    except OSError as error:
        raise WriteError(f"The result could not be written to {folder}: {error.strerror or error}.") from error


def moments(result: Result) -> list[Moment]:
    """The call as one table in the order of time: words, tone, trend, cues, overlaps and notes."""
    rows = [row for kind in (_words, _tone, _trend, _cues, _rest) for row in kind(result)]
    return sorted(rows, key=itemgetter("start_s"))


def _words(result: Result) -> Iterator[Moment]:
    for it in result.words:
        if it.text:
            yield {"start_s": it.start, "end_s": it.end, "kind": "words", "who": it.channel.value, "text": it.text}


def _tone(result: Result) -> Iterator[Moment]:
    for it in result.tone:
        figures = {"anger": it.anger, "arousal": it.arousal, "valence": it.valence, "confidence": it.confidence}
        yield {"start_s": it.at, "kind": "tone", "who": "customer", "text": it.reason or "", **figures}


def _trend(result: Result) -> Iterator[Moment]:
    for it in result.trend:
        yield {
            "start_s": it.at,
            "kind": "trend",
            "who": "customer",
            "text": it.direction.value,
            "trend": it.value,
            "confidence": it.confidence,
        }


def _cues(result: Result) -> Iterator[Moment]:
    for it in result.cues:
        why = "; ".join(reason.text for reason in it.evidence)
        text = f"{it.say} ({it.fate.value}; {why})" if why else f"{it.say} ({it.fate.value})"
        yield {"start_s": it.detected_at, "end_s": it.until, "kind": f"cue {it.rule}", "who": "agent", "text": text}


def _rest(result: Result) -> Iterator[Moment]:
    for it in result.overlaps:
        yield {"start_s": it.start, "end_s": it.end, "kind": "overlap", "who": it.starter.value}
    for note in result.notes:
        yield {"start_s": note.at, "kind": "note", "text": note.text}
