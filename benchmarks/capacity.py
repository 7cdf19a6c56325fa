"""`calmline bench capacity`: how many live two-channel calls one machine carries.

A real server process, fed over websockets at 1x by a process of its own a step: one call more every few seconds' worth
of measurement, each the same recording from another point on, so that they do not speak in step. A step holds as long
as tone readings come within 500 ms (p95) of the sample that completes them, final words within 3 s (p95) of the end of
their turn, and nothing is dropped. The ramp ends at the first step that does not hold. Each step tells the processor
time and the memory of the server, lag, and partials left out: the curve.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import perf_counter

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from audio.frame import SAMPLE_RATE, STEREO
from benchmarks.calls import Call
from benchmarks.machine import Machine, Spread, spread, this_machine
from benchmarks.server_process import cpu_s, rss_mb, server_process
from server import protocol
from server.events import CallEnded, Error, Status, Tone, Words
from server.protocol import Accepted, Start, Stop, read_from_server

BLOCK = SAMPLE_RATE // 10  # samples sent at a time
TONE_MS = 500.0  # deadlines, p95
FINALS_S = 3.0
APART_S = 13.7  # seconds of the recording between the calls
SETTLE_S = 5.0  # after new calls began, before a step is measured


@dataclass(frozen=True, slots=True)
class Step:
    """What so many calls at once came to."""

    calls: int
    tone_ms: Spread
    finals_s: Spread
    cores: float | None  # that the server kept busy
    rss_mb: float | None
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


@dataclass(slots=True)
class _Heard:
    """What has come of the calls since a step began."""

    tone: list[float] = field(default_factory=list)
    finals: list[float] = field(default_factory=list)
    lag: float = 0.0
    words_lag: float = 0.0
    shed: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    errors: int = 0


class _Ramp:
    """The calls that run, and what is told of them."""

    def __init__(self, address: str, pcm: bytes) -> None:
        self._address, self._pcm = address, pcm
        self.heard = _Heard()
        self._numbers = count()
        self.tasks: list[asyncio.Task[None]] = []
        self.over = asyncio.Event()

    async def begin(self) -> None:
        """Start one more call and wait until it is taken."""
        number = next(self._numbers)
        feed = await connect(f"{self._address}/ws/feed", compression=None)
        name = f"load-{number}"
        await feed.send(protocol.write(Start(name, "bench", SAMPLE_RATE)))
        while not isinstance(read_from_server(await feed.recv()), Accepted):
            pass
        page = await connect(f"{self._address}/ws/calls/{name}", compression=None)
        began = perf_counter()
        start = round(number * APART_S * SAMPLE_RATE) * 4
        self.tasks += [
            asyncio.create_task(self._send(feed, began, start)),
            asyncio.create_task(self._follow(page, name, began)),
        ]

    async def _send(self, feed: ClientConnection, began: float, start: int) -> None:
        """The recording from `start` on, over and over, at 1x."""
        for number in count():
            at = (start + number * BLOCK * 4) % len(self._pcm)
            await asyncio.sleep(max(0.0, began + (number + 1) * BLOCK / SAMPLE_RATE - perf_counter()))
            if self.over.is_set():
                break
            await feed.send((self._pcm[at : at + BLOCK * 4]).ljust(BLOCK * 4, b"\0"))
        await feed.send(protocol.write(Stop()))
        async for data in feed:
            if isinstance(read_from_server(data), CallEnded):
                break
        await feed.close()

    async def _follow(self, page: ClientConnection, name: str, began: float) -> None:
        async for data in page:
            message = read_from_server(data)
            match message:
                case Tone():
                    self.heard.tone.append(1000 * (perf_counter() - began - _sent(message.at)))
                case Words():
                    self.heard.finals.append(perf_counter() - began - _sent(message.at))
                case Status():
                    self.heard.lag = max(self.heard.lag, message.lag)
                    self.heard.words_lag = max(self.heard.words_lag, message.words_lag)
                    self.heard.shed[name] = message.shed
                    self.heard.dropped[name] = message.dropped
                case Error():
                    self.heard.errors += 1


def _sent(at: float) -> float:
    """Seconds after which the block that holds a stream time was sent."""
    return -(-round(at * SAMPLE_RATE) // BLOCK) * BLOCK / SAMPLE_RATE


async def bench_capacity(call: Call, model: str, at_once: Sequence[int], step_s: float) -> CapacityResult:
    """Ramp up to each number of calls in turn, until a deadline breaks."""
    pcm = np.stack([call.channels[channel][: call.length] for channel in STEREO], axis=1)
    settings = {"CALMLINE_MODELS_WHISPER_MODEL": model, "CALMLINE_SERVER_LIVE_CALLS_AT_MOST": "1000"}
    steps: list[Step] = []
    with tempfile.TemporaryDirectory() as folder:
        async with server_process(Path(folder), settings) as (address, process):
            ramp = _Ramp(address, (pcm * 32767).astype("<i2").tobytes())
            for calls in at_once:
                while len(ramp.tasks) < 2 * calls:
                    await ramp.begin()
                await asyncio.sleep(SETTLE_S)
                steps.append(await _measure(ramp, process, calls, step_s))
                if not steps[-1].holds:
                    break
            ramp.over.set()
            process.terminate()  # what is still out is of no interest
            await asyncio.gather(*ramp.tasks, return_exceptions=True)
    held = [step for step in steps if step.holds]
    return CapacityResult(
        machine=this_machine(),
        weights=model or "as installed",
        call=call.name,
        carried=held[-1].calls if held else 0,
        rss_per_call_mb=_slope(steps),
        steps=steps,
    )


async def _measure(ramp: _Ramp, process: asyncio.subprocess.Process, calls: int, step_s: float) -> Step:
    shed = sum(ramp.heard.shed.values())
    ramp.heard = heard = _Heard(shed=ramp.heard.shed, dropped=ramp.heard.dropped)
    began, busy = perf_counter(), cpu_s(process)
    await asyncio.sleep(step_s)
    took, busier = perf_counter() - began, cpu_s(process)
    tone, finals = spread(heard.tone), spread(heard.finals)
    dropped = sum(heard.dropped.values()) + heard.errors
    return Step(
        calls=calls,
        tone_ms=tone,
        finals_s=finals,
        cores=None if busy is None or busier is None else round((busier - busy) / took, 2),
        rss_mb=rss_mb(process),
        lag_s=heard.lag,
        words_lag_s=heard.words_lag,
        shed_per_s=round((sum(heard.shed.values()) - shed) / took, 1),
        dropped=dropped,
        holds=tone.p95 <= TONE_MS and finals.p95 <= FINALS_S and dropped == 0,
    )


def _slope(steps: list[Step]) -> float | None:
    """Megabytes that each call adds, by the line through the steps."""
    known = [(step.calls, step.rss_mb) for step in steps if step.rss_mb is not None]
    if len(known) < 2:
        return None
    calls, memory = zip(*known, strict=True)
    return round(float(np.polyfit(calls, memory, 1)[0]), 1)
