"""Word error rates of the streaming finals beside those of stock offline decoding with the same weights.

Clips with known texts: RAVDESS (eight emotions), EmoDB and nEMO where the weights know German and Polish, `jfk.flac`,
the demo call's script over its own line, and five minutes of another synthesised dialogue over a G.711 line, which set
the hiss under the VAD. Ours hears a clip as a live call does: voice activity, turns, a short context. Stock is
faster-whisper's `transcribe` as it comes, over the whole clip, with the full context.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from audio.frame import SAMPLE_RATE, STEREO, Channel, Samples
from audio.speech.vad import load_vad
from benchmarks.calls import DEMO_CALL, load_call
from benchmarks.words.text import errors, words_of
from models.training.data.corpora import Corpus, clips, data_folder
from models.training.data.line import telephone
from models.words.types import Transcript, WordsJob
from models.words.whisper import Whisper, WhisperError, WhisperSettings
from server.pipeline.analyzers import AnalyzerSettings, ChannelAnalyzer

CLIPS = 40  # of the test speakers of a corpus, evenly drawn
DIALOGUE = Path(__file__).with_name("dialogue.opus")  # made by `make_dialogue.py` out of `dialogue.txt`
PAD = np.zeros(SAMPLE_RATE // 2, np.float32)  # half a second of silence around a clip
JFK = "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country."
EMODB = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}


@dataclass(frozen=True, slots=True)
class WordErrors:
    """Wrong, missing and superfluous words, in percent of those said."""

    words: int
    ours: float
    stock: float


def word_errors(settings: WhisperSettings) -> dict[str, WordErrors]:
    """By corpus, and of all English ones together."""
    english = Whisper(settings)
    sets = {"jfk": _jfk(), "ravdess": _acted("ravdess"), "demo call": _demo(), "dialogue": _dialogue()}
    counts = {name: _count(english, "en", said) for name, said in sets.items()}
    counts["English"] = [sum(column) for column in zip(*counts.values(), strict=True)]
    with suppress(WhisperError):  # which weights give that know only English
        counts["emodb"] = _count(Whisper(replace(settings, language="de")), "de", _acted("emodb"))
        counts["nemo"] = _count(Whisper(replace(settings, language="pl")), "pl", _acted("nemo"))
    return {
        name: WordErrors(words, round(100 * ours / words, 2), round(100 * stock / words, 2))
        for name, (words, ours, stock) in counts.items()
        if words
    }


def finals(samples: Samples, transcribe: Callable[[WordsJob], Transcript]) -> Iterator[Transcript]:
    """The final words of one channel, turn by turn."""
    analyzer = ChannelAnalyzer(Channel.MIXED, AnalyzerSettings(), load_vad())
    for update in (*analyzer.feed(samples), analyzer.flush(len(samples))):
        yield from map(transcribe, update.finals)


def _count(whisper: Whisper, language: str, said: Iterator[tuple[str, Samples]]) -> list[int]:
    """Words said, errors of ours, errors of stock."""
    counts = [0, 0, 0]
    for text, samples in said:
        samples = np.concatenate((PAD, samples, PAD))
        ours = " ".join(turn.text for turn in finals(samples, whisper.transcribe))
        segments, _ = whisper.stock.transcribe(samples, language=language)
        stock = " ".join(segment.text for segment in segments)
        known = words_of(text)
        counts[0] += len(known)
        counts[1] += errors(known, words_of(ours))
        counts[2] += errors(known, words_of(stock))
    return counts


def _jfk() -> Iterator[tuple[str, Samples]]:
    if folder := data_folder():
        yield JFK, next(iter(load_call(folder / "jfk.flac").channels.values()))


def _acted(corpus: Corpus) -> Iterator[tuple[str, Samples]]:
    spoken = clips(corpus, "test")
    for clip in spoken[:: max(1, len(spoken) // CLIPS)]:
        (samples,) = load_call(clip.path).channels.values()
        yield EMODB.get(clip.text, clip.text), samples


def _demo() -> Iterator[tuple[str, Samples]]:
    turns = json.loads(DEMO_CALL.with_suffix(".json").read_text(encoding="utf-8"))["turns"]
    call = load_call(DEMO_CALL)
    for channel in STEREO:
        yield " ".join(turn["text"] for turn in turns if turn["channel"] == channel), call.channels[channel]


def _dialogue() -> Iterator[tuple[str, Samples]]:
    lines = [line.partition(" ") for line in DIALOGUE.with_suffix(".txt").read_text("utf-8").splitlines()]
    call = load_call(DIALOGUE)
    for channel in STEREO:
        said = " ".join(text for speaker, _, text in lines if speaker == channel.name)
        yield said, telephone(call.channels[channel])
