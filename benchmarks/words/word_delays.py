"""When the words of a reference were shown, and when they were certain, out of a growing text.

In: a reference, words with the times at which they end; when each block of sound was sent; every text that was told,
and when. Out: a delay a word. Ours and the peers' texts are judged alike (`peers.py`). Pure functions, but
for the stock decode that gives the reference.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from audio.frame import SAMPLE_RATE, Channel, Samples
from benchmarks.speed.latency import BLOCK, Arrival
from benchmarks.words.text import pairs, words_of
from server.protocol.events.words import PartialWordsMessage, WordsMessage

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

EARLY_S = 0.3  # seconds that the reference's end of a word may be late by


class Timed(NamedTuple):
    text: str
    end: float  # seconds


class Part(NamedTuple):
    text: str
    sure: bool  # never taken back


class Told(NamedTuple):
    """A text as it was shown, the whole of it."""

    when: float
    parts: tuple[Part, ...]


class WordDelay(NamedTuple):
    """One word of the reference. Seconds after its end; None where it was never shown, or never confirmed."""

    who: str
    channel: Channel
    word: str
    end: float
    shown: float | None
    confirmed: float | None


def reference_of(samples: Samples, stock: "WhisperModel", language: str) -> list[Timed]:
    """The words of a whole channel by stock decoding, in order of their ends."""
    segments, _ = stock.transcribe(samples, language=language, word_timestamps=True, vad_filter=True)
    words = [word for segment in segments for word in segment.words or ()]
    timed = [Timed(text, float(word.end)) for word in words for text in words_of(word.word)]
    return sorted(timed, key=lambda word: word.end)


def delays_of(
    who: str, channel: Channel, reference: Sequence[Timed], sent: Sequence[float], told: Sequence[Told]
) -> Iterator[WordDelay]:
    """Only words that had been said when a text came can be meant by it."""
    shown: dict[int, float] = {}  # by the place of a word in the reference
    confirmed: dict[int, float] = {}
    ends = [word.end for word in reference]
    for text in told:
        heard_s = bisect_right(sent, text.when) * BLOCK / SAMPLE_RATE
        said = [word.text for word in reference[: bisect_right(ends, heard_s + EARLY_S)]]
        words = [(word, part.sure) for part in text.parts for word in words_of(part.text)]
        for place, there in pairs(said, [word for word, _ in words]):
            shown.setdefault(place, text.when)
            if words[there][1]:
                confirmed.setdefault(place, text.when)
    for place, word in enumerate(reference):
        over = sent[min(round(word.end * SAMPLE_RATE) // BLOCK, len(sent) - 1)]
        first, last = (round(found[place] - over, 3) if place in found else None for found in (shown, confirmed))
        yield WordDelay(who, channel, word.text, round(word.end, 2), first, last)


def told_by(arrivals: Sequence[Arrival], channel: Channel) -> Iterator[Told]:
    """Our messages as one growing text of a channel."""
    turns: dict[int, tuple[Part, Part]] = {}
    for message, when in ((it.message, it.when) for it in arrivals):
        if isinstance(message, WordsMessage) and message.channel is channel:
            turns[message.turn] = Part(message.text, True), Part("", False)
        elif isinstance(message, PartialWordsMessage) and message.channel is channel:
            sure, rest = message.text[: message.confirmed], message.text[message.confirmed :]
            turns[message.turn] = Part(sure, True), Part(rest, False)
        else:
            continue
        yield Told(when, tuple(part for turn in sorted(turns) for part in turns[turn]))
