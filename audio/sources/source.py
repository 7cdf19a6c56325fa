"""Sources: what recordings and headsets have in common, so that replay and live calls run the same code.

A source hands out int16 PCM blocks [shape=(n, channels)] at its own rate, in order, without gaps: time is
told by counting samples. What a person should know about the sound on the way becomes a `Note`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from audio.frame import Channel
from audio.text import printable

Pcm: TypeAlias = NDArray[np.int16]  # [shape=(n, channels)]


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence about the source: a gap, damage, or how it was understood."""

    at: int  # stream time
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", printable(self.text))  # it may tell of a file, by its name


class Source(Protocol):
    @property
    def rate(self) -> int: ...  # Hz

    @property
    def layout(self) -> tuple[Channel, ...]: ...

    @property
    def notes(self) -> list[Note]: ...  # grows while `blocks` is drawn from

    def blocks(self) -> Iterator[Pcm]: ...
