"""What each stage of a call costs alone, in microseconds of processor time per 20 ms of stream time.

Levels, voice activity and turns hear the customer channel frame by frame, prosody half a second at a time, as it is
asked for; all of the channel, where a call measures it around speech only. Tone is every reading of the call,
divided into log-mel and network by onnxruntime's own profile of the weights. Rules is the rest of the core: overlaps,
dynamics, trend, both lanes and the cue policy; its time less that of the analyzers.
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
from audio.prosody.blocks import Prosody
from audio.speech.level import LevelMeter
from audio.speech.turns import TurnTracker
from audio.speech.vad import Vad
from benchmarks.calls import Call
from coach.rules import Rule
from models.tone.types import ToneJob
from models.words.types import WordsJob
from server.pipeline.analyzers import TICK, AnalyzerSettings, CustomerAnalyzer, analyzer_of
from server.pipeline.core import Core, CoreSettings, Result, no_result
from server.pipeline.models import Models

PROFILED = 5  # readings that the division into log-mel and network rests on
FIRST_LAYER = "conv1"  # in the name of the node that takes the log-mel


def stage_costs(call: Call, models: Models, rules: tuple[Rule, ...], weights: Path) -> dict[str, float]:
    """By stage. `weights` are the tone model's."""
    samples = np.split(call.channels[Channel.CUSTOMER], range(FRAME, call.length, FRAME))
    vad = Vad(models.vad)
    voices = [voice for piece in samples for voice in vad.feed(piece)]
    analyzer = CustomerAnalyzer(AnalyzerSettings(), models.vad)
    jobs = [update.tone for update in analyzer.feed(call.channels[Channel.CUSTOMER]) if update.tone]
    tone = _seconds(models.tone.read, jobs)
    mel = tone * mel_share(weights, [job.samples for job in jobs[-PROFILED:]])
    seconds = {
        "level": _seconds(LevelMeter(Channel.CUSTOMER).feed, samples),
        "vad": _seconds(Vad(models.vad).feed, samples),
        "turns": _seconds(TurnTracker(Channel.CUSTOMER).feed, voices),
        "prosody": _seconds(Prosody().feed, np.split(call.channels[Channel.CUSTOMER], range(TICK, call.length, TICK))),
        "mel": mel,
        "tone": tone - mel,
        "rules": max(0.0, _core_s(call, models, rules) - _analyzers_s(call, models)),
    }
    frames = call.length // FRAME
    return {name: round(1e6 * cost / frames, 1) for name, cost in seconds.items()}


def pieces_of(call: Call) -> list[tuple[Channel, Samples]]:
    """The whole frames of a call in the order in which a live call feeds them: 20 ms of each channel in turn."""
    return [
        (channel, samples[start : start + FRAME])
        for start in range(0, call.length - FRAME + 1, FRAME)
        for channel, samples in call.channels.items()
    ]


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


def _core_s(call: Call, models: Models, rules: tuple[Rule, ...]) -> float:
    """Seconds of the core for a whole call, its models not counted."""
    core, spent = Core(tuple(call.channels), CoreSettings(), rules, models.vad, live=False), 0.0
    for channel, samples in pieces_of(call):
        began = process_time()
        outputs = core.feed(channel, samples)
        spent += process_time() - began
        for result in [_result(it, models) for it in outputs if isinstance(it, ToneJob | WordsJob)]:
            began = process_time()
            core.answer(result)
            spent += process_time() - began
    return spent


def _analyzers_s(call: Call, models: Models) -> float:
    """Seconds of the channel analyzers alone for the same call."""
    analyzers = {channel: analyzer_of(channel, AnalyzerSettings(), models.vad) for channel in call.channels}
    return _seconds(lambda piece: analyzers[piece[0]].feed(piece[1]), pieces_of(call))


def _result(job: ToneJob | WordsJob, models: Models) -> Result:
    if isinstance(job, ToneJob):
        return models.tone.read(job)
    return models.words.transcribe(job) if models.words else no_result(job)


def _seconds(feed: Callable[[Any], object], items: Iterable[Any]) -> float:
    began = process_time()
    for item in items:
        feed(item)
    return process_time() - began
