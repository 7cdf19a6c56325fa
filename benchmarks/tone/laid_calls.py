"""Two-channel calls laid out of labelled clips, with a moment of escalation that is known to the sample.

The customer is one actor, the agent another voice that stays calm. Clips follow one another as turns do, with short
gaps. A call is a row of moods, one for each turn of the customer; `onset` is where the first angry turn begins. Nothing
is normalised: an angry voice is louder, as it is on the phone.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from audio.frame import Channel, Samples, to_samples
from benchmarks.calls import Call, load_call
from models.training.data.corpora import Clip

GAP_S = 0.4  # between turns
PAUSE_S = 0.25  # between the clips of one turn


@dataclass(frozen=True, slots=True)
class Mood:
    """How the customer speaks for a turn."""

    name: str
    emotions: tuple[str, ...]
    gain_db: float = 0.0  # louder than recorded
    strong: bool = False  # only clips played with full intensity, where a corpus tells


CALM = Mood("calm", ("neutral", "calm"))
ANGRY = Mood("angry", ("angry",))
HAPPY = Mood("happy", ("happy",))
SAD = Mood("sad", ("sad",))
CHEERFUL = Mood("loud but cheerful", ("happy",), gain_db=6.0, strong=True)


def lay_call(customer: Sequence[Clip], agent: Sequence[Clip], moods: Sequence[Mood], seed: int, per_turn: int) -> Call:
    """A turn of `per_turn` clips for each mood, a turn of the agent of one clip before each.

    Clips are drawn with `seed`, so calls that begin with the same moods begin alike. Raises ValueError where an actor
    has no clip of what is asked for.
    """
    draw = random.Random(seed)
    parts: dict[Channel, list[Samples]] = {Channel.AGENT: [], Channel.CUSTOMER: []}
    onset, now = None, 0
    for mood in moods:
        now += _say(parts, Channel.AGENT, _turn(agent, CALM, 1, draw))
        if mood == ANGRY and onset is None:
            onset = now
        now += _say(parts, Channel.CUSTOMER, _turn(customer, mood, per_turn, draw))
    name = f"{customer[0].corpus}-{customer[0].speaker}-{moods[-1].name}-{seed}"
    return Call(name, {channel: np.concatenate(pieces) for channel, pieces in parts.items()}, onset)


@lru_cache(maxsize=256)
def samples_of(path: Path) -> Samples:
    """A clip at 16 kHz, as it came. [shape=(n,)]"""
    return load_call(path).channels[Channel.MIXED]


def _turn(clips: Sequence[Clip], mood: Mood, count: int, draw: random.Random) -> Samples:
    fitting = [clip for clip in clips if clip.emotion in mood.emotions]
    if mood.strong:
        fitting = [clip for clip in fitting if clip.intensity != "normal"]
    if not fitting:
        wanted = " or ".join(mood.emotions)
        raise ValueError(f"Expected clips of {wanted} by {clips[0].corpus} {clips[0].speaker}; found none.")
    pause = np.zeros(to_samples(PAUSE_S), np.float32)
    gain = np.float32(10 ** (mood.gain_db / 20))
    chosen = draw.choices(fitting, k=count)
    return np.concatenate([part for clip in chosen for part in (gain * samples_of(clip.path), pause)])


def _say(parts: dict[Channel, list[Samples]], speaker: Channel, speech: Samples) -> int:
    """Adds a turn and the gap after it to the speaker's channel, silence to the other. Gives its length."""
    speech = np.concatenate((speech, np.zeros(to_samples(GAP_S), np.float32)))
    for channel, pieces in parts.items():
        pieces.append(speech if channel is speaker else np.zeros_like(speech))
    return len(speech)
