"""Short context: Whisper decodes a turn within about 10 s of context instead of 30 s.

In: up to 30 s of 16 kHz float32. Out: `Decoded`, tokens with what it takes to judge and align them. State: none.
Whisper was trained on 30 s windows, so faster-whisper pads each turn to that, and the encoder's work on silence is most
of the cost. The encoder takes fewer frames as well; too few make the decoder say things twice, and then the turn is
decoded again with the full context. A fixed beam, no fallback to random sampling: the same samples, the same tokens.
Against faster-whisper's own `transcribe` on 140 turns (a support call, RAVDESS, synthesised speech; tiny.en): 0.27 of
the compute, 0.8 points more word errors (12.3 % instead of 11.4 %), one turn decoded again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from audio.frame import HOP, SAMPLE_RATE, Samples

if TYPE_CHECKING:
    from ctranslate2 import StorageView
    from faster_whisper import WhisperModel
    from faster_whisper.tokenizer import Tokenizer

FULL = 3000  # mel frames, 30 s: what Whisper was trained on
SHORTEST = 1000  # mel frames: below it, short turns are often said twice
STEP = 200  # mel frames by which contexts differ
SILENCE = 200  # mel frames of silence after the speech: with less, the end is often lost or said again
TOKENS_PER_S = 10  # more than the fastest speaker needs: 5 at 200 words a minute
TOKENS_AT_LEAST = 16  # for the shortest turns
BEAM = 5  # hypotheses: 0.8 points fewer word errors than greedy for 7 % more compute (base)
LOOP = 3  # words: shorter ones are said twice by people too


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decode. Tokens are text tokens only."""

    tokens: list[int]
    text: str
    no_speech: float  # probability that there is no speech at all, 0..1
    logprob: float  # mean over tokens
    complete: bool  # the model came to an end by itself
    encoded: "StorageView"  # the encoder's output, for the alignment
    frames: int  # mel frames of speech in it


class ShortContext:
    """Decodes with one model in one language."""

    def __init__(self, model: "WhisperModel", tokenizer: "Tokenizer", hotwords: str = "") -> None:
        from faster_whisper.transcribe import get_suppressed_tokens

        self._model = model
        self._tokenizer = tokenizer
        self._prompt = model.get_prompt(tokenizer, [], without_timestamps=True, hotwords=hotwords or None)
        self._suppressed = get_suppressed_tokens(tokenizer, [-1])

    def decode_partial(self, samples: Samples) -> Decoded:
        """What was said so far in samples [shape=(n,)]: never tried again, since the next one comes soon.

        A single hypothesis within less context takes a fifth less time, but what it mishears stays on the screen until
        the turn ends: over half of a support call the 95th percentile of the delay until words are certain was 5.1 s
        instead of 3.7 s with tiny.en, 4.2 s instead of 3.1 s with base.
        """
        return self._decode([samples], context_of(len(samples)))[0]

    def decode(self, samples: Samples) -> Decoded:
        """What was said in samples [shape=(n,)]. Raises ValueError where they are longer than 30 s."""
        return self.decode_all([samples])[0]

    def decode_all(self, turns: Sequence[Samples]) -> list[Decoded]:
        """The same for several turns, whose `context_of` must be alike, in one go: the words stay those of each."""
        decoded = self._decode(turns, context_of(max(map(len, turns))))
        return [
            first if first.complete and loop_start(first.text.split()) is None else self._decode([samples], FULL)[0]
            for first, samples in zip(decoded, turns, strict=True)
        ]

    def _decode(self, turns: Sequence[Samples], context: int) -> list[Decoded]:
        extract = self._model.feature_extractor
        encoded = self._model.encode(
            np.stack([extract(samples, padding=context * HOP - len(samples)) for samples in turns])
        )
        rooms = [TOKENS_AT_LEAST + TOKENS_PER_S * len(samples) // SAMPLE_RATE for samples in turns]
        results = self._model.model.generate(
            encoded,
            [self._prompt] * len(turns),
            beam_size=BEAM,
            max_length=min(len(self._prompt) + max(rooms), self._model.max_length),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=self._suppressed,
        )
        return [
            self._decoded(result, encoded, number, room, -(-len(samples) // HOP))
            for number, (result, room, samples) in enumerate(zip(results, rooms, turns, strict=True))
        ]

    def _decoded(self, result: Any, encoded: "StorageView", number: int, room: int, frames: int) -> Decoded:
        tokens = [token for token in result.sequences_ids[0] if token < self._tokenizer.eot]
        return Decoded(
            tokens=tokens,
            text=self._tokenizer.decode(tokens).strip(),
            no_speech=result.no_speech_prob,
            logprob=result.scores[0] * len(tokens) / (len(tokens) + 1),
            complete=len(tokens) < room,
            encoded=_one(encoded, number),
            frames=frames,
        )


def context_of(count: int) -> int:
    """Mel frames of context for `count` samples of a turn; in steps, so that turns can be decoded together.

    Raises ValueError where they are more than 30 s.
    """
    if count > FULL * HOP:
        raise ValueError(f"Whisper takes {FULL * HOP} samples at once, and {count} came")
    return min(max(-(-(count + SILENCE * HOP) // (STEP * HOP)) * STEP, SHORTEST), FULL)


def _one(encoded: "StorageView", number: int) -> "StorageView":
    """One turn of what the encoder made of several [shape=(turns, frames, width)]."""
    if encoded.shape[0] == 1:
        return encoded
    from ctranslate2 import StorageView

    return StorageView.from_array(np.array(encoded)[number : number + 1])


def loop_start(words: Sequence[str], times: int = 2) -> int | None:
    """Where a phrase of at least LOOP words begins to be said again, `times` times in a row; None if it never is."""
    plain = ["".join(letter for letter in word.lower() if letter.isalnum()) for word in words]
    for length in range(LOOP, len(plain) // times + 1):
        for start in range(len(plain) - times * length + 1):
            phrase = plain[start : start + length]
            if plain[start : start + times * length] == phrase * times:
                return start + length
    return None
