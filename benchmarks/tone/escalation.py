"""`calmline bench escalation`: how surely and how soon the cue comes, and how often it comes for nothing.

The real pipeline hears calls laid out of actors' speech (`escalation_calls`), without words: what these actors say
tells nothing. Every detection of an escalation rule counts as a cue, whether or not the board would have shown it. The
recorded support call, in which nobody escalates, is heard as it is. Calls are spread over all processor cores.
"""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from audio.frame import SAMPLE_RATE, STEREO, to_samples, to_seconds
from audio.speech.vad import load_vad
from benchmarks.calls import Call, load_call, recorded_call
from benchmarks.machine import Machine, this_machine
from benchmarks.tone.escalation_calls import Plan, lay, plans
from benchmarks.tone.laid_calls import ANGRY, CALM
from coach.rules import load_rules
from coach.types import Detection
from models.training.data.corpora import Split
from server.loading import load_tone
from server.pipeline.core import CoreSettings
from server.pipeline.inline import InlinePipeline
from server.pipeline.models import Models
from server.settings import ModelSettings

BLOCK = to_samples(1.0)  # samples fed at a time


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of one call. Stream times."""

    plan: Plan
    length: int
    onset: int | None  # where anger begins
    cues: tuple[int, ...]

    @property
    def turns_to(self) -> str:
        """The mood that the call ends in."""
        return self.plan.moods[-1].name

    @property
    def calm(self) -> int:
        """Samples in which a cue is false."""
        return self.length if self.onset is None else self.onset

    @property
    def false_cues(self) -> int:
        return sum(cue < self.calm for cue in self.cues)

    @property
    def delay_s(self) -> float | None:
        """From the onset to the first cue after it; None where there is none."""
        onset = self.calm
        return next((to_seconds(cue - onset) for cue in self.cues if cue >= onset), None)


@dataclass(frozen=True, slots=True)
class Found:
    """Of calls that escalate. Delays are of those that were found, in seconds from the onset."""

    calls: int
    share: float | None
    delay_p50_s: float | None
    delay_p95_s: float | None


@dataclass(frozen=True, slots=True)
class FalseCues:
    """Over the time in which nobody is angry."""

    hours: float
    cues: int
    per_hour: float | None


@dataclass(frozen=True, slots=True)
class Part:
    found: Found
    false: FalseCues


@dataclass(frozen=True, slots=True)
class EscalationResult:
    machine: Machine
    weights: str
    split: str
    customers: int
    overall: Part
    by_sex: dict[str, Part]
    by_line: dict[str, Part]
    by_corpus: dict[str, Part]
    false_by_mood: dict[str, FalseCues]  # by what a call turns to; "angry": before it does
    angry_from_the_first_word: Found
    cues_on_the_recorded_call: int | None  # None where it is absent


def bench_escalation(split: Split, weights: str) -> EscalationResult:
    """All calls of one part of the split.

    Raises
    ------
    CalmlineError
        Where the labelled speech or the weights are missing.
    """
    load_tone(weights, ModelSettings().tone)  # so that a missing file is told at once
    context = multiprocessing.get_context("spawn")  # a loaded onnxruntime does not survive a fork
    with ProcessPoolExecutor(os.cpu_count(), context) as pool:
        heard = list(pool.map(partial(hear_plan, weights=weights), plans(split), chunksize=3))
    recorded = recorded_call()
    return sum_up(split, weights, heard, None if recorded is None else len(cues(load_call(recorded), weights)))


def hear_plan(plan: Plan, weights: str) -> Followed:
    """Lay a call out and hear it."""
    call = lay(plan)
    return Followed(plan, call.length, call.onset, cues(call, weights))


def cues(call: Call, weights: str) -> tuple[int, ...]:
    """Stream times at which a rule that looks at escalation fires."""
    rules = load_rules()
    pipeline = InlinePipeline(STEREO, CoreSettings(), rules, _models(weights))
    wanted = {rule.id for rule in rules if rule.signal == "escalation"}
    events = [
        event
        for start in range(0, call.length, BLOCK)
        for channel in STEREO
        for event in pipeline.feed(channel, call.channels[channel][start : min(start + BLOCK, call.length)])
    ]
    events += pipeline.flush()
    return tuple(event.at for event in events if isinstance(event, Detection) and event.rule in wanted)


def sum_up(split: Split, weights: str, heard: Sequence[Followed], on_the_recorded_call: int | None) -> EscalationResult:
    """The figures out of all calls. Those that are angry from the first word are counted by themselves."""
    from_calm = [one for one in heard if one.plan.moods[0] == CALM]
    from_angry = [one for one in heard if one.plan.moods[0] == ANGRY]
    return EscalationResult(
        machine=this_machine(),
        weights=weights,
        split=split,
        customers=len({one.plan.customer for one in heard}),
        overall=_part(from_calm),
        by_sex=_parts(from_calm, lambda one: one.plan.customer.sex),
        by_line=_parts(from_calm, lambda one: one.plan.line.value),
        by_corpus=_parts(from_calm, lambda one: one.plan.customer.corpus),
        false_by_mood={mood: part.false for mood, part in _parts(from_calm, lambda one: one.turns_to).items()},
        angry_from_the_first_word=_found(from_angry),
        cues_on_the_recorded_call=on_the_recorded_call,
    )


def _parts(heard: Sequence[Followed], key: Callable[[Followed], str]) -> dict[str, Part]:
    return {name: _part([one for one in heard if key(one) == name]) for name in dict.fromkeys(map(key, heard))}


def _part(heard: Sequence[Followed]) -> Part:
    return Part(_found([one for one in heard if one.onset is not None]), _false(heard))


def _found(heard: Sequence[Followed]) -> Found:
    delays = [one.delay_s for one in heard if one.delay_s is not None]
    p50, p95 = (round(float(delay), 2) for delay in np.percentile(delays, [50, 95])) if delays else (None, None)
    return Found(len(heard), round(len(delays) / len(heard), 4) if heard else None, p50, p95)


def _false(heard: Sequence[Followed]) -> FalseCues:
    hours = sum(one.calm for one in heard) / SAMPLE_RATE / 3600
    count = sum(one.false_cues for one in heard)
    return FalseCues(round(hours, 3), count, round(count / hours, 2) if hours else None)


@cache
def _models(weights: str) -> Models:
    return Models(load_vad(), load_tone(weights, ModelSettings().tone), words=None)
