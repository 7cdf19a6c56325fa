"""Tone: how the customer sounds. The ONNX emotion model on numpy frames.

In: `ToneJob`, up to 3 s of the customer's latest speech. Out: `ToneReading`, a few numbers with a confidence,
or "no reading" with the reason. A job carries no channel on purpose: it is cut from the customer channel only
(`CustomerSpeech`), so an agent's emotion cannot be inferred (EU AI Act, Article 5(1)(f)).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from audio.frame import Samples


class NoReading(StrEnum):
    """Why there is no reading. The words are shown to people."""

    TOO_SHORT = "too little speech"
    NOISY = "too noisy"
    CLIPPED = "clipped"
    NOT_SPEECH = "not speech"
    MIXED = "one mixed channel"
    FAILED = "the tone model failed"


@dataclass(frozen=True, slots=True)
class ToneJob:
    at: int  # stream time of the last sample
    samples: Samples  # [shape=(n,)], the last 3 s of speech at most, silence cut out


@dataclass(frozen=True, slots=True)
class ToneReading:
    """How the customer sounded in the last seconds of speech. Numbers are None where `reason` is set."""

    at: int
    reason: NoReading | None = None
    anger: float | None = None  # probability, 0..1
    arousal: float | None = None  # 0 calm .. 1 excited
    valence: float | None = None  # 0 negative .. 1 positive
    confidence: float | None = None  # 0..1


class ToneModel(Protocol):
    def read(self, job: ToneJob) -> ToneReading: ...
