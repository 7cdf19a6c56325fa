"""`calmline bench pictures`: what a folder of `calmline bench all` tells, as pictures for the docs.

In: the JSON results of capacity, words and soak, as many as there are, and the raw delays of words. Out: an SVG each,
on white, so that it reads alike on light and dark pages. The same results give the same files to the byte.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from benchmarks.load.capacity import FINALS_S, TONE_MS
from benchmarks.report import ReportError

Result: TypeAlias = Mapping[str, Any]

BLUE, ORANGE, GREY, FAINT = "#0072b2", "#d55e00", "#5f6368", "#dadce0"  # told apart by colour-blind people too
_COLOURS = (BLUE, ORANGE, "#009e73", "#cc79a7")
_STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": GREY,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#eceff1",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "svg.hashsalt": "calmline",
}


LATEST_S = 10.0  # seconds after a word that its picture goes to
NEVER_S = 1e9  # for words that were never shown, or never certain
_LINES: dict[tuple[str, int, str], dict[str, Any]] = {  # who, the column of its delays (`WordDelay`), what they are
    ("calmline", 4, "shown"): {"color": BLUE, "linestyle": (0, (3, 1.5))},
    ("calmline", 5, "certain"): {"color": BLUE},
    ("whisper_streaming", 4, "shown"): {"color": ORANGE, "linestyle": (0, (3, 1.5))},
    ("whisper_streaming", 5, "certain"): {"color": ORANGE},
}


@dataclass(frozen=True, slots=True)
class _Panel:
    """One figure of the capacity curve."""

    title: str
    of: tuple[str, ...]  # where it stands in a step
    most: float | None = None  # what it may come to
    most_is: str = ""


def draw_all(results: Path, out: Path) -> list[Path]:
    """Draw what a folder has results for. Raises `ReportError` where that is nothing, or it cannot be read."""
    found = {name: list(_results(results, name)) for name in _DRAWN}
    found["words"] = [run for run in found["words"] if run["raw"]]
    if not any(found.values()):
        raise ReportError(f"Expected results of {', '.join(_DRAWN)} in {results}; there were none.")
    out.mkdir(parents=True, exist_ok=True)
    drawn = []
    with mpl.rc_context(_STYLE):
        for name, of in found.items():
            if of:
                drawn.append(out / f"{name}.svg")
                _DRAWN[name](of).savefig(drawn[-1], facecolor="white", metadata={"Date": None})
    return drawn


def draw_capacity(ramps: Sequence[Result]) -> Figure:
    """What it costs to follow so many calls, for each set of weights."""
    cores = ramps[0]["machine"]["cores"]
    panels = (
        _Panel("Processor, cores kept busy", ("cores",), cores, "all there are"),
        _Panel("Memory of the server, MB", ("rss_mb",)),
        _Panel("Partial words left out a second", ("shed_per_s",)),
        _Panel("Tone reading after its sound, p95, ms", ("tone_ms", "p95"), TONE_MS, "deadline"),
        _Panel("Final words after their turn, p95, s", ("finals_s", "p95"), FINALS_S, "deadline"),
        _Panel("Oldest turn that waits for words, s", ("words_lag_s",)),
    )
    figure = Figure(figsize=(10, 6), layout="constrained")
    for panel, axes in zip(panels, figure.subplots(2, 3, sharex=True).flat, strict=True):
        for ramp, colour in zip(ramps, _COLOURS, strict=False):
            calls = [step["calls"] for step in ramp["steps"]]
            axes.plot(calls, [_at(step, panel.of) for step in ramp["steps"]], color=colour, marker="o", markersize=4)
        if panel.most is not None:
            _line(axes, panel.most, panel.most_is)
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=0)
        axes.set_title(panel.title)
    for axes in figure.axes[3:]:
        axes.set_xlabel("live two-channel calls")
    told = [f"{ramp['weights']}: carries {ramp['carried']}" for ramp in ramps]
    figure.legend(figure.axes[0].get_lines()[: len(told)], told, loc="outside upper left", ncols=len(told))
    return figure


def draw_words(runs: Sequence[Result]) -> Figure:
    """How many words are shown, and certain, how long after they were said; a panel for each set of weights."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    panels = figure.subplots(1, len(runs), sharex=True, sharey=True, squeeze=False)[0]
    lines: dict[str, Line2D] = {}
    for run, axes in zip(runs, panels, strict=True):
        for (who, column, told), style in _LINES.items():
            delays = [NEVER_S if row[column] is None else row[column] for row in run["raw"] if row[0] == who]
            lines[f"{who}, {told}".replace("calmline", "Calmline")] = axes.ecdf(delays, **style)
        axes.set(xlim=(0, LATEST_S), ylim=(0, 1), xlabel="seconds after the end of the word")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_title(f"{run['weights']}: share of the words")
    figure.legend(list(lines.values()), list(lines), loc="outside upper left", ncols=len(lines))
    return figure


def draw_soak(soaks: Sequence[Result]) -> Figure:
    """What a server holds through hours of calls."""
    soak = soaks[0]
    curve, hours = soak["curve"], soak["curve"]["stream_h"]
    figure = Figure(figsize=(10, 5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    above.plot(hours, curve["rss_mb"], color=BLUE)
    above.set_title(f"Memory of the server, MB: {soak['calls_at_once']} calls at once, {soak['calls']} in all")
    for name, text, colour in (("files", "open files", BLUE), ("threads", "threads", ORANGE)):
        below.plot(hours, curve[name], color=colour)
        below.annotate(
            text, (hours[-1], curve[name][-1]), (6, 0), textcoords="offset points", color=colour, va="center"
        )
    below.set_title("Open files, connections included, and threads")
    below.set_xlabel("hours of stream time, all calls together")
    for axes in (above, below):
        axes.set_ylim(0, 1.1 * axes.get_ylim()[1])
        axes.set_xlim(0, hours[-1])
    return figure


_DRAWN = {"capacity": draw_capacity, "words": draw_words, "soak": draw_soak}


def _results(folder: Path, name: str) -> Iterator[Result]:
    """Those of one benchmark: capacity.json, or capacity-base.json and others, with single measurements as `raw`."""
    for file in sorted(folder.glob(f"{name}*.json")):
        raw = file.with_suffix(".jsonl")
        try:
            rows = raw.read_text("utf-8").splitlines() if raw.is_file() else []
            yield json.loads(file.read_text("utf-8")) | {"raw": [json.loads(row) for row in rows]}
        except (OSError, ValueError) as error:
            raise ReportError(f"The results in {file} cannot be read: {error}.") from error


def _at(step: Result, path: tuple[str, ...]) -> float | None:
    value: Any = step
    for name in path:
        value = value[name]
    return None if value is None else float(value)


def _line(axes: Axes, height: float, text: str) -> None:
    """What a figure may come to."""
    axes.axhline(height, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    axes.text(0.02, height, text, color=GREY, fontsize=8, va="bottom", transform=axes.get_yaxis_transform())
