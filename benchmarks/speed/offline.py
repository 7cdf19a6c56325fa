"""`calmline bench offline`: how fast recordings are analysed, with each of the installed weights.

A whole two-channel call through the analysis of `calmline analyze`, loading left out: sound in this process, words in
another with a thread a core. Memory and processor time are those of both.
"""

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from audio.sources.files import open_recording
from benchmarks.load.processes import cpu_s, rss_mb
from benchmarks.machine import Machine, this_machine
from server.loading import load_engine
from server.offline.analysis import analyze
from server.settings import Settings
from server.store.store import Store


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
            began, worked = perf_counter(), cpu_s(os.getpid())
            result = analyze(open_recording(path), path.stem, "bench", engine, store, False, lambda _: None)
            took, work = perf_counter() - began, cpu_s(os.getpid()) - worked
        length = result.call.duration
        words = sum(len(turn.words) for turn in result.words)
        runs[size] = Offline(round(took, 2), round(length / took, 1), round(work, 2), words, rss_mb(os.getpid()))
    return OfflineResult(this_machine(), path.name, length, runs)
