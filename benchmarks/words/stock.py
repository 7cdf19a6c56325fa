"""The peer: streaming words as whisper_streaming makes them, around faster-whisper's own `transcribe`.

A small faithful form of `OnlineASRProcessor` (Macháček, Dabre and Bojar, "Turning Whisper into real-time transcription
system", 2023) with its usual settings: the growing buffer of one channel is decoded again and again with the full 30 s
context, the text before it as prompt; words on which two decodes agree are committed (LocalAgreement-2); the buffer is
cut at the end of a committed segment when longer than 15 s. In: 16 kHz float32. Out: committed words with stream times
in seconds. The same weights, int8, as ours.
"""

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from audio.frame import SAMPLE_RATE, Channel, Samples, to_samples
from benchmarks.calls import Call
from benchmarks.words.text import words_of
from benchmarks.words.word_delays import Part, Told

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

TRIM_S = 15.0  # a longer buffer is cut
PROMPT = 200  # characters of committed text
AGAIN = 5  # words that may be heard again
VAGUE_S = 0.1
STEP_S = 0.5  # seconds of new audio that it waits for


@dataclass(frozen=True, slots=True)
class Timed:
    text: str
    start: float  # seconds
    end: float


class StockStream:
    """One channel. `insert` audio as it comes, `decode` as often as there is time."""

    def __init__(self, model: "WhisperModel", language: str) -> None:
        self._model, self._language = model, language
        self._audio = np.zeros(0, np.float32)
        self._offset = 0.0  # seconds, of the buffer's first sample
        self.committed: list[Timed] = []
        self.open: list[Timed] = []  # the last hypothesis after them

    def insert(self, samples: Samples) -> None:
        self._audio = np.concatenate((self._audio, samples))

    def decode(self) -> None:
        """Hear the buffer; `committed` and `open` are what there is to show afterwards."""
        before = " ".join(word.text for word in self.committed if word.end <= self._offset)[-PROMPT:]
        segments, _ = self._model.transcribe(
            self._audio,
            language=self._language,
            initial_prompt=before or None,
            beam_size=5,
            word_timestamps=True,
            condition_on_previous_text=True,
            vad_filter=True,
        )
        heard = list(segments)
        words = [
            Timed(word.word.strip(), self._offset + word.start, self._offset + word.end)
            for segment in heard
            for word in segment.words or ()
        ]
        self._agree(words)
        self._trim([self._offset + segment.end for segment in heard])

    def _agree(self, words: list[Timed]) -> None:
        last = self.committed[-1].end if self.committed else 0.0
        new = [word for word in words if word.start > last - VAGUE_S]
        for length in range(min(AGAIN, len(new), len(self.committed)), 0, -1):
            if _alike(new[:length], self.committed[-length:]):
                new = new[length:]
                break
        count = 0
        while count < min(len(new), len(self.open)) and _alike(new[count : count + 1], self.open[count : count + 1]):
            count += 1
        self.committed += new[:count]
        self.open = new[count:]

    def _trim(self, ends: list[float]) -> None:
        """Cut at the end of the last segment but one that is committed."""
        if len(self._audio) <= TRIM_S * SAMPLE_RATE or not self.committed:
            return
        cuts = [end for end in ends[:-1] if end <= self.committed[-1].end]
        if cuts:
            self._audio = self._audio[round((cuts[-1] - self._offset) * SAMPLE_RATE) :]
            self._offset = cuts[-1]


def stream(call: Call, seconds: float, model: "WhisperModel", language: str) -> tuple[dict[Channel, list[Told]], float]:
    """What it tells of each channel of a live call's first seconds, on a clock that begins with the call.

    Both channels in turn, each decode taking the time that it takes. Also how many seconds it is behind at the end.
    """
    streams = {channel: StockStream(model, language) for channel in call.channels}
    told: dict[Channel, list[Told]] = {channel: [] for channel in streams}
    heard = dict.fromkeys(streams, 0.0)
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
        confirmed, still_open = (
            " ".join(word.text for word in words) for words in (streams[channel].committed, streams[channel].open)
        )
        told[channel].append(Told(now, (Part(confirmed, True), Part(still_open, False))))
    return told, now - seconds


def _alike(one: list[Timed], other: list[Timed]) -> bool:
    return [words_of(word.text) for word in one] == [words_of(word.text) for word in other]
