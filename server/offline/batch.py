"""`calmline analyze`: file after file through the analysis, each to its own folder of results.

In: sound files, or folders of them. Out: an `Outcome` for each, also for those that cannot be heard: whatever goes
wrong with one does not stop the others. Models are loaded once. Runs on the caller's thread; one progress bar on
standard error shows how far it is. A result is written when it is whole, so a run that broke off can be taken up where
it was.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from time import monotonic

from msgspec import Struct

from audio.errors import CalmlineError
from audio.sources.files import open_recording
from audio.text import printable
from coach.types import Fate
from server.live.registry import Engine
from server.offline.analysis import analyze
from server.offline.faults import in_a_sentence
from server.offline.result_files import RESULT, write_result
from server.protocol.calls import Layout
from server.store.report import Result
from server.store.store import Store

OK = "ok"
DONE = "done before"
SOUNDS = frozenset(  # a folder's files with these endings
    {".aac", ".aif", ".aiff", ".flac", ".m4a", ".mka", ".mkv", ".mov", ".mp3", ".mp4", ".oga", ".ogg", ".opus"}
    | {".wav", ".webm", ".wma"}
)


class NoSoundFileError(CalmlineError):
    """A folder in which nothing can be heard."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be analysed, and how."""

    paths: Sequence[Path]  # sound files, or folders of them
    out: Path  # where results go, a folder a call
    agent: str
    customer: Path | None = None  # the second of two mono files, for which there may be one path only
    swap: bool = False  # left is the customer
    keep_audio: bool = False
    resume: bool = False  # leave out what has a result already

    @property
    def files(self) -> list[tuple[Path, Path]]:
        """Every recording, with what its folder of results is called."""
        return [file for path in self.paths for file in _files(path)]


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
    engine: Engine,
    store: Store,
    batch: Batch,
    say: Callable[[object], None],
    progress: Callable[[str, float], None] = lambda name, done: None,
) -> Iterator[Outcome]:
    """Analyse the recordings of a batch, in order. `say` gets what a person should know of each; `progress` the name
    of the recording at hand and how many are done."""
    for number, (path, folder) in enumerate(_with_folders(batch.files, batch.out)):

        def show_share(done: float, name: str = printable(path.name), before: int = number) -> None:
            progress(name, before + done)

        show_share(0)
        try:
            if batch.resume and (folder / RESULT).is_file():
                outcome = Outcome(printable(str(path)), DONE, result=printable(str(folder / RESULT)))
            else:
                outcome = _one(path, folder, engine, store, batch, say, show_share)
        except Exception as error:  # noqa: BLE001 - of a bug too: an hour of other recordings may be waiting
            outcome = Outcome(printable(str(path)), in_a_sentence(path, error))
            say(outcome.status)
        yield outcome


def _one(
    path: Path,
    folder: Path,
    engine: Engine,
    store: Store,
    batch: Batch,
    say: Callable[[object], None],
    progress: Callable[[float], None],
) -> Outcome:
    """One recording, from file to files. `progress` gets the share of it that is done, 0..1."""
    began = monotonic()
    if path.is_dir():
        raise NoSoundFileError(
            f"There is no sound file in the folder {path}: none ends in {', '.join(sorted(SOUNDS))}."
        )
    recording = open_recording(path, batch.customer, batch.swap)
    whole = recording.duration_s

    def progress_s(now: float) -> None:
        progress(min(now / whole, 1) if whole else 0)

    result = analyze(recording, path.stem, batch.agent, engine, store, batch.keep_audio, progress_s)
    write_result(result, folder)
    for note in result.notes:
        say(note.text)
    return _outcome(path, result, folder / RESULT, monotonic() - began)


def _files(path: Path) -> list[tuple[Path, Path]]:
    """The file itself; of a folder, the sound files in it and below it, or itself where there are none. Each with what
    its results are called."""
    try:
        if not path.is_dir():
            return [(path, Path(path.stem))]
        files = _sounds(path)
    except OSError:  # opening it as a file will say why
        return [(path, Path(path.stem))]
    return [(file, file.relative_to(path).with_suffix("")) for file in files] or [(path, Path(path.stem))]


def _sounds(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in SOUNDS and file.is_file())


def _outcome(path: Path, result: Result, file: Path, took_s: float) -> Outcome:
    return Outcome(
        path=printable(str(path)),
        status=OK,
        call=result.call.id,
        layout=result.call.layout,
        result=printable(str(file)),
        duration_s=result.call.duration,
        took_s=round(took_s, 2),
        words=sum(len(turn.words) for turn in result.words),
        agent_share=result.dynamics.agent_share if result.dynamics else None,
        highest_trend=max((trend.value for trend in result.trend), default=None),
        cues=tuple(cue.rule for cue in result.cues if cue.fate is Fate.SHOWN),
    )


def _with_folders(files: Sequence[tuple[Path, Path]], out: Path) -> Iterator[tuple[Path, Path]]:
    """Each file with a folder of its own for its results, by its name; those of one name are numbered."""
    taken: set[str] = set()
    for path, name in files:
        numbered = (name.with_name(f"{name.name}-{number}") for number in count(2))
        own = next(it for it in chain([name], numbered) if str(it).lower() not in taken)
        taken.add(str(own).lower())
        yield path, out / own
