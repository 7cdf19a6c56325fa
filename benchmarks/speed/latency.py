"""`calmline bench latency`: from the sample that completes a reading or a cue to its arrival at a client.

A real server process with real models; one websocket feeds the call at 1x in blocks of 20 ms, another follows it, as
headset and dashboard do. An event belongs to a stream time; its delay runs from the moment at which the block with that
sample was sent. Detections that need words are left out: words take as long as they take.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from audio.frame import FRAME, SAMPLE_RATE, STEREO
from benchmarks.calls import Call
from benchmarks.load.callers import found_by_sound
from benchmarks.load.processes import peak_rss_mb
from benchmarks.load.server_process import server_process
from benchmarks.machine import Machine, Spread, spread, this_machine
from server.protocol.events.call import CallEndedMessage
from server.protocol.events.cues import DetectionMessage
from server.protocol.events.tone import ToneMessage
from server.protocol.events.words import WordsMessage
from server.protocol.messages import FromServer, StartMessage, StopMessage, read_from_server, write

BLOCK = FRAME  # samples sent at a time


@dataclass(frozen=True, slots=True)
class LatencyResult:
    machine: Machine
    call: str
    audio_s: float
    tone_ms: Spread
    alert_ms: Spread  # detections that need sound only
    words_s: Spread  # final words after the end of their turn was known
    ready_s: float  # from starting the server process to its first answer
    peak_rss_mb: float | None  # of the server's processes, None where the system does not tell


@dataclass(frozen=True, slots=True)
class Arrival:
    message: FromServer
    when: float


async def bench_latency(call: Call) -> LatencyResult:
    """Feed a two-channel call to a server of its own, in real time."""
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        async with server_process(Path(folder)) as (address, process):
            ready = perf_counter() - began
            sent, arrivals = await play(address, call)
            rss = peak_rss_mb(process.pid)
    return _sum_up(call, sent, arrivals, ready, rss)


async def play(address: str, call: Call) -> tuple[list[float], list[Arrival]]:
    """Feed a call at 1x: when each block was sent, and what the follower got when."""
    pcm = np.stack([call.channels[channel][: call.length] for channel in STEREO], axis=1)
    blocks = np.split((pcm * 32767).astype("<i2"), range(BLOCK, call.length, BLOCK))
    async with connect(f"{address}/ws/feed") as feed, connect(f"{address}/ws/follow") as follower:
        await feed.send(write(StartMessage("latency", "bench", SAMPLE_RATE)))
        following = asyncio.create_task(_follow(follower))
        sent = []
        began = perf_counter()
        for number, block in enumerate(blocks):
            await asyncio.sleep(max(0.0, began + (number + 1) * BLOCK / SAMPLE_RATE - perf_counter()))
            sent.append(perf_counter())
            await feed.send(block.tobytes())
        await feed.send(write(StopMessage()))
        return sent, await following


async def _follow(follower: ClientConnection) -> list[Arrival]:
    arrivals = []
    async for data in follower:
        arrivals.append(Arrival(read_from_server(data), perf_counter()))
        if isinstance(arrivals[-1].message, CallEndedMessage):
            break
    return arrivals


def _sum_up(call: Call, sent: list[float], arrivals: list[Arrival], ready: float, rss: float | None) -> LatencyResult:
    def delays(kind: type[ToneMessage] | type[WordsMessage] | type[DetectionMessage]) -> list[float]:
        return [
            arrival.when - sent[min(round(message.at * SAMPLE_RATE) // BLOCK, len(sent)) - 1]
            for arrival in arrivals
            if isinstance(message := arrival.message, kind)
            and (not isinstance(message, DetectionMessage) or found_by_sound(message))
        ]

    return LatencyResult(
        machine=this_machine(),
        call=call.name,
        audio_s=round(call.length / SAMPLE_RATE, 1),
        tone_ms=spread([1000 * delay for delay in delays(ToneMessage)]),
        alert_ms=spread([1000 * delay for delay in delays(DetectionMessage)]),
        words_s=spread(delays(WordsMessage)),
        ready_s=round(ready, 2),
        peak_rss_mb=rss,
    )
