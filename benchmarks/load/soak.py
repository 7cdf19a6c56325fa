"""`calmline bench soak`: a server through a long day, at most of what it carries.

A real server process takes as many calls at once as it is told, each some minutes long and followed by the next, until
their stream time comes to hours. What it holds (memory, open files, threads) is weighed all along: with no call before,
once it has warmed up, at the end, and with no call afterwards. Nothing may be lost: each turn that began must have had
its final words.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.load.callers import Load
from benchmarks.load.processes import Footprint, cpu_s, footprint
from benchmarks.load.server_process import server_process
from benchmarks.machine import Machine, Spread, spread, this_machine

EVERY_S = 5.0  # between two looks at the server
WARM_UP = 0.25  # of the stream time, after which memory is judged


@dataclass(frozen=True, slots=True)
class Curve:
    """What was seen, look by look."""

    stream_h: list[float]  # of all calls together, by then
    rss_mb: list[float]
    files: list[int]
    threads: list[int]


@dataclass(frozen=True, slots=True)
class SoakResult:
    machine: Machine
    weights: str
    calls_at_once: int
    calls: int  # that began and ended
    stream_h: float
    cores: float  # that the server kept busy
    tone_ms: Spread
    finals_s: Spread
    alert_ms: Spread | None  # detections that need sound only; None where there were none
    lag_s: float  # audio taken but not heard, at most
    words_lag_s: float  # age of the oldest turn that waited for its words, at most
    turns: int
    lost: int  # turns that never had their final words
    shed: int  # partials left out
    dropped: int  # frames and errors
    rss_mb_per_h: float | None  # slope over stream time, once warmed up
    held_per_call_mb: float | None  # of the calls that run at once
    before: Footprint  # no call yet
    warm: Footprint | None  # all calls running
    late: Footprint | None  # all calls running
    after: Footprint  # no call any more
    curve: Curve


async def bench_soak(pcm: bytes, model: str, at_once: int, hours: float, call_s: float) -> SoakResult:
    """Calls of about `call_s` seconds, until they come to `hours` of stream time."""
    settings = {"CALMLINE_MODELS_WHISPER_MODEL": model, "CALMLINE_SERVER_LIVE_CALLS_AT_MOST": "1000"}
    with tempfile.TemporaryDirectory() as folder:
        async with server_process(Path(folder), settings) as (address, process):
            load, before, busy, began = Load(address, pcm), footprint(process.pid), cpu_s(process.pid), perf_counter()
            async with asyncio.TaskGroup() as lines:
                for number in range(at_once):
                    lines.create_task(_line(load, call_s, (number + 1) / at_once))
                seen = await _watch(load, process, hours)
                busier, took = cpu_s(process.pid), perf_counter() - began
                load.over.set()
            after = footprint(process.pid)
    delays = load.delays
    looks = [look for _, look in seen]
    curve = Curve(
        stream_h=[at for at, _ in seen],
        rss_mb=[look.rss_mb for look in looks],
        files=[look.files for look in looks],
        threads=[look.threads for look in looks],
    )
    warm = next((look for at, look in seen if at >= WARM_UP * hours), None)
    return SoakResult(
        machine=this_machine(),
        weights=model or "as installed",
        calls_at_once=at_once,
        calls=load.begun,
        stream_h=round(load.sent_s / 3600, 3),
        cores=round((busier - busy) / took, 2),
        tone_ms=spread([1000 * delay for delay in delays.tone]),
        finals_s=spread(delays.finals),
        alert_ms=spread([1000 * delay for delay in delays.alerts]) if delays.alerts else None,
        lag_s=delays.lag,
        words_lag_s=delays.words_lag,
        turns=len(load.started),
        lost=load.lost,
        shed=load.shed,
        dropped=load.dropped + delays.errors,
        rss_mb_per_h=slope(curve, WARM_UP * hours),
        held_per_call_mb=round((warm.rss_mb - before.rss_mb) / at_once, 1) if warm else None,
        before=before,
        warm=warm,
        late=looks[-1] if looks else None,
        after=after,
        curve=curve,
    )


async def _line(load: Load, call_s: float, first: float) -> None:
    """One call after the other; the first lasts a part of the time, so that not all of them end at once."""
    seconds = first * call_s
    while not load.over.is_set():
        await (await load.begin(seconds))
        seconds = call_s


async def _watch(load: Load, process: asyncio.subprocess.Process, hours: float) -> list[tuple[float, Footprint]]:
    """Look at the server until the calls come to so many hours; hours by then, and what it held."""
    seen = []
    while load.sent_s < 3600 * hours:
        await asyncio.sleep(EVERY_S)
        seen.append((round(load.sent_s / 3600, 4), footprint(process.pid)))
    return seen


def slope(curve: Curve, after_h: float) -> float | None:
    """Megabytes an hour of stream time, by the line through what was seen after `after_h`."""
    late = [(at, rss) for at, rss in zip(curve.stream_h, curve.rss_mb, strict=True) if at >= after_h]
    if len(late) < 2:
        return None
    hours, memory = zip(*late, strict=True)
    return round(float(np.polyfit(hours, memory, 1)[0]), 2)
