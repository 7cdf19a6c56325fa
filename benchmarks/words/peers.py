"""`calmline bench peers`: words of RealtimeSTT, whisper-live and WhisperLiveKit beside ours, in one run.

All hear the same channel of a call at 1x, one after the other, with the same weights: ours through a real server, each
peer in a process of the Python that has it (`peer_process.py`), silence after the end so that a late one can
come to its end. The reference is one stock decode of the whole channel: its words, and when each of them ended. A
word's delay runs from the moment at which its last sample was sent to the first text that shows it, and to the first
that has it among what is never taken back. Words of the reference that a peer's text never has are counted.
"""

import asyncio
import json
import subprocess
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from audio.errors import CalmlineError
from audio.frame import SAMPLE_RATE, Channel, Samples, to_samples
from benchmarks.calls import Call
from benchmarks.load.server_process import server_process
from benchmarks.machine import Machine, Spread, spread, this_machine
from benchmarks.speed.latency import BLOCK, play
from benchmarks.words.word_delays import Part, Told, WordDelay, delays_of, reference_of, told_by
from models.words.weights import find_whisper
from models.words.whisper import Whisper, WhisperSettings

HEARD = Channel.CUSTOMER  # which ours listens to for tone as well
TAIL_S = 10.0  # seconds of silence after the sound
OURS = "calmline"
PROCESS = Path(__file__).with_name("peer_process.py")


class NoPeerError(CalmlineError):
    """A Python was named that has none of the peers, or a peer did not come up."""


@dataclass(frozen=True, slots=True)
class PeerWords:
    version: str
    shown_s: Spread | None  # None: nothing was
    confirmed_s: Spread | None
    not_shown: float  # share of the reference's words
    not_confirmed: float
    later: float | None  # times as late as ours, confirmed, p50


@dataclass(frozen=True, slots=True)
class PeersResult:
    machine: Machine
    weights: str
    call: str
    audio_s: float
    reference_words: int
    peers: dict[str, PeerWords]


async def bench_peers(
    call: Call, model: str, pythons: Sequence[Path], seconds: float
) -> tuple[PeersResult, list[WordDelay]]:
    """The result, and the delay of every word. Raises `NoPeerError`."""
    found = {name: (python, has) for python in pythons for name, has in installed(python).items()}
    samples = call.channels[HEARD][: to_samples(seconds)]
    settings = WhisperSettings(model=model, decoders=1, threads=2)
    reference = reference_of(samples, Whisper(settings).stock, settings.language)
    sound = np.concatenate((samples, np.zeros(to_samples(TAIL_S), np.float32)))
    machine = this_machine()
    versions = {OURS: machine.packages[OURS], **{name: has for name, (_, has) in found.items()}}
    delays = {OURS: list(delays_of(OURS, HEARD, reference, *await _ours(sound, model)))}
    for name, (python, _) in found.items():
        delays[name] = list(delays_of(name, HEARD, reference, *await hear(python, name, find_whisper(model), sound)))
    ours = spread([it.confirmed for it in delays[OURS] if it.confirmed is not None])
    result = PeersResult(
        machine=machine,
        weights=model or "as installed",
        call=call.name,
        audio_s=round(len(samples) / SAMPLE_RATE, 1),
        reference_words=len(reference),
        peers={name: _sum_up(versions[name], words, ours) for name, words in delays.items()},
    )
    return result, [delay for words in delays.values() for delay in words]


def installed(python: Path) -> Mapping[str, str]:
    """The peers that a Python has, with their versions. Raises `NoPeerError` where there is none."""
    try:
        told = subprocess.run([python, PROCESS], stdout=PIPE, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoPeerError(f"A Python with numpy was expected at {python}: {error}.") from error
    peers: dict[str, str] = json.loads(told)
    if not peers:
        raise NoPeerError(f"RealtimeSTT, whisper-live or whisperlivekit was expected in {python}; none is installed.")
    return peers


async def hear(python: Path, name: str, weights: Path, sound: Samples) -> tuple[list[float], list[Told]]:
    """What a peer makes of the sound at 1x: when each block was sent, and what it told."""
    pcm = (sound * 32767).astype("<i2")
    async with _process(python, name, weights) as process:
        assert process.stdin
        told = asyncio.create_task(_follow(process))
        sent: list[float] = []
        began = perf_counter()
        for number, block in enumerate(np.split(pcm, range(BLOCK, len(pcm), BLOCK))):
            await asyncio.sleep(max(0.0, began + (number + 1) * BLOCK / SAMPLE_RATE - perf_counter()))
            sent.append(perf_counter())
            process.stdin.write(block.tobytes())
            await process.stdin.drain()
        process.stdin.close()
        return sent, await told


async def _ours(sound: Samples, model: str) -> tuple[list[float], list[Told]]:
    call = Call("peers", {Channel.AGENT: np.zeros_like(sound), HEARD: sound})
    with tempfile.TemporaryDirectory() as folder:
        async with server_process(Path(folder), {"CALMLINE_MODELS_WHISPER_MODEL": model}) as (address, _):
            sent, arrivals = await play(address, call)
    return sent, list(told_by(arrivals, HEARD))


@asynccontextmanager
async def _process(python: Path, name: str, weights: Path) -> AsyncIterator[Process]:
    """A peer that has loaded its weights. Ended with the sound, or when it is left."""
    process = await asyncio.create_subprocess_exec(
        python, PROCESS, name, weights, stdin=PIPE, stdout=PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout
    try:
        while (line := await process.stdout.readline()) != b"ready\n":
            if not line:
                raise NoPeerError(f"{name} was expected to load {weights} in {python}, and ended instead.")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _follow(process: Process) -> list[Told]:
    assert process.stdout
    told = []
    async for line in process.stdout:
        text = json.loads(line)
        told.append(Told(perf_counter(), (Part(text["confirmed"], True), Part(text["open"], False))))
    return told


def _sum_up(version: str, delays: Sequence[WordDelay], ours: Spread) -> PeerWords:
    shown = [it.shown for it in delays if it.shown is not None]
    confirmed = [it.confirmed for it in delays if it.confirmed is not None]
    sure = spread(confirmed) if confirmed else None
    return PeerWords(
        version=version,
        shown_s=spread(shown) if shown else None,
        confirmed_s=sure,
        not_shown=round(1 - len(shown) / len(delays), 3),
        not_confirmed=round(1 - len(confirmed) / len(delays), 3),
        later=round(sure.p50 / ours.p50, 2) if sure else None,
    )
