"""`calmline bench words`: how soon words are read, how soon they are certain, and how many are wrong.

A real server follows a two-channel call at 1x. The reference is stock decoding of each channel as a whole, with the
same weights and the full context: its words, and when each of them ended. A word's delay runs from the moment at which
its last sample was sent to the first message that shows it, and to the first that shows it as confirmed or final
(`benchmarks/words/word_delays.py`). Beside it, in the same run and judged alike, whisper_streaming's way
(`benchmarks/words/stock.py`) on the beginning of the call, on a clock that its own decoding drives, with all cores.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audio.frame import SAMPLE_RATE, Channel, to_samples
from benchmarks.calls import Call
from benchmarks.load.server_process import server_process
from benchmarks.machine import Machine, Spread, spread, this_machine
from benchmarks.speed.latency import BLOCK, Arrival, play
from benchmarks.words.stock import stream
from benchmarks.words.text import pairs, words_of
from benchmarks.words.word_delays import Timed, WordDelay, delays_of, reference_of, told_by
from benchmarks.words.word_errors import WordErrors, word_errors
from models.words.whisper import Whisper, WhisperSettings
from server.protocol.events.call import StatusMessage
from server.protocol.events.words import PartialWordsMessage, WordsMessage

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

References = Mapping[Channel, Sequence[Timed]]


@dataclass(frozen=True, slots=True)
class Peer:
    audio_s: float
    shown_s: Spread
    confirmed_s: Spread
    behind_s: float  # after all of the audio had come


@dataclass(frozen=True, slots=True)
class WordsResult:
    machine: Machine
    weights: str
    call: str
    audio_s: float
    shown_s: Spread
    confirmed_s: Spread
    reference_words: int  # of which the others are not alike in ours
    word_ends_s: Spread  # by how much the ends of final words differ from the reference's
    taken_back: float  # share of confirmed words that the final words do not have
    shed: int  # partials left out
    whisper_streaming: Peer
    sooner: float  # times, confirmed, p50
    wrong_percent: dict[str, WordErrors]


async def bench_words(call: Call, model: str, seconds: float, peer_s: float) -> tuple[WordsResult, list[WordDelay]]:
    """The result, and the delay of every word: of ours, and of whisper_streaming on the first `peer_s` seconds."""
    call = Call(call.name, {channel: samples[: to_samples(seconds)] for channel, samples in call.channels.items()})
    with tempfile.TemporaryDirectory() as folder:
        async with server_process(Path(folder), {"CALMLINE_MODELS_WHISPER_MODEL": model}) as (address, _):
            sent, arrivals = await play(address, call)
    settings = WhisperSettings(model=model, decoders=1, threads=2)
    stock = Whisper(settings).stock
    references = {of: reference_of(samples, stock, settings.language) for of, samples in call.channels.items()}
    ours = [
        delay
        for of, reference in references.items()
        for delay in delays_of("calmline", of, reference, sent, list(told_by(arrivals, of)))
    ]
    peer, theirs = _peer(call, peer_s, stock, settings.language, references)
    confirmed = spread([delay.confirmed for delay in ours if delay.confirmed is not None])
    result = WordsResult(
        machine=this_machine(),
        weights=model or "as installed",
        call=call.name,
        audio_s=round(call.length / SAMPLE_RATE, 1),
        shown_s=spread([delay.shown for delay in ours if delay.shown is not None]),
        confirmed_s=confirmed,
        reference_words=len(ours),
        word_ends_s=spread(list(_end_errors(references, arrivals))),
        taken_back=_taken_back(arrivals),
        shed=max(it.message.shed for it in arrivals if isinstance(it.message, StatusMessage)),
        whisper_streaming=peer,
        sooner=round(peer.confirmed_s.p50 / confirmed.p50, 2),
        wrong_percent=word_errors(settings),
    )
    return result, ours + theirs


def _peer(
    call: Call, seconds: float, stock: "WhisperModel", language: str, references: References
) -> tuple[Peer, list[WordDelay]]:
    told, behind = stream(call, seconds, stock, language)
    sent = [(number + 1) * BLOCK / SAMPLE_RATE for number in range(round(seconds * SAMPLE_RATE) // BLOCK)]
    delays = [
        delay
        for of, texts in told.items()
        for delay in delays_of(
            "whisper_streaming", of, [word for word in references[of] if word.end < seconds], sent, texts
        )
    ]
    shown = [delay.shown for delay in delays if delay.shown is not None]
    confirmed = [delay.confirmed for delay in delays if delay.confirmed is not None]
    return Peer(seconds, spread(shown), spread(confirmed), round(behind, 2)), delays


def _end_errors(references: References, arrivals: Sequence[Arrival]) -> Iterator[float]:
    """Seconds between the ends of a word in the final words and in the reference."""
    for channel, reference in references.items():
        finals = [
            it.message for it in arrivals if isinstance(it.message, WordsMessage) and it.message.channel is channel
        ]
        timed = [(text, word.end) for turn in finals for word in turn.words for text in words_of(word.text)]
        for known, heard in pairs([word.text for word in reference], [text for text, _ in timed]):
            yield abs(timed[heard][1] - reference[known].end)


def _taken_back(arrivals: list[Arrival]) -> float:
    """Share of the confirmed words that their turn's final words do not have."""
    last: dict[tuple[Channel, int], list[str]] = {}
    all_of_them = kept = 0
    for message in (arrival.message for arrival in arrivals):
        if isinstance(message, PartialWordsMessage):
            last[message.channel, message.turn] = words_of(message.text[: message.confirmed])
        elif isinstance(message, WordsMessage):
            confirmed = last.pop((message.channel, message.turn), [])
            all_of_them += len(confirmed)
            kept += sum(1 for _ in pairs(words_of(message.text), confirmed))
    return round(1 - kept / max(all_of_them, 1), 3)
