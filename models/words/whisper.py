"""Words by faster-whisper: one turn in, its words with times and probabilities out.

In: a `WordsJob`. Out: its `Transcript`, empty where nothing was said. State: the model alone, so a job gives the same
words whenever it is asked (int8, fixed beam, no carried text). `transcribe` blocks for about a tenth of the turn's
length (tiny.en, two cores); several threads may call it and then wait for each other. faster-whisper is imported where
a model is loaded, so that settings and help come without it; importing and loading tiny.en take a second and 200 MB.
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from msgspec import Meta

from audio.errors import CalmlineError
from audio.frame import SAMPLE_RATE, to_samples
from audio.ranges import Span, Text
from audio.speech.turns import Turn
from models.words.hallucinations import is_hallucination
from models.words.short_context import Decoded, ShortContext, context_of, loop_start
from models.words.types import Transcript, Word, WordsJob
from models.words.weights import find_whisper

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

MOST_DECODERS = 4  # unless more are asked for: a laptop's other cores are for its other programs
SHORTEST = to_samples(0.3)  # a turn that is shorter holds no word that Whisper gets right
_OPENING, _CLOSING = "\"'“¿([{-", "\"'.,!?:”)]}"  # punctuation that joins the next word, and the one before


class WhisperError(CalmlineError):
    """The weights cannot be loaded, or do not know the language."""


@dataclass(frozen=True, slots=True)
class WhisperSettings:
    model: Text = ""  # a folder, a size such as "base", owner/name@commit; empty: base if installed, else tiny.en
    language: Text = "en"  # as ISO 639-1
    hotwords: Text = ""  # names and terms to expect, such as the product's
    decoders: Annotated[int, Meta(ge=0, le=64)] = 0  # turns decoded side by side; 0: one a core, four at most
    threads: Annotated[int, Meta(ge=1, le=64)] = (
        1  # cores for one decode: two decoders of one core each do half as much again as one of two
    )
    hang_s: Span = 30.0  # seconds beyond twice its audio's length that a decode may take before its process is killed

    @property
    def side_by_side(self) -> int:
        """How many turns may be decoded at once."""
        return self.decoders or min(os.cpu_count() or 1, MOST_DECODERS)


class Whisper:
    """A loaded and warmed-up model. Implements `WordsModel`."""

    def __init__(self, settings: WhisperSettings | None = None) -> None:
        """Find, load and warm up the model: about 1 s for tiny.en.

        Raises
        ------
        WeightsMissingError, WeightsAlteredError
            See `find_whisper`.
        WhisperError
            If the weights are damaged, or do not know the language.
        """
        from faster_whisper.tokenizer import Tokenizer

        settings = settings or WhisperSettings()
        self._model = _load(settings)
        self._tokenizer = Tokenizer(
            self._model.hf_tokenizer, self._model.model.is_multilingual, task="transcribe", language=settings.language
        )
        self._decoder = ShortContext(self._model, self._tokenizer, settings.hotwords)
        self._decoder.decode(np.zeros(SAMPLE_RATE, np.float32))

    @property
    def stock(self) -> "WhisperModel":
        """The model as faster-whisper has it: what ours is held against in tests and benchmarks."""
        return self._model

    def transcribe(self, job: WordsJob) -> Transcript:
        """The words of a turn of at most 30 s. Their times lie within the turn and never go back."""
        if job.turn.duration < SHORTEST:
            return Transcript(job.at, job.turn, job.final, ())
        decoded = self._decoder.decode(job.samples) if job.final else self._decoder.decode_partial(job.samples)
        return Transcript(job.at, job.turn, job.final, self._words(job, decoded))

    def transcribe_all(self, jobs: Sequence[WordsJob]) -> list[Transcript]:
        """The words of final jobs, those of about one length in one go: what `transcribe` gives for each."""
        alike = defaultdict[int, list[WordsJob]](list)
        for job in jobs:
            if job.turn.duration >= SHORTEST:
                alike[context_of(len(job.samples))].append(job)
        words = {
            id(job): self._words(job, decoded)
            for group in alike.values()
            for job, decoded in zip(group, self._decoder.decode_all([job.samples for job in group]), strict=True)
        }
        return [Transcript(job.at, job.turn, job.final, words.get(id(job), ())) for job in jobs]

    def _words(self, job: WordsJob, decoded: Decoded) -> tuple[Word, ...]:
        if not decoded.tokens or is_hallucination(decoded.text, decoded.no_speech, decoded.logprob):
            return ()
        words = _in_turn(self._aligned(decoded, job.samples_start), job.turn)
        return words[: loop_start([word.text for word in words], times=3 if job.final else 2)]

    def _aligned(self, decoded: Decoded, start: int) -> list[Word]:
        """The words with their times, by attention and dynamic time warping as faster-whisper does it."""
        segment: dict[str, Any] = {"seek": 0, "start": 0.0, "end": decoded.frames / 100, "tokens": decoded.tokens}
        self._model.add_word_timestamps(
            [[segment]], self._tokenizer, decoded.encoded, decoded.frames, _OPENING, _CLOSING, last_speech_timestamp=0.0
        )
        return [
            Word(
                text=word["word"].strip(),
                start=start + to_samples(float(word["start"])),
                end=start + to_samples(float(word["end"])),
                probability=round(float(word["probability"]), 4),
            )
            for word in segment["words"]
        ]


def _load(settings: WhisperSettings) -> "WhisperModel":
    from faster_whisper import WhisperModel

    folder = find_whisper(settings.model)
    try:
        model = WhisperModel(
            str(folder),
            device="cpu",
            compute_type="int8",
            cpu_threads=settings.threads,
            num_workers=settings.side_by_side,
        )
    except (RuntimeError, OSError) as error:
        raise WhisperError(f"The Whisper weights in {folder} are damaged and cannot be loaded: {error}") from error
    if settings.language not in model.supported_languages:
        raise WhisperError(
            f"The Whisper weights in {folder} know only {', '.join(model.supported_languages)}, "
            f"and '{settings.language}' was asked for: take other weights, such as base."
        )
    return model


def _in_turn(words: list[Word], turn: Turn) -> tuple[Word, ...]:
    """Words with voice activity under them, their times held to the turn; punctuation alone is no word.

    The first word is often placed in the room before its turn, where there is nothing else: it is kept.
    """
    kept, last = [], turn.start
    for word in words:
        if word.start >= turn.end or not any(sign.isalnum() for sign in word.text):
            continue
        start = min(max(word.start, last), turn.end)
        last = min(max(word.end, start), turn.end)
        kept.append(replace(word, start=start, end=last))
    return tuple(kept)
