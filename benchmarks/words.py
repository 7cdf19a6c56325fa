"""`calmline bench words`: how soon words are read, how soon they are certain, and how many are wrong.

A real server follows a two-channel call at 1x. The reference is stock decoding of each turn afterwards, with the same
weights and the full context: its words, and when each of them ended. A word's delay runs from the moment at which its
last sample was sent to the first message that shows it, and to the first that shows it as confirmed or final. Words
that the two decodes do not share are counted and left out. Beside it, in the same run, the same for whisper_streaming's
way (`benchmarks/stock.py`) on the beginning of the call, on a clock that its own decoding drives, with all cores.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from audio.frame import SAMPLE_RATE, Channel, to_samples
from benchmarks.calls import Call
from benchmarks.latency import BLOCK, Arrival, play
from benchmarks.machine import Machine, Spread, spread, this_machine
from benchmarks.server_process import server_process
from benchmarks.stock import StockStream
from benchmarks.text import pairs, words_of
from benchmarks.word_errors import WordErrors, word_errors
from models.whisper import Whisper, WhisperSettings
from server.events import PartialWords, Status, Words

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

ROOM_S = 0.2  # seconds around a turn that the reference hears too
STEP_S = 0.5  # seconds of new audio that whisper_streaming waits for
NEAR_S = 1.0  # seconds by which the peer's times of a word may differ from the reference's


class Delay(NamedTuple):
    """One word of the reference. Seconds after its end; negative where it was read before it was quite said."""

    channel: Channel
    word: str
    end: float
    shown: float
    confirmed: float


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
    taken_back: float  # share of confirmed words that the final words do not have
    shed: int  # partials left out
    whisper_streaming: Peer
    sooner: float  # times, confirmed, p50
    wrong_percent: dict[str, WordErrors]


class _Timed(NamedTuple):
    text: str
    end: float


async def bench_words(call: Call, model: str, peer_s: float) -> tuple[WordsResult, list[Delay]]:
    """The result, and the delay of every word."""
    settings = WhisperSettings(model=model)
    with tempfile.TemporaryDirectory() as folder:
        async with server_process(Path(folder), {"CALMLINE_MODELS_WHISPER_MODEL": model}) as (address, _):
            sent, arrivals = await play(address, call)
    whisper = Whisper(settings)
    reference = _reference(call, whisper.stock, [it.message for it in arrivals if isinstance(it.message, Words)])
    delays = list(_delays(reference, sent, arrivals))
    peer = _peer(call, peer_s, WhisperSettings(model=model, decoders=1, threads=2), reference)
    confirmed = spread([delay.confirmed for delay in delays])
    result = WordsResult(
        machine=this_machine(),
        weights=model or "as installed",
        call=call.name,
        audio_s=round(call.length / SAMPLE_RATE, 1),
        shown_s=spread([delay.shown for delay in delays]),
        confirmed_s=confirmed,
        reference_words=sum(map(len, reference.values())),
        taken_back=_taken_back(arrivals),
        shed=max(it.message.shed for it in arrivals if isinstance(it.message, Status)),
        whisper_streaming=peer,
        sooner=round(peer.confirmed_s.p50 / confirmed.p50, 2),
        wrong_percent=word_errors(settings),
    )
    return result, delays


def _reference(call: Call, stock: "WhisperModel", turns: Sequence[Words]) -> dict[tuple[Channel, int], list[_Timed]]:
    """The words of each turn, decoded again by stock faster-whisper."""
    reference = {}
    for turn in turns:
        start = max(0.0, turn.start - ROOM_S)
        samples = call.channels[turn.channel][to_samples(start) : to_samples(turn.end + ROOM_S)]
        segments, _ = stock.transcribe(samples, language="en", word_timestamps=True)
        words = [word for segment in segments for word in segment.words or ()]
        timed = [_Timed(text, start + float(word.end)) for word in words for text in words_of(word.word)]
        reference[turn.channel, turn.turn] = timed
    return reference


def _delays(
    reference: dict[tuple[Channel, int], list[_Timed]], sent: list[float], arrivals: list[Arrival]
) -> Iterator[Delay]:
    shown: dict[tuple[Channel, int], dict[int, float]] = defaultdict(dict)  # by the place of a word in its turn
    confirmed: dict[tuple[Channel, int], dict[int, float]] = defaultdict(dict)
    for arrival in arrivals:
        message = arrival.message
        if isinstance(message, PartialWords | Words):
            turn = message.channel, message.turn
            sure = None if isinstance(message, Words) else len(words_of(message.text[: message.confirmed]))
            for place, there in pairs([word.text for word in reference.get(turn, ())], words_of(message.text)):
                shown[turn].setdefault(place, arrival.when)
                if sure is None or there < sure:
                    confirmed[turn].setdefault(place, arrival.when)
    for turn, places in confirmed.items():
        for place, when in places.items():
            word = reference[turn][place]
            said = sent[min(round(word.end * SAMPLE_RATE) // BLOCK, len(sent) - 1)]
            first = shown[turn][place]
            yield Delay(turn[0], word.text, round(word.end, 2), round(first - said, 3), round(when - said, 3))


def _taken_back(arrivals: list[Arrival]) -> float:
    """Share of the confirmed words that their turn's final words do not have."""
    last: dict[tuple[Channel, int], list[str]] = {}
    all_of_them = kept = 0
    for message in (arrival.message for arrival in arrivals):
        if isinstance(message, PartialWords):
            last[message.channel, message.turn] = words_of(message.text[: message.confirmed])
        elif isinstance(message, Words):
            confirmed = last.pop((message.channel, message.turn), [])
            all_of_them += len(confirmed)
            kept += sum(1 for _ in pairs(words_of(message.text), confirmed))
    return round(1 - kept / max(all_of_them, 1), 3)


def _peer(
    call: Call, seconds: float, settings: WhisperSettings, reference: dict[tuple[Channel, int], list[_Timed]]
) -> Peer:
    """Both channels in turn, each decode taking the time that it takes."""
    stock = Whisper(settings).stock
    streams = {channel: StockStream(stock, settings.language) for channel in call.channels}
    heard = dict.fromkeys(streams, 0.0)
    waiting = {
        channel: [word for (of, _), words in reference.items() if of is channel for word in words if word.end < seconds]
        for channel in streams
    }
    shown: dict[tuple[Channel, _Timed], float] = {}
    confirmed: dict[tuple[Channel, _Timed], float] = {}
    now = 0.0
    while min(heard.values()) < seconds:
        channel = min(heard, key=lambda channel: heard[channel])
        now = max(now, min(heard[channel] + STEP_S, seconds))
        until = min(now, seconds)
        streams[channel].insert(call.channels[channel][to_samples(heard[channel]) : to_samples(until)])
        heard[channel] = until
        began = perf_counter()
        streams[channel].decode()
        now += perf_counter() - began
        for words, first in ((streams[channel].committed, confirmed), (streams[channel].open, shown)):
            for word in words:
                for text in words_of(word.text):
                    for known in waiting[channel]:
                        if known.text == text and abs(known.end - word.end) <= NEAR_S:
                            first.setdefault((channel, known), now)
    return Peer(
        audio_s=seconds,
        shown_s=spread([min(when, shown.get((of, word), when)) - word.end for (of, word), when in confirmed.items()]),
        confirmed_s=spread([when - word.end for (_, word), when in confirmed.items()]),
        behind_s=round(now - seconds, 2),
    )
