"""`calmline bench overload`: what a server does with twice the calls that it carries.

A real server process that takes whatever comes, fed over websockets at 1x for some minutes, then told to hang up and
given the time to finish. Partial words may thin out, and final words may be late; tone and alerts keep their deadlines,
and each turn that began has its final words in the end.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from benchmarks.load.callers import Load
from benchmarks.load.processes import cpu_s
from benchmarks.load.server_process import server_process
from benchmarks.machine import Machine, Spread, spread, this_machine


@dataclass(frozen=True, slots=True)
class OverloadResult:
    machine: Machine
    weights: str
    calls: int
    minutes: float
    cores: float  # that the server kept busy
    tone_ms: Spread
    alert_ms: Spread | None  # detections that need sound only; None where there were none
    finals_s: Spread
    lag_s: float  # audio taken but not heard, at most
    words_lag_s: float  # age of the oldest turn that waited for its words, at most
    shed: int  # partials left out
    shed_share: float  # of the partials that were asked for
    dropped: int  # frames and errors
    turns: int
    lost: int  # turns that never had their final words
    finish_s: float  # from hanging up to the last words


async def bench_overload(pcm: bytes, model: str, calls: int, minutes: float) -> OverloadResult:
    settings = {"CALMLINE_MODELS_WHISPER_MODEL": model, "CALMLINE_SERVER_LIVE_CALLS_AT_MOST": "1000"}
    with tempfile.TemporaryDirectory() as folder:
        async with server_process(Path(folder), settings) as (address, process):
            load, busy, began = Load(address, pcm), cpu_s(process.pid), perf_counter()
            running = [await load.begin(60 * minutes) for _ in range(calls)]
            await asyncio.sleep(60 * minutes - (perf_counter() - began))
            busier, took = cpu_s(process.pid), perf_counter() - began
            load.over.set()
            await asyncio.gather(*running)
            finish = perf_counter() - began - took
    delays = load.delays
    return OverloadResult(
        machine=this_machine(),
        weights=model or "as installed",
        calls=calls,
        minutes=minutes,
        cores=round((busier - busy) / took, 2),
        tone_ms=spread([1000 * delay for delay in delays.tone]),
        alert_ms=spread([1000 * delay for delay in delays.alerts]) if delays.alerts else None,
        finals_s=spread(delays.finals),
        lag_s=delays.lag,
        words_lag_s=delays.words_lag,
        shed=load.shed,
        shed_share=round(load.shed / max(1, load.shed + delays.partials), 3),
        dropped=load.dropped + delays.errors,
        turns=len(load.started),
        lost=load.lost,
        finish_s=round(finish, 1),
    )
