"""`calmline bench all` and `calmline bench compare`: every benchmark into one folder, and two such folders compared.

Each benchmark runs in a process of its own, one after the other, and leaves its JSON; `report.md` has the tables, what
they were measured on and the commands. Machines differ in speed from day to day, so two runs are compared by what does
not: figures that are ratios or shares within one run. Times are shown beside, and judged by nobody.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audio.errors import CalmlineError

BENCHMARKS = ("core", "latency", "offline", "words", "capacity", "tone", "escalation")
JUDGED: dict[
    str, Callable[[float], float]
] = {  # by the last part of a figure's name: what it may be at worst, given what it was
    "sooner": lambda old: 0.9 * old,
    "anger_mean": lambda old: old - 0.01,
    "arousal_mean": lambda old: old - 0.01,
}
JUDGED_HIGH: dict[str, Callable[[float], float]] = {  # the same for figures that are to be low
    "over_stock": lambda old: old + 0.5,  # points of word errors
    "taken_back": lambda old: old + 0.03,
}


class ReportError(CalmlineError):
    """A folder of results cannot be read."""


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in two runs."""

    name: str
    old: float
    new: float
    ratio: float | None  # new to old; None where the old is 0
    judged: bool
    worse: bool


def run_all(folder: Path, names: tuple[str, ...] = BENCHMARKS) -> list[str]:
    """Run each, keep its JSON and write the report. The names of those that failed."""
    folder.mkdir(parents=True, exist_ok=True)
    failed, sections = [], ["# Benchmarks\n"]
    for name in names:
        command = [sys.executable, "-m", "server.cli", "bench", name, "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            failed.append(name)
            continue
        (folder / f"{name}.json").write_text(done.stdout, "utf-8")
        sections.append(_section(name, json.loads(done.stdout)))
    (folder / "report.md").write_text("\n".join(sections), "utf-8")
    return failed


def compare(old: Path, new: Path) -> list[Change]:
    """Every figure that both folders have. Raises `ReportError` where one cannot be read, or they share none."""
    before, after = _figures(old), _figures(new)
    changes = [_change(name, before[name], after[name]) for name in before if name in after]
    if not changes:
        raise ReportError(f"Expected two folders of `calmline bench all` with figures in common: {old} and {new}.")
    return changes


def figures(result: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of a result by name; what it was measured on is none of them."""
    for key, value in result.items():
        if isinstance(value, dict) and key != "machine":
            yield from figures(value, f"{prefix}{key}.")
            if {"ours", "stock"} <= value.keys():
                yield f"{prefix}{key}.over_stock", round(value["ours"] - value["stock"], 2)
        elif isinstance(value, list):
            parts = {str(number): part for number, part in enumerate(value, 1) if isinstance(part, dict)}
            yield from figures(parts, f"{prefix}{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield prefix + key, float(value)


def _figures(folder: Path) -> dict[str, float]:
    try:
        results = {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json"))}
    except (OSError, ValueError) as error:
        raise ReportError(f"The results in {folder} cannot be read: {error}.") from error
    return dict(figures(results))


def _change(name: str, old: float, new: float) -> Change:
    last = name.rpartition(".")[2]
    least, most = JUDGED.get(last), JUDGED_HIGH.get(last)
    worse = bool((least and new < least(old)) or (most and new > most(old)))
    return Change(name, old, new, round(new / old, 3) if old else None, bool(least or most), worse)


def _section(name: str, result: Mapping[str, Any]) -> str:
    rows = "".join(f"| {figure} | {value:g} |\n" for figure, value in figures(result))
    machine = ", ".join(f"{key} {value}" for key, value in result.get("machine", {}).items() if key != "packages")
    return f"## `calmline bench {name} --json`\n\n{machine}\n\n| measured | result |\n|---|---|\n{rows}"
