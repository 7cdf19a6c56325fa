"""`calmline analyze`: file after file through the analysis, each to its own folder of results.

In: sound files. Out: an `Outcome` for each, also for those that cannot be heard: one bad file does not stop the others.
Models are loaded once. Runs on the caller's thread; a progress bar on standard error shows how far it is.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic

from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from audio.errors import CalmlineError
from audio.files import open_recording
from coach.moment import Fate
from server.analyze import analyze
from server.calls import Engine
from server.models import load_engine
from server.protocol import Layout
from server.result import Result
from server.result_files import write_result
from server.screen import clock, say
from server.serve import open_store
from server.settings import Settings
from server.store import Store

OK = "ok"
SUMMARY = ("file", " length", "heard", " words", " agent talks", " trend at most", "cues")


class Outcome(Struct, frozen=True):
    """What became of one file. All but path and status is null where the file could not be analysed."""

    path: str
    status: str  # "ok", or what is wrong, in one sentence
    call: str | None = None  # its id in the store
    layout: Layout | None = None
    result: str | None = None  # the file with all that was found
    duration_s: float | None = None
    took_s: float | None = None
    words: int | None = None
    agent_share: float | None = None  # of all speech, 0..1; null where nobody can be told apart
    highest_trend: float | None = None  # of the customer, 0 calm .. 1 escalated; null where there is none
    cues: tuple[str, ...] = ()  # the rules whose cues the agent would have seen


def analyze_files(
    settings: Settings, paths: Sequence[Path], customer: Path | None, swap: bool, agent: str, out: Path
) -> Iterator[Outcome]:
    """Analyse files in order. `customer` is the second of two mono files, for which there may be one path only.

    Raises
    ------
    CalmlineError
        Where no file at all can be analysed: weights, rules or the store cannot be used.
    """
    engine = load_engine(settings)
    folders = _folders(paths, out)
    with open_store(settings.server) as store:
        for path, folder in zip(paths, folders, strict=True):
            try:
                outcome = _one(path, customer, swap, agent, folder, engine, store, settings.server.keep_audio)
            except CalmlineError as error:
                say(error)
                outcome = Outcome(str(path), str(error))
            yield outcome


def summary(outcome: Outcome) -> tuple[str, ...]:
    """A row of the summary table."""
    if outcome.status != OK:
        return (Path(outcome.path).name, "-", "could not be analysed", "-", "-", "-", "-")
    return (
        Path(outcome.path).name,
        clock(outcome.duration_s or 0),
        "mixed" if outcome.layout is Layout.MIXED else "agent, customer",
        str(outcome.words),
        "-" if outcome.agent_share is None else f"{outcome.agent_share:.0%}",
        "-" if outcome.highest_trend is None else f"{outcome.highest_trend:.2f}",
        ", ".join(f"{rule} x{times}" for rule, times in Counter(outcome.cues).items()) or "none",
    )


def _one(
    path: Path,
    customer: Path | None,
    swap: bool,
    agent: str,
    folder: Path,
    engine: Engine,
    store: Store,
    keep_audio: bool,
) -> Outcome:
    began = monotonic()
    recording = open_recording(path, customer, swap)
    with _progress() as progress:
        bar = progress.add_task(path.name, total=recording.duration_s)
        result = analyze(
            recording, path.stem, agent, engine, store, keep_audio, lambda now: progress.update(bar, completed=now)
        )
    write_result(result, folder)
    for note in result.notes:
        say(note.text)
    return _outcome(path, result, folder / "result.json", monotonic() - began)


def _outcome(path: Path, result: Result, file: Path, took_s: float) -> Outcome:
    return Outcome(
        path=str(path),
        status=OK,
        call=result.call.id,
        layout=result.call.layout,
        result=str(file),
        duration_s=result.call.duration,
        took_s=round(took_s, 2),
        words=sum(len(turn.words) for turn in result.words),
        agent_share=result.dynamics.agent_share if result.dynamics else None,
        highest_trend=max((trend.value for trend in result.trend), default=None),
        cues=tuple(cue.rule for cue in result.cues if cue.fate is Fate.SHOWN),
    )


def _folders(paths: Sequence[Path], out: Path) -> list[Path]:
    """A folder for each file, by its name; files of one name are numbered."""
    seen: Counter[str] = Counter()
    folders = []
    for path in paths:
        seen[path.stem] += 1
        folders.append(out / (path.stem if seen[path.stem] == 1 else f"{path.stem}-{seen[path.stem]}"))
    return folders


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
