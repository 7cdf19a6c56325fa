"""`calmline bench offline`: how fast recordings are analysed, with each of the installed weights.

A whole two-channel call through the analysis of `calmline analyze`, in this process, loading left out: sound on one
process, words on one thread a core of another. Memory is that of both after it.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import psutil

from audio.files import open_recording
from benchmarks.machine import Machine, this_machine
from server.analyze import analyze
from server.models import load_engine
from server.settings import Settings
from server.store import Store


@dataclass(frozen=True, slots=True)
class Offline:
    seconds: float
    times_real_time: float
    processor_s: float  # of all cores together
    words: int
    rss_mb: float


@dataclass(frozen=True, slots=True)
class OfflineResult:
    machine: Machine
    recording: str
    audio_s: float
    weights: dict[str, Offline]


def bench_offline(path: Path, weights: tuple[str, ...]) -> OfflineResult:
    """Analyse a recording once with each. Raises `CalmlineError` where weights or the file cannot be used."""
    runs, length = {}, 0.0
    for size in weights:
        settings = Settings()
        models = replace(settings.models, whisper=replace(settings.models.whisper, model=size))
        engine = load_engine(replace(settings, models=models))
        with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
            began, worked = perf_counter(), _worked_s()
            result = analyze(open_recording(path), path.stem, "bench", engine, store, False, lambda _: None)
            took, work = perf_counter() - began, _worked_s() - worked
        length = result.call.duration
        words = sum(len(turn.words) for turn in result.words)
        runs[size] = Offline(round(took, 2), round(length / took, 1), round(work, 2), words, _rss_mb())
    return OfflineResult(this_machine(), path.name, length, runs)


def _processes() -> list[psutil.Process]:
    own = psutil.Process()
    return [own, *own.children(recursive=True)]


def _worked_s() -> float:
    return sum(times.user + times.system for times in (process.cpu_times() for process in _processes()))


def _rss_mb() -> float:
    return round(sum(process.memory_info().rss for process in _processes()) / 2**20, 1)
