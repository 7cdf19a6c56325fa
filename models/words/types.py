"""Words: what a turn said. The types, and what a words model must do.

A decode depends on the turn's own audio and nothing else (temperature 0, no carried text), so the same
audio gives the same words live, replayed or analysed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from audio.frame import Channel, Samples
from audio.speech.turns import Turn


@dataclass(frozen=True, slots=True)
class Word:
    text: str  # without surrounding blanks, punctuation kept
    start: int  # stream time
    end: int
    probability: float  # 0..1, the model's own


@dataclass(frozen=True, slots=True)
class WordsJob:
    """One decode to be done: a turn so far (partial) or the whole of it (final)."""

    at: int  # stream time at which it was asked for
    turn: Turn  # for a partial, `end` is how far the audio goes
    final: bool
    samples: Samples  # [shape=(n,)] with a little room before the turn
    samples_start: int  # stream time of samples[0]


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of one turn. A final one is never taken back; of a partial one the confirmed words are not."""

    at: int  # as in the job
    turn: Turn
    final: bool
    words: tuple[Word, ...]
    confirmed: int = 0  # how many of a partial's words stay as they are while the turn runs

    @property
    def channel(self) -> Channel:
        return self.turn.channel

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


class WordsModel(Protocol):
    def transcribe(self, job: WordsJob) -> Transcript: ...

    def transcribe_all(self, jobs: Sequence[WordsJob]) -> list[Transcript]:
        """The same for several final jobs, faster, where nobody waits for the first of them."""
        ...
