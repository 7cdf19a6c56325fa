"""`calmline analyze`: file after file through the analysis, each to its own folder of results.

In: sound files, or folders of them. Out: an `Outcome` for each, also for those that cannot be heard: one bad file does
not stop the others. Models are loaded once. Runs on the caller's thread; one progress bar on standard error shows how
far it is. A result is written when it is whole, so a run that broke off can be taken up where it was.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import monotonic

from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from audio.errors import CalmlineError
from audio.files import Recording, open_recording
from coach.moment import Fate
from server.analyze import analyze
from server.calls import Engine
from server.models import load_engine
from server.protocol import Layout
from server.result import Result
from server.result_files import RESULT, write_result
from server.screen import clock, say
from server.serve import open_store
from server.settings import Settings
from server.store import Store

OK = "ok"
DONE = "done before"
SOUNDS = frozenset(  # a folder's files with these endings
    {".aac", ".aif", ".aiff", ".flac", ".m4a", ".mka", ".mkv", ".mov", ".mp3", ".mp4", ".oga", ".ogg", ".opus"}
    | {".wav", ".webm", ".wma"}
)
SUMMARY = ("file", " length", "heard", " words", " agent talks", " trend at most", "cues")


class Outcome(Struct, frozen=True):
    """What became of one file. All but path and status is null where the file could not be analysed."""

    path: str
    status: str  # "ok", "done before", or what is wrong, in one sentence
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
    settings: Settings, paths: Sequence[Path], customer: Path | None, swap: bool, agent: str, out: Path, resume: bool
) -> Iterator[Outcome]:
    """Analyse files, and those in folders, in order. `customer` is the second of two mono files, for which there may be
    one path only. To `resume` is to leave out what has a result already.

    Raises
    ------
    CalmlineError
        Where no file at all can be analysed: weights, rules or the store cannot be used.
    """
    engine = load_engine(settings)
    files = [file for path in paths for file in _files(path)]
    with open_store(settings.server) as store, _progress() as progress:
        bar = progress.add_task("", total=len(files))
        for number, (path, folder) in enumerate(_with_folders(files, out)):
            progress.update(bar, description=path.name, completed=number)
            if resume and (folder / RESULT).is_file():
                yield Outcome(str(path), DONE, result=str(folder / RESULT))
                continue
            try:
                recording = open_recording(path, customer, swap)
                whole = recording.duration_s

                def heard(now: float, before: int = number, whole: float | None = whole) -> None:
                    progress.update(bar, completed=before + min(now / whole, 1) if whole else before)

                yield _one(path, recording, agent, folder, engine, store, settings.server.keep_audio, heard)
            except CalmlineError as error:
                say(error)
                yield Outcome(str(path), str(error))


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
        ", ".join(f"{rule} x{times}" for rule, times in Counter(outcome.cues).items()) or "none",
    )


def _one(
    path: Path,
    recording: Recording,
    agent: str,
    folder: Path,
    engine: Engine,
    store: Store,
    keep_audio: bool,
    heard: Callable[[float], None],
) -> Outcome:
    began = monotonic()
    result = analyze(recording, path.stem, agent, engine, store, keep_audio, heard)
    write_result(result, folder)
    for note in result.notes:
        say(note.text)
    return _outcome(path, result, folder / RESULT, monotonic() - began)


def _files(path: Path) -> list[tuple[Path, Path]]:
    """The file itself; of a folder, the sound files in it and below it. Each with what its results are called."""
    if not path.is_dir():
        return [(path, Path(path.stem))]
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in SOUNDS and file.is_file())
    return [(file, file.relative_to(path).with_suffix("")) for file in files]


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


def _with_folders(files: Sequence[tuple[Path, Path]], out: Path) -> Iterator[tuple[Path, Path]]:
    """Each file with a folder for its results, by its name; those of one name are numbered."""
    seen: Counter[Path] = Counter()
    for path, name in files:
        seen[name] += 1
        yield path, out / (name if seen[name] == 1 else name.with_name(f"{name.name}-{seen[name]}"))


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
