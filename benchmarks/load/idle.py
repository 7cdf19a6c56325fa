"""`calmline bench idle`: what a server costs while nothing is said.

Processor time of a real server process with no call; with calls that are open and send no audio, as while a phone rings
or a call is held; and with calls that send digital silence at 1x. Nothing waits by asking again and again, so the
first two come to next to nothing.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from audio.frame import SAMPLE_RATE
from benchmarks.load.callers import Load
from benchmarks.load.processes import cpu_s
from benchmarks.load.server_process import server_process
from benchmarks.machine import Machine, this_machine

SETTLE_S = 4.0  # until what came before is done, and a feed without audio was found to be stalled


@dataclass(frozen=True, slots=True)
class IdleResult:
    machine: Machine
    calls: int
    no_call_cores: float  # kept busy
    open_cores: float  # all calls together, none of which sends audio
    silent_cores: float  # all calls together, which send silence


async def bench_idle(calls: int, seconds: float) -> IdleResult:
    """Each of the three for so many seconds."""
    with tempfile.TemporaryDirectory() as folder:
        async with server_process(Path(folder), {"CALMLINE_SERVER_LIVE_CALLS_AT_MOST": "1000"}) as (address, process):
            load = Load(address, bytes(4 * SAMPLE_RATE))
            no_call = await _busy(process, seconds)
            feeds = [(await load.open())[1] for _ in range(calls)]
            opened = await _busy(process, seconds)
            await asyncio.gather(*(feed.close() for feed in feeds))
            running = [await load.begin() for _ in range(calls)]
            silent = await _busy(process, seconds)
            load.over.set()
            await asyncio.gather(*running)
    return IdleResult(this_machine(), calls, no_call, opened, silent)


async def _busy(process: asyncio.subprocess.Process, seconds: float) -> float:
    """Cores that the server keeps busy from now on."""
    await asyncio.sleep(SETTLE_S)
    began, before = perf_counter(), cpu_s(process.pid)
    await asyncio.sleep(seconds)
    took, after = perf_counter() - began, cpu_s(process.pid)
    return round((after - before) / took, 4)
