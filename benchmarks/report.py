"""`calmline bench all` and `calmline bench compare`: every benchmark into one folder, and two such folders compared.

Each benchmark runs in a process of its own, one after the other, and leaves its JSON, with single measurements beside
it where there are any; `report.md` has the tables, what they were measured on and the commands, and pictures. Machines
differ in speed from day to day, so two runs are compared by what does not: figures that are ratios or shares within one
run, memory, and what was lost. Times are shown beside, and judged by nobody.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from audio.errors import CalmlineError

Worst: TypeAlias = Callable[[float], float]  # what a figure may be at worst, given what it was

JUDGED: dict[str, Worst] = {  # by a part of a figure's name
    "sooner": lambda old: 0.9 * old,
    "later": lambda old: 0.9 * old,
    "peers_to_prosody": lambda old: 0.8 * old,
    "anger_mean": lambda old: old - 0.01,
    "arousal_mean": lambda old: old - 0.01,
}
JUDGED_HIGH: dict[str, Worst] = {  # those that are to be low
    "over_stock": lambda old: old + 0.5,  # points of word errors
    "taken_back": lambda old: old + 0.03,
    "rss_per_call_mb": lambda old: 1.25 * old + 1,
    "lost": lambda old: old,
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


@dataclass(frozen=True, slots=True)
class Run:
    """One benchmark, as `bench all` runs it."""

    name: str  # of its results
    args: tuple[str, ...]
    raw: bool = False  # whether it keeps single measurements
    of_capacity: float | None = None  # how many calls: a share of those that `CAPACITY` carried, if that was measured


CAPACITY = "capacity-tiny.en"
RUNS = (
    Run("core", ("core",)),
    Run("latency", ("latency",)),
    Run("offline", ("offline",)),
    Run("words-tiny.en", ("words", "--model", "tiny.en"), raw=True),
    Run("words-base", ("words", "--model", "base"), raw=True),
    Run(CAPACITY, ("capacity", "--model", "tiny.en")),
    Run("capacity-base", ("capacity", "--model", "base")),
    Run("overload", ("overload", "--model", "tiny.en", "--minutes", "1"), of_capacity=2.0),
    Run("idle", ("idle",)),
    Run("soak", ("soak", "--model", "tiny.en"), of_capacity=0.8),
    Run("tone", ("tone",)),
    Run("escalation", ("escalation",)),
)


def run_all(folder: Path, runs: tuple[Run, ...] = RUNS) -> list[str]:
    """Run each, keep its JSON, draw and write the report. The names of those that failed."""
    folder.mkdir(parents=True, exist_ok=True)
    failed, sections = [], list[str]()
    for run in runs:
        args = (*run.args, *_calls(run, folder), *_raw(run, folder), "--json")
        told = _bench(*args)
        if told is None:
            failed.append(run.name)
            continue
        (folder / f"{run.name}.json").write_text(told, "utf-8")
        sections.append(_section(args, json.loads(told)))
    if sections and _bench("pictures", str(folder), "--out", str(folder)) is None:
        failed.append("pictures")
    drawn = [f"![{picture.stem}]({picture.name})\n" for picture in sorted(folder.glob("*.svg"))]
    (folder / "report.md").write_text("\n".join(["# Benchmarks\n", *drawn, *sections]), "utf-8")
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


def _bench(*args: str) -> str | None:
    """What a benchmark wrote; None where it failed."""
    done = subprocess.run([sys.executable, "-m", "server.cli", "bench", *args], stdout=subprocess.PIPE, text=True)
    return None if done.returncode else done.stdout


def _calls(run: Run, folder: Path) -> tuple[str, ...]:
    measured = folder / f"{CAPACITY}.json"
    if run.of_capacity is None or not measured.is_file():
        return ()
    return "--calls", str(max(1, round(run.of_capacity * json.loads(measured.read_text("utf-8"))["carried"])))


def _raw(run: Run, folder: Path) -> tuple[str, ...]:
    return ("--raw", str(folder / f"{run.name}.jsonl")) if run.raw else ()


def _change(name: str, old: float, new: float) -> Change:
    parts = name.split(".")
    least, most = (next((of[part] for part in parts if part in of), None) for of in (JUDGED, JUDGED_HIGH))
    worse = bool((least and new < least(old)) or (most and new > most(old)))
    return Change(name, old, new, round(new / old, 3) if old else None, bool(least or most), worse)


def _section(args: Sequence[str], result: Mapping[str, Any]) -> str:
    rows = "".join(f"| {figure} | {value:g} |\n" for figure, value in figures(result))
    machine = ", ".join(f"{key} {value}" for key, value in result.get("machine", {}).items() if key != "packages")
    return f"## `calmline bench {' '.join(args)}`\n\n{machine}\n\n| measured | result |\n|---|---|\n{rows}"
