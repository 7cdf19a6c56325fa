"""The units that every room counts in: channels, samples of stream time, and the 20 ms frame.

Stream time is an integer count of 16 kHz samples since the call began. It becomes seconds only at the
edges (wire, screen, files), so no stage ever compares floats or reads a clock. This module imports nothing
of ours; everything may import it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000  # Hz, of everything behind the intake
FRAME = 320  # samples, 20 ms
HOP = 160  # samples, 10 ms: one prosody value

Samples: TypeAlias = NDArray[np.float32]  # [shape=(n,)], -1..1


class Channel(StrEnum):
    """Who is heard. `MIXED` is one channel that carries both speakers, so nobody can be told apart."""

    AGENT = "agent"
    CUSTOMER = "customer"
    MIXED = "mixed"


STEREO = (Channel.AGENT, Channel.CUSTOMER)
MONO = (Channel.MIXED,)


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms of one channel."""

    channel: Channel
    start: int  # stream time of the first sample
    samples: Samples  # [shape=(FRAME,)]

    @property
    def end(self) -> int:
        return self.start + len(self.samples)


def to_seconds(samples: int) -> float:
    """Stream time in seconds, rounded to 0.1 ms so that it prints and compares the same everywhere."""
    return round(samples / SAMPLE_RATE, 4)


def to_samples(duration_s: float) -> int:
    """A duration in seconds as a count of samples."""
    return round(duration_s * SAMPLE_RATE)
