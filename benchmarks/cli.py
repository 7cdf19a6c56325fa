"""`calmline bench ...`: one command a benchmark, a readable table or one JSON object.

The command line finds this through the entry point `calmline.commands`, since the server room may not import what
lies above it. Benchmarks and models are imported when they run, so that help answers at once.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from msgspec import json

from audio.errors import CalmlineError

if TYPE_CHECKING:
    from benchmarks.report import Change

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")]
Weights = Annotated[
    str, typer.Option("--weights", metavar="NAME", help="tone-open, tone-research, or an ONNX file of tone weights.")
]
RawFile = Annotated[Path | None, typer.Option("--raw", metavar="FILE", help="Keep every measurement, a line each.")]
CallFile = Annotated[Path | None, typer.Option("--call", metavar="FILE", help="Another two-channel call.")]


class NeedsExtraError(CalmlineError):
    """A package that only training, tests or this benchmark need is not installed."""

    def __init__(self, package: str | None, extra: str = "train") -> None:
        super().__init__(f"The package {package} was expected and is not installed: pip install 'calmline[{extra}]'.")


app = typer.Typer(no_args_is_help=True, help="Measure speed, capacity and accuracy on this machine.")


@app.command()
def core(call: CallFile = None, as_json: AsJson = False) -> None:
    """Cost of the sound side per 20 ms frame, words excluded, on one core. Two minutes."""
    from benchmarks.calls import load_call, real_call
    from benchmarks.speed.core import bench_core
    from coach.rules import load_rules
    from server.loading import load_models, tone_file
    from server.settings import Settings

    settings = Settings().models
    weights = tone_file(settings.tone_weights)
    _show(bench_core(load_call(call or real_call()), load_models(settings), load_rules(), weights), as_json)


@app.command()
def latency(call: CallFile = None, as_json: AsJson = False) -> None:
    """Delay from a sample to what a client is told of it, at 1x through a real server."""
    from benchmarks.calls import DEMO_CALL, load_call
    from benchmarks.speed.latency import bench_latency

    _show(asyncio.run(bench_latency(load_call(call or DEMO_CALL))), as_json)


@app.command()
def tone(weights: Weights = "tone-open", as_json: AsJson = False) -> None:
    """What the tone model tells of voices that it never heard, by corpus, language, sex and line. Some minutes."""
    try:
        from benchmarks.tone.tone import bench_tone
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
    from benchmarks.tone.escalation import bench_escalation

    _show(bench_escalation(split, weights), as_json)


@app.command()
def page(
    seconds: Annotated[int, typer.Option("--seconds", min=1, help="How long processor time is measured for.")] = 60,
    as_json: AsJson = False,
) -> None:
    """Processor time and memory of the agent's page in Chromium, late in a call of three hours."""
    try:
        from benchmarks.pages.page import bench_page
    except ModuleNotFoundError as missing:
        raise NeedsExtraError(missing.name, "test") from missing

    _show(asyncio.run(bench_page(seconds)), as_json)


@app.command()
def review(
    hours: Annotated[float, typer.Option("--hours", min=0.1, help="How long the call is.")] = 3.0,
    seconds: Annotated[int, typer.Option("--seconds", min=1, help="How long playback is measured for.")] = 10,
    as_json: AsJson = False,
) -> None:
    """How the QA page bears a long call, in Chromium: opening, zooming, scrolling, playing."""
    try:
        from benchmarks.pages.review_page import bench_review
    except ModuleNotFoundError as missing:
        raise NeedsExtraError(missing.name, "test") from missing

    _show(bench_review(hours, seconds), as_json)


@app.command()
def words(
    call: CallFile = None,
    model: Annotated[str, typer.Option("--model", help="Whisper weights [the best installed].")] = "",
    seconds: Annotated[float, typer.Option("--seconds", min=10, help="How much of the call is heard.")] = 120,
    peer: Annotated[float, typer.Option("--peer", min=10, help="Seconds of it for whisper_streaming.")] = 30,
    raw: RawFile = None,
    as_json: AsJson = False,
) -> None:
    """How soon words are shown and confirmed at 1x, and how many are wrong, against stock decoding. Seven minutes."""
    from benchmarks.calls import load_call, real_call
    from benchmarks.words.words import bench_words

    result, delays = asyncio.run(bench_words(load_call(call or real_call()), model, seconds, peer))
    _keep(raw, delays)
    _show(result, as_json)


@app.command()
def peers(
    python: Annotated[
        list[Path], typer.Option("--python", metavar="PATH", help="A Python that has one or more of the peers.")
    ],
    call: CallFile = None,
    model: Annotated[str, typer.Option("--model", help="Whisper weights [the best installed].")] = "",
    seconds: Annotated[float, typer.Option("--seconds", min=10, help="How much of the call is heard.")] = 60,
    raw: RawFile = None,
    as_json: AsJson = False,
) -> None:
    """Delays of words beside RealtimeSTT, whisper-live and WhisperLiveKit, where they are installed. Six minutes."""
    from benchmarks.calls import load_call, real_call
    from benchmarks.words.peers import bench_peers

    result, delays = asyncio.run(bench_peers(load_call(call or real_call()), model, python, seconds))
    _keep(raw, delays)
    _show(result, as_json)


@app.command()
def offline(
    call: CallFile = None,
    model: Annotated[list[str] | None, typer.Option("--model", help="Whisper weights [base and tiny.en].")] = None,
    as_json: AsJson = False,
) -> None:
    """How many times real time a recording is analysed."""
    from benchmarks.calls import real_call
    from benchmarks.speed.offline import bench_offline

    _show(bench_offline(call or real_call(), tuple(model or ("base", "tiny.en"))), as_json)


@app.command()
def capacity(
    call: CallFile = None,
    model: Annotated[str, typer.Option("--model", help="Whisper weights [the best installed].")] = "",
    calls: Annotated[str, typer.Option("--calls", help="How many at once, step by step.")] = "1,4,8,12,16,20,24,28,32",
    seconds: Annotated[float, typer.Option("--seconds", min=10, help="How long a step is measured for.")] = 30,
    as_json: AsJson = False,
) -> None:
    """How many live two-channel calls this machine carries, and what they cost. Some minutes."""
    from benchmarks.calls import load_call, real_call
    from benchmarks.load.capacity import bench_capacity

    steps = [int(step) for step in calls.split(",")]
    _show(asyncio.run(bench_capacity(load_call(call or real_call()), model, steps, seconds)), as_json)


@app.command()
def soak(
    model: Annotated[str, typer.Option("--model", help="Whisper weights [the best installed].")] = "",
    calls: Annotated[int, typer.Option("--calls", min=0, help="At once [80 % of what is carried, estimated].")] = 0,
    hours: Annotated[float, typer.Option("--hours", min=0.01, help="Stream time of all calls together.")] = 2.0,
    minutes: Annotated[float, typer.Option("--minutes", min=0.1, help="Length of a call.")] = 4.0,
    as_json: AsJson = False,
) -> None:
    """Memory, open files and lost words over hours of calls that come and go. An eighth of the time for eight calls."""
    from benchmarks.load.callers import a_days_sound, estimate
    from benchmarks.load.soak import bench_soak

    at_once = calls or max(1, int(0.8 * estimate(model)))
    _show(asyncio.run(bench_soak(a_days_sound(), model, at_once, hours, 60 * minutes)), as_json)


@app.command()
def overload(
    model: Annotated[str, typer.Option("--model", help="Whisper weights [the best installed].")] = "",
    calls: Annotated[int, typer.Option("--calls", min=0, help="At once [twice what is carried, estimated].")] = 0,
    minutes: Annotated[float, typer.Option("--minutes", min=0.2, help="How long they last.")] = 3.0,
    as_json: AsJson = False,
) -> None:
    """What is late and what is left out where twice the calls run that this machine carries."""
    from benchmarks.load.callers import a_days_sound, estimate
    from benchmarks.load.overload import bench_overload

    _show(asyncio.run(bench_overload(a_days_sound(), model, calls or 2 * estimate(model), minutes)), as_json)


@app.command()
def idle(
    calls: Annotated[int, typer.Option("--calls", min=1, help="How many are open.")] = 10,
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="How long each is measured for.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Processor time of a server without calls, with calls that send nothing, and with silent ones."""
    from benchmarks.load.idle import bench_idle

    _show(asyncio.run(bench_idle(calls, seconds)), as_json)


@app.command()
def crowd(
    followers: Annotated[int, typer.Option("--followers", min=0, help="That never read.")] = 1000,
    loaders: Annotated[int, typer.Option("--loaders", min=1, help="That load a call of two hours.")] = 20,
    seconds: Annotated[float, typer.Option("--seconds", min=2, help="How long each is measured for.")] = 12,
    as_json: AsJson = False,
) -> None:
    """How much later a live call's trend is told beside a crowd of idle followers, and of clients that load much."""
    from benchmarks.load.crowd import bench_crowd

    _show(asyncio.run(bench_crowd(followers, loaders, seconds)), as_json)


@app.command("all")
def run_all(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where results and report go.")] = Path("benchmark"),
) -> None:
    """Run the lot, one after the other, and write a report with pictures. About an hour, on a quiet machine."""
    from benchmarks.report import run_all as run

    if failed := run(folder):
        typer.echo(f"These did not come to an end: {', '.join(failed)}.", err=True)
        raise typer.Exit(1)


@app.command()
def pictures(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results of `bench all`.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where pictures go.")] = Path("docs/pictures"),
) -> None:
    """Draw the curves of capacity, words and soak, as far as there are results."""
    try:
        from benchmarks.pictures import draw_all
    except ModuleNotFoundError as missing:
        raise NeedsExtraError(missing.name) from missing

    for drawn in draw_all(folder, out):
        typer.echo(f"wrote {drawn}", err=True)


@app.command()
def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Results of an earlier `bench all`.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Those of a later one.")],
    as_json: AsJson = False,
) -> None:
    """Two runs side by side. Fails where a figure that does not hang on the machine's speed got worse."""
    from benchmarks.report import compare as run
    from server.cli.console import write_json, write_table

    changes = run(old, new)
    if as_json:
        write_json(changes)
    else:
        rows = [
            (it.name, f"{it.old:g}", f"{it.new:g}", "-" if it.ratio is None else f"{it.ratio:.2f}", _verdict(it))
            for it in changes
        ]
        write_table(("figure", " old", " new", " ratio", ""), rows)
    if any(change.worse for change in changes):
        raise typer.Exit(1)


def _verdict(change: "Change") -> str:
    return ("worse" if change.worse else "as good") if change.judged else ""


def _keep(raw: Path | None, measured: Sequence[Any]) -> None:
    """Every single measurement, a line each."""
    if raw is not None:
        raw.write_bytes(b"".join(json.encode(it) + b"\n" for it in measured))


def _show(result: Any, as_json: bool) -> None:
    """A benchmark's result, to standard output."""
    from server.cli.console import write_json, write_table

    if as_json:
        write_json(result)
    else:
        write_table(("measured", " result"), _rows(asdict(result)))


def _rows(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _rows(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for number, part in enumerate(value, 1):
                yield from _rows(part, f"{prefix}{key}.{number}.")
        else:
            yield prefix + key, str(value)
