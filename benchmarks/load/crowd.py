"""`calmline bench crowd`: what a live call notices of a crowd.

One server, one live call at 1x, three stretches of the same length: alone; with followers that never read, half of
them of the live call, half of a stored one of two hours; with clients that load that call again and again, whole and
its sound. What counts is how late the trend is told in each, as a ratio to the stretch alone, all in one run. The crowd
runs in a process of its own, as it would elsewhere; on a small machine it takes its share of the processor.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from audio.errors import CalmlineError
from audio.speech.vad import load_vad
from benchmarks.load.callers import Load, a_days_sound, sent
from benchmarks.load.long_call import lay_long_call
from benchmarks.load.processes import rss_mb
from benchmarks.load.server_process import server_process
from benchmarks.machine import Machine, Spread, spread, this_machine
from coach.rules import load_rules
from models.tone.onnx_tone import OnnxTone
from server.live.registry import Engine
from server.pipeline.core import CoreSettings
from server.pipeline.models import Models
from server.protocol.events.tone import LiveTrendMessage
from server.protocol.messages import FromServer
from server.store.store import Store

SETTLE_S = 3.0  # once a crowd has come, before anything is measured


class CrowdError(CalmlineError):
    """The crowd did not come."""

    def __init__(self) -> None:
        super().__init__("Expected a crowd of clients to come; their process ended instead.")


@dataclass(frozen=True, slots=True)
class CrowdResult:
    machine: Machine
    followers: int
    loaders: int
    alone_s: Spread  # how late the trend was told
    followed_s: Spread
    loaded_s: Spread
    followed_ratio: float  # of the 95th percentiles, to the call alone
    loaded_ratio: float
    loads: int  # of the whole call, in the time that was measured
    follower_kb: float  # of the server's memory, each


class _Watched(Load):
    """A call of which only the trend is looked at."""

    def __init__(self, address: str, pcm: bytes) -> None:
        super().__init__(address, pcm, "crowd")
        self.trend: list[float] = []

    def _note(self, name: str, message: FromServer, when: float) -> None:
        if isinstance(message, LiveTrendMessage):
            self.trend.append(when - sent(message.at))

    async def measure(self, seconds: float) -> Spread:
        """How late the trend is told from now on."""
        await asyncio.sleep(SETTLE_S)
        self.trend.clear()
        await asyncio.sleep(seconds)
        return spread(self.trend)


async def bench_crowd(followers: int, loaders: int, seconds: float, hours: float = 2.0) -> CrowdResult:
    """Each stretch for so many seconds; the stored call lasts so many hours."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Models(load_vad(), OnnxTone(), None), load_rules(), CoreSettings())
        with Store(Path(folder)) as store:
            lay_long_call(store, engine, hours)
        settings = {"CALMLINE_SERVER_CONNECTIONS_AT_MOST": str(2 * (followers + loaders) + 100)}
        async with server_process(Path(folder), settings) as (address, process):
            load = _Watched(address, a_days_sound())
            call = await load.begin()
            alone = await load.measure(seconds)
            before = rss_mb(process.pid)
            async with _crowd("follow", address, followers):
                followed = await load.measure(seconds)
                memory = rss_mb(process.pid) - before
            async with _crowd("load", address, loaders) as crowd:
                loaded = await load.measure(seconds)
                done = int((await crowd.communicate(b""))[0])
            load.over.set()
            await call
    return CrowdResult(
        this_machine(),
        followers,
        loaders,
        alone,
        followed,
        loaded,
        round(followed.p95 / alone.p95, 2),
        round(loaded.p95 / alone.p95, 2),
        done,
        round(1024 * memory / max(1, followers), 1),
    )


@asynccontextmanager
async def _crowd(kind: str, address: str, count: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A crowd that has come; it goes when its standard input ends."""
    command = [sys.executable, "-m", "benchmarks.load.crowd_process", kind, address, "crowd-1", str(count)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    try:
        if await process.stdout.readline() != b"ready\n":
            raise CrowdError
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
