"""What each stage of a call costs alone, in microseconds of processor time per 20 ms of stream time.

Levels, voice activity and turns hear the customer channel frame by frame, prosody half a second at a time, as it is
asked for; all of the channel, where a call measures it around speech only. Tone is every reading of the call,
divided into log-mel and network by onnxruntime's own profile of the weights. Rules is all that follows the ears:
overlaps, dynamics, trend, both lanes and the cue board, with the tone and the words of the call read beforehand.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import numpy as np
import onnxruntime

from audio.frame import FRAME, Channel, Samples
from audio.framing import Framing, Row
from audio.level import LevelMeter
from audio.prosody import Prosody
from audio.turns import TurnTracker
from audio.vad import Vad
from benchmarks.calls import Call
from coach.rules import Rule
from server.pipeline.core import TICK, Core, CoreSettings, FrameUpdate, Result, no_result
from server.pipeline.models import Models

PROFILED = 5  # readings that the division into log-mel and network rests on
FIRST_LAYER = "conv1"  # in the name of the node that takes the log-mel


def stage_costs(call: Call, models: Models, rules: tuple[Rule, ...], weights: Path) -> dict[str, float]:
    """By stage. `weights` are the tone model's."""
    rows = rows_of(call)
    samples = [row[-1].samples for row in rows]
    vad = Vad(models.vad)
    voices = [voice for piece in samples for voice in vad.feed(piece)]
    core = Core(tuple(call.channels), CoreSettings(), rules, models.vad)
    listened = [core.listen(row) for row in rows]
    jobs = [heard.tone for heard in listened if heard.tone]
    tone = _seconds(models.tone.read, jobs)
    mel = tone * mel_share(weights, [job.samples for job in jobs[-PROFILED:]])
    seconds = {
        "level": _seconds(LevelMeter(Channel.CUSTOMER).feed, samples),
        "vad": _seconds(Vad(models.vad).feed, samples),
        "turns": _seconds(TurnTracker(Channel.CUSTOMER).feed, voices),
        "prosody": _seconds(Prosody().feed, np.split(call.channels[Channel.CUSTOMER], range(TICK, call.length, TICK))),
        "mel": mel,
        "tone": tone - mel,
        "rules": _rules_s(core, listened, models),
    }
    frames = call.length // FRAME
    return {name: round(1e6 * cost / frames, 1) for name, cost in seconds.items()}


def rows_of(call: Call) -> list[Row]:
    framing = Framing(tuple(call.channels))
    return [row for channel, samples in call.channels.items() for row in framing.feed(channel, samples)]


def mel_share(weights: Path, windows: Sequence[Samples]) -> float:
    """The share of the log-mel in the time of a tone reading, 0..1: all that runs before the first layer."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_profiling = True
    with TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "tone")
        session = onnxruntime.InferenceSession(weights.read_bytes(), options, providers=["CPUExecutionProvider"])
        for window in windows:
            session.run(None, {session.get_inputs()[0].name: window})
        events = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    before = whole = 0
    in_mel = True
    for event in events:
        if event["name"] == "model_run":
            in_mel = True
        elif event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            in_mel = in_mel and FIRST_LAYER not in event["name"]
            before += event["dur"] * in_mel
            whole += event["dur"]
    return before / whole


def _rules_s(core: Core, listened: Sequence[FrameUpdate], models: Models) -> float:
    """Seconds of following what was heard."""
    answers = [_answers(heard, models) for heard in listened]
    began = process_time()
    for heard, results in zip(listened, answers, strict=True):
        core.follow(heard)
        for result in results:
            core.take(result)
    return process_time() - began


def _answers(heard: FrameUpdate, models: Models) -> list[Result]:
    results: list[Result] = [models.tone.read(heard.tone)] if heard.tone else []
    for job in (job for ear in heard.heard for job in ear.words if job.final):
        results.append(models.words.transcribe(job) if models.words else no_result(job))
    return results


def _seconds(feed: Callable[[Any], object], items: Iterable[Any]) -> float:
    began = process_time()
    for item in items:
        feed(item)
    return process_time() - began
