"""Two-channel calls laid out of labelled clips, with a moment of escalation that is known to the sample.

The customer is one actor, the agent another one of the same corpus who stays calm. Clips follow one another as turns
do, with short gaps. In an escalating call the customer is calm at first, then the same voice is angry, from `onset`
on. Nothing is normalised: an angry voice is louder, as it is on the phone.
"""

import random
from collections.abc import Sequence

import numpy as np

from audio.frame import Channel, Samples, to_samples
from benchmarks.calls import Call, load_call
from models.training.corpora import Clip

GAP_S = 0.4  # between turns
PAUSE_S = 0.25  # between the clips of one turn
CALM = ("neutral", "calm")


def lay_call(
    customer: Sequence[Clip], agent: Sequence[Clip], later: str | None, seed: int, turns: int = 5, per_turn: int = 3
) -> Call:
    """`turns` calm turns of the customer, then `turns` of the emotion `later` (None: calm to the end).

    An agent's turn of one clip lies between any two. Clips are drawn with `seed`. Raises ValueError where an actor
    has no clip of what is asked for.
    """
    draw = random.Random(seed)
    moods = [CALM] * turns + [(later,) if later else CALM] * turns
    parts: dict[Channel, list[Samples]] = {Channel.AGENT: [], Channel.CUSTOMER: []}
    onset, now = None, 0
    for number, mood in enumerate(moods):
        now += _say(parts, Channel.AGENT, _turn(agent, CALM, 1, draw))
        if later == "angry" and number == turns:
            onset = now
        now += _say(parts, Channel.CUSTOMER, _turn(customer, mood, per_turn, draw))
    name = f"{customer[0].corpus}-{customer[0].speaker}-{later or 'calm'}-{seed}"
    return Call(name, {channel: np.concatenate(pieces) for channel, pieces in parts.items()}, onset)


def _turn(clips: Sequence[Clip], moods: tuple[str, ...], count: int, draw: random.Random) -> Samples:
    fitting = [clip for clip in clips if clip.emotion in moods]
    if not fitting:
        raise ValueError(f"Expected clips of {' or '.join(moods)} by {clips[0].corpus} {clips[0].speaker}; found none.")
    pause = np.zeros(to_samples(PAUSE_S), np.float32)
    return np.concatenate([part for clip in draw.choices(fitting, k=count) for part in (_read(clip), pause)])


def _say(parts: dict[Channel, list[Samples]], speaker: Channel, speech: Samples) -> int:
    """Adds a turn and the gap after it to the speaker's channel, silence to the other. Gives its length."""
    speech = np.concatenate((speech, np.zeros(to_samples(GAP_S), np.float32)))
    for channel, pieces in parts.items():
        pieces.append(speech if channel is speaker else np.zeros_like(speech))
    return len(speech)


def _read(clip: Clip) -> Samples:
    """A clip at 16 kHz, as it came. [shape=(n,)]"""
    return load_call(clip.path).channels[Channel.MIXED]
