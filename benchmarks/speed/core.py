"""`calmline bench core`: what the sound side of a call costs, words excluded, on one core and real audio.

The core is driven frame by frame as a live call drives it. Tone readings run between frames, as they do on their own
thread: they count in the real-time factor (RTF) but not in the time of a frame. Then each stage is timed alone
(`stages.py`), and what others need to describe the same customer channel (`prosody_peers.py`).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from audio.frame import SAMPLE_RATE, Channel
from benchmarks.calls import Call
from benchmarks.machine import Machine, Spread, spread, this_machine
from benchmarks.speed.prosody_peers import peer_costs
from benchmarks.speed.stages import pieces_of, stage_costs
from coach.rules import Rule
from models.tone.types import ToneJob, ToneModel
from models.words.types import WordsJob
from server.pipeline.core import Core, CoreSettings, no_result
from server.pipeline.models import Models


@dataclass(frozen=True, slots=True)
class CoreResult:
    machine: Machine
    call: str
    audio_s: float
    rtf_per_channel: float  # all stages and tone, one core, per second of one channel
    rtf_without_tone: float
    frame_ms: Spread  # one 20 ms step of both channels, tone off its path
    tone_ms: Spread  # one reading of up to 3 s
    stages_us: dict[
        str, float
    ]  # of processor time per 20 ms, each alone; rules for the call, the others for one channel
    peers_us: dict[str, float | str]  # the same for what others offer where we have prosody
    peers_to_prosody: dict[str, float]  # times as much as ours


def bench_core(call: Call, models: Models, rules: tuple[Rule, ...], weights: Path) -> CoreResult:
    """Drive a whole two-channel call through the core on one processor core. `weights` are the tone model's."""
    with one_core():
        steps, tones = _drive(call, models, rules)
        stages = stage_costs(call, models, rules, weights)
        peers = peer_costs(call.channels[Channel.CUSTOMER])
    channel_s = len(call.channels) * call.length / SAMPLE_RATE
    return CoreResult(
        machine=this_machine(),
        call=call.name,
        audio_s=round(call.length / SAMPLE_RATE, 1),
        rtf_per_channel=round((sum(steps) + sum(tones)) / channel_s, 4),
        rtf_without_tone=round(sum(steps) / channel_s, 4),
        frame_ms=spread([1000 * step for step in steps]),
        tone_ms=spread([1000 * tone for tone in tones]),
        stages_us=stages,
        peers_us=peers,
        peers_to_prosody={
            name: round(cost / stages["prosody"], 1) for name, cost in peers.items() if isinstance(cost, float)
        },
    )


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this thread, and those it starts, on one processor core where the system can (Linux)."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _drive(call: Call, models: Models, rules: tuple[Rule, ...]) -> tuple[list[float], list[float]]:
    """Seconds of every step, and of every tone reading."""
    core = Core(tuple(call.channels), CoreSettings(), rules, models.vad, live=True)
    steps, tones = [], []
    pieces = pieces_of(call)
    for frame in zip(*[iter(pieces)] * len(call.channels), strict=True):
        began = perf_counter()
        outputs = [output for channel, samples in frame for output in core.feed(channel, samples)]
        steps.append(perf_counter() - began)
        for output in outputs:
            if isinstance(output, ToneJob):
                tones.append(_read_tone(core, output, models.tone))
            elif isinstance(output, WordsJob) and output.final:
                core.answer(no_result(output))
    return steps, tones


def _read_tone(core: Core, job: ToneJob, tone: ToneModel) -> float:
    began = perf_counter()
    core.answer(tone.read(job))
    return perf_counter() - began
