"""The models that a pipeline runs on, loaded once for a process and shared by all of its calls."""

from dataclasses import dataclass

from audio.speech.vad import VadModel
from models.tone.types import ToneModel
from models.words.types import WordsModel


@dataclass(frozen=True, slots=True)
class Models:
    vad: VadModel
    tone: ToneModel
    words: WordsModel | None  # None: tone only
    decoders: int = 1  # turns that `words` may decode at once
