"""`calmline bench capacity`: how many live two-channel calls one machine carries.

A real server process and one that feeds it (`benchmarks/load/callers.py`): one call more every few seconds' worth of
measurement. A step holds as long as tone readings come within 500 ms (p95) of the sample that completes them, final
words within 3 s (p95) of the end of their turn, and nothing is dropped. The ramp ends at the first step that does not
hold. Each step tells the processor time and the memory of the server, lag, and partials left out: the curve.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks.calls import Call
from benchmarks.load.callers import Delays, Load, pcm_of
from benchmarks.load.processes import cpu_s, rss_mb
from benchmarks.load.server_process import server_process
from benchmarks.machine import Machine, Spread, spread, this_machine

TONE_MS = 500.0  # deadlines, p95
FINALS_S = 3.0
WARM_UP_CALLS, WARM_UP_S = 4, 60.0
SETTLE_S = 5.0  # after new calls began, before a step is measured


@dataclass(frozen=True, slots=True)
class Step:
    """What so many calls at once came to."""

    calls: int
    tone_ms: Spread
    finals_s: Spread
    cores: float  # that the server kept busy
    rss_mb: float
    lag_s: float  # audio taken but not heard, at most
    words_lag_s: float  # age of the oldest turn that waited for its words, at most
    shed_per_s: float  # partials left out, all calls together
    dropped: int
    holds: bool


@dataclass(frozen=True, slots=True)
class CapacityResult:
    machine: Machine
    weights: str
    call: str
    carried: int  # the most calls of a step that held
    rss_per_call_mb: float | None  # added by each
    steps: list[Step]


async def bench_capacity(call: Call, model: str, at_once: Sequence[int], step_s: float) -> CapacityResult:
    """Ramp up to each number of calls in turn, until a deadline breaks."""
    settings = {"CALMLINE_MODELS_WHISPER_MODEL": model, "CALMLINE_SERVER_LIVE_CALLS_AT_MOST": "1000"}
    steps: list[Step] = []
    running: list[asyncio.Task[None]] = []
    with tempfile.TemporaryDirectory() as folder:
        async with server_process(Path(folder), settings) as (address, process):
            await _warm_up(Load(address, pcm_of([call]), "warm"))
            load = Load(address, pcm_of([call]))
            for calls in at_once:
                while load.begun < calls:
                    running.append(await load.begin())
                await asyncio.sleep(SETTLE_S)
                steps.append(await _measure(load, process, calls, step_s))
                if not steps[-1].holds:
                    break
            load.over.set()
            process.terminate()  # what is still out is of no interest
            await asyncio.gather(*running, return_exceptions=True)
    held = [step for step in steps if step.holds]
    return CapacityResult(
        machine=this_machine(),
        weights=model or "as installed",
        call=call.name,
        carried=held[-1].calls if held else 0,
        rss_per_call_mb=_slope(steps),
        steps=steps,
    )


async def _warm_up(load: Load) -> None:
    """Some calls that come and go: decoders take the memory of their longest turns, however many calls there are."""
    await asyncio.gather(*[await load.begin(WARM_UP_S) for _ in range(WARM_UP_CALLS)])


async def _measure(load: Load, process: asyncio.subprocess.Process, calls: int, step_s: float) -> Step:
    shed, load.delays = load.shed, Delays()
    delays = load.delays
    began, busy = perf_counter(), cpu_s(process.pid)
    await asyncio.sleep(step_s)
    took, busier = perf_counter() - began, cpu_s(process.pid)
    tone, finals = spread([1000 * delay for delay in delays.tone]), spread(delays.finals or [delays.words_lag])
    dropped = load.dropped + delays.errors
    return Step(
        calls=calls,
        tone_ms=tone,
        finals_s=finals,
        cores=round((busier - busy) / took, 2),
        rss_mb=rss_mb(process.pid),
        lag_s=delays.lag,
        words_lag_s=delays.words_lag,
        shed_per_s=round((load.shed - shed) / took, 1),
        dropped=dropped,
        holds=tone.p95 <= TONE_MS and finals.p95 <= FINALS_S and dropped == 0,
    )


def _slope(steps: list[Step]) -> float | None:
    """Megabytes that each call adds, by the line through the steps."""
    if len(steps) < 2:
        return None
    calls, memory = zip(*((step.calls, step.rss_mb) for step in steps), strict=True)
    return round(float(np.polyfit(calls, memory, 1)[0]), 1)
