"""`calmline analyze`: the batch of recordings, its progress bar and its summary table.

In: settings and a batch. Out: an `Outcome` for each recording, as it is done. Models are loaded once; the bar is on
standard error, and only where that is a terminal.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from server.cli.console import clock, say
from server.loading import load_engine
from server.offline.batch import DONE, OK, Batch, Outcome, analyze_files
from server.protocol.calls import Layout
from server.serve import open_store
from server.settings import Settings

SUMMARY = ("file", " length", "heard", " words", " agent talks", " peak trend", "cues")


def analyze(settings: Settings, batch: Batch) -> Iterator[Outcome]:
    """Analyse a batch. Raises `CalmlineError` where no file can be: weights, rules or the store cannot be used."""
    engine = load_engine(settings)
    with open_store(settings.server) as store, _progress() as progress:
        bar = progress.add_task("", total=len(batch.files))

        def show(name: str, done: float) -> None:
            progress.update(bar, description=name, completed=done)

        yield from analyze_files(engine, store, batch, say, show)


def summary(outcome: Outcome) -> tuple[str, ...]:
    """A row of the summary table."""
    if outcome.status == DONE:
        return (Path(outcome.path).name, "-", DONE, "-", "-", "-", "-")
    if outcome.status != OK:
        return (Path(outcome.path).name, "-", "could not be analysed", "-", "-", "-", "-")
    return (
        Path(outcome.path).name,
        clock(outcome.duration_s or 0),
        "mixed" if outcome.layout is Layout.MIXED else "agent, customer",
        str(outcome.words),
        "-" if outcome.agent_share is None else f"{outcome.agent_share:.0%}",
        "-" if outcome.highest_trend is None else f"{outcome.highest_trend:.2f}",
        ", ".join(f"{rule.replace('_', ' ')} x{times}" for rule, times in Counter(outcome.cues).items()) or "none",
    )


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
