"""Turns (utterances) of one channel out of voice probabilities, and overlaps between channels.

In: `Voice` probabilities in stream order. Out: `TurnStarted` once onset is sure, `TurnEnded` after the
hang-over, `Overlap` when two channels spoke at once. State: the open turn of each channel. Pure; runs on
whatever thread feeds it.
"""

from dataclasses import dataclass

from audio.frame import Channel


@dataclass(frozen=True, slots=True)
class Voice:
    """Probability of speech in one VAD window."""

    end: int  # stream time just after the window
    probability: float  # 0..1


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance: speech of one channel without a pause longer than the hang-over."""

    channel: Channel
    index: int  # counts from 0 on its channel
    start: int  # stream time of the first voiced sample
    end: int  # stream time just after the last voiced sample

    @property
    def duration(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class TurnStarted:
    at: int  # stream time at which the onset was sure
    channel: Channel
    index: int
    start: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    at: int  # stream time at which the hang-over ran out, or the turn was cut for length
    turn: Turn
    cut: bool  # the speaker went on: the turn reached its longest, the next one follows on


@dataclass(frozen=True, slots=True)
class Overlap:
    """Both channels spoke at once. `starter` is the one who came in while the other was speaking."""

    at: int  # stream time at which it was over
    start: int
    end: int
    starter: Channel
