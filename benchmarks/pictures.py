"""`calmline bench pictures`: what a folder of `calmline bench all` tells, as pictures for the docs.

In: the JSON results of capacity, words and soak, as many as there are. Out: an SVG each, on white, so that it reads the
same on light and dark pages. The same results give the same files to the byte.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.capacity import FINALS_S, TONE_MS
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
    """How long after its end a word is shown and confirmed: from half of them (dot) to all but one in twenty (bar)."""
    rows = [
        (f"{who}, {run['weights']}", of)
        for run in runs
        for who, of in (("Calmline", run), ("whisper_streaming", run["whisper_streaming"]))
    ]
    figure = Figure(figsize=(10, 1.2 + 0.62 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for row, (_, of) in enumerate(rows):
        for spread, colour, up in ((of["shown_s"], BLUE, -0.16), (of["confirmed_s"], ORANGE, 0.16)):
            axes.plot((spread["p50"], spread["p95"]), (row + up,) * 2, color=colour, linewidth=5, alpha=0.35)
            axes.plot(spread["p50"], row + up, color=colour, marker="o")
            told = f" {spread['p50']:.1f} … {spread['p95']:.1f} s"
            axes.text(spread["p95"], row + up, told, color=GREY, va="center", fontsize=9)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows], color="black")
    axes.invert_yaxis()
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    axes.set_xlim(min(0, *(of["shown_s"]["p50"] for _, of in rows)), 1.12 * axes.get_xlim()[1])
    axes.set_xlabel("seconds after the end of the word: half of them within the dot, 95 % within the bar")
    figure.legend(axes.get_lines()[1:4:2], ("shown", "confirmed"), loc="outside upper left", ncols=2)
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
    """Those of one benchmark: capacity.json, or capacity-base.json and others."""
    for file in sorted(folder.glob(f"{name}*.json")):
        try:
            yield json.loads(file.read_text("utf-8"))
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
