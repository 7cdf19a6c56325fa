"""`calmline bench ...`: one command a benchmark, a readable table or one JSON object.

The command line finds this through the entry point `calmline.commands`, since the server room may not import what
lies above it. Benchmarks and models are imported when they run, so that help answers at once.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from audio.errors import CalmlineError

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")]
Weights = Annotated[
    str, typer.Option("--weights", metavar="NAME", help="tone-open, tone-research, or an ONNX file of tone weights.")
]
CallFile = Annotated[Path | None, typer.Option("--call", metavar="FILE", help="Another two-channel call.")]


class NeedsExtraError(CalmlineError):
    """A package that only training, tests or this benchmark need is not installed."""

    def __init__(self, package: str | None, extra: str = "train") -> None:
        super().__init__(f"The package {package} was expected and is not installed: pip install 'calmline[{extra}]'.")


app = typer.Typer(no_args_is_help=True, help="Measure speed, capacity and accuracy on this machine.")


@app.command()
def core(call: CallFile = None, as_json: AsJson = False) -> None:
    """Cost of the sound side per 20 ms frame, words excluded, on one core."""
    from benchmarks.calls import load_call, real_call
    from benchmarks.core import bench_core
    from coach.rules import load_rules
    from server.models import load_models
    from server.settings import Settings

    models = load_models(Settings().models)
    _show(bench_core(load_call(call or real_call()), models, load_rules()), as_json)


@app.command()
def latency(call: CallFile = None, as_json: AsJson = False) -> None:
    """Delay from a sample to what a client is told of it, at 1x through a real server."""
    from benchmarks.calls import DEMO_CALL, load_call
    from benchmarks.latency import bench_latency

    _show(asyncio.run(bench_latency(load_call(call or DEMO_CALL))), as_json)


@app.command()
def tone(weights: Weights = "tone-open", as_json: AsJson = False) -> None:
    """What the tone model tells of voices that it never heard, by corpus, language, sex and line. Some minutes."""
    try:
        from benchmarks.tone import bench_tone
    except ModuleNotFoundError as missing:
        raise NeedsExtraError(missing.name) from missing

    _show(bench_tone(weights), as_json)


@app.command()
def escalation(
    split: Annotated[
        Literal["dev", "test"], typer.Option("--split", help="Whose calls: thresholds are set on dev, told on test.")
    ] = "test",
    weights: Weights = "tone-open",
    as_json: AsJson = False,
) -> None:
    """How surely and how soon the cue comes, and how often for nothing, on calls laid out of actors' speech."""
    from benchmarks.escalation import bench_escalation

    _show(bench_escalation(split, weights), as_json)


@app.command()
def page(
    seconds: Annotated[int, typer.Option("--seconds", min=1, help="How long processor time is measured for.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Processor time and memory of the agent's page in Chromium, late in a call of three hours."""
    try:
        from benchmarks.page import bench_page
    except ModuleNotFoundError as missing:
        raise NeedsExtraError(missing.name, "test") from missing

    _show(asyncio.run(bench_page(seconds)), as_json)


def _show(result: Any, as_json: bool) -> None:
    """A benchmark's result, to standard output."""
    from server.screen import write_json, write_table

    if as_json:
        write_json(result)
    else:
        write_table(("measured", " result"), _rows(asdict(result)))


def _rows(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _rows(value, f"{prefix}{key}.")
        else:
            yield prefix + key, str(value)
