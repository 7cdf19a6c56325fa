"""The calls of `calmline bench escalation`: who makes them, how they go, and over which line.

They are laid out of the speakers of one part of the split. Each customer makes as many calls that escalate (calm
turns, then the same voice angry from a known sample on) as calls that never do (calm to the end, happy, sad, loud but
cheerful), and one that is angry from the first word, all of them over every line. Fixed seeds: the same at every run.
"""

import random
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import numpy as np

from audio.errors import CalmlineError
from audio.frame import Channel, Samples
from benchmarks.calls import Call
from benchmarks.load.line_noise import Line, over_line
from benchmarks.tone.laid_calls import ANGRY, CALM, CHEERFUL, HAPPY, SAD, Mood, lay_call, samples_of
from models.training.data.corpora import Clip, Split, all_clips, split_of

TURNS = 4  # of the customer before and after the moment at which the mood changes
PER_TURN = 2  # clips
NEVER = (CALM, HAPPY, SAD, CHEERFUL)
BACKGROUND = 24  # clips of other speakers that the babble is made of


class NoCallsError(CalmlineError):
    """There is no labelled speech to lay calls out of."""

    def __init__(self, split: Split) -> None:
        super().__init__(
            f"Labelled speech of {split} speakers was expected and there is none: set CALMLINE_DATA to the folder that "
            "holds emotion.csv and the audio it names."
        )


@dataclass(frozen=True, slots=True, order=True)
class Speaker:
    corpus: str
    name: str
    sex: str
    split: Split

    @property
    def clips(self) -> list[Clip]:
        return _by_speaker()[self.corpus, self.name]


@dataclass(frozen=True, slots=True)
class Plan:
    """One call to be laid out."""

    customer: Speaker
    agent: Speaker
    moods: tuple[Mood, ...]  # of the customer's turns
    line: Line
    seed: int


def plans(split: Split) -> list[Plan]:
    """The calls of every speaker of the split. Raises NoCallsError."""
    speakers = sorted({Speaker(clip.corpus, clip.speaker, clip.sex, split) for clip in _of_split(split)})
    if not speakers:
        raise NoCallsError(split)
    rows = [(*[CALM] * TURNS, *[mood] * TURNS) for mood in ([ANGRY] * len(NEVER) + list(NEVER))]
    rows.append((ANGRY,) * TURNS)
    laid = []
    for number, customer in enumerate(speakers):
        others = speakers[:number] + speakers[number + 1 :]
        agents = random.Random(number).choices(others, k=len(rows))
        for seed, (moods, agent) in enumerate(zip(rows, agents, strict=True)):
            laid += [Plan(customer, agent, moods, line, seed) for line in Line]
    return laid


def lay(plan: Plan) -> Call:
    """The call as it comes over its line. The agent's channel is a headset's: it stays as it was."""
    call = lay_call(plan.customer.clips, plan.agent.clips, plan.moods, plan.seed, PER_TURN)
    usual = lay_call(plan.customer.clips, plan.agent.clips, (CALM,) * TURNS, plan.seed, PER_TURN)
    heard = over_line(
        plan.line,
        call.channels[Channel.CUSTOMER],
        usual.channels[Channel.CUSTOMER],
        _background(plan.customer),
        np.random.default_rng(plan.seed),
    )
    return Call(call.name, {Channel.AGENT: call.channels[Channel.AGENT], Channel.CUSTOMER: heard}, call.onset)


@cache
def _of_split(split: Split) -> list[Clip]:
    return [clip for clip in all_clips() if split_of(clip) == split]


@cache
def _by_speaker() -> dict[tuple[str, str], list[Clip]]:
    clips = defaultdict[tuple[str, str], list[Clip]](list)
    for clip in all_clips():
        clips[clip.corpus, clip.speaker].append(clip)
    return clips


def _background(customer: Speaker) -> list[Samples]:
    """A few calm clips of everybody else of the split."""
    others = [c for c in _of_split(customer.split) if c.speaker != customer.name and c.emotion in CALM.emotions]
    return [samples_of(clip.path) for clip in others[:: max(1, len(others) // BACKGROUND)]]
