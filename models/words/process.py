"""Words in a process of their own, so that no decode ever holds up sound and tone.

In: `WordsJob`s, from any thread. Out: their `Transcript`s, as `Whisper` gives them. State: the process; where it died
it is begun again, and the job done again. Why not threads: those of one Python program take turns at one lock, and a
decoder that steps back for the others holds them all up while it has that lock and gets no processor time. A process
that steps back holds up nobody. It ends with the program that began it, however that ends. Memory is apart too: decodes
of tens of megabytes do not break up the heap in which calls are kept.
"""

import atexit
import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from multiprocessing.managers import BaseManager
from typing import Any

from models.threads import bound_threads
from models.words.types import Transcript, WordsJob
from models.words.whisper import Whisper, WhisperError, WhisperSettings

STEP_BACK = 15  # by which the process is nicer: sound and tone then get what they ask for of a busy core
_GONE = (EOFError, ConnectionError)  # what a call meets where the process is no more


class _Decoder:
    """What lives in the other process, with a thread there for each one that calls it from here."""

    def load(self, settings: WhisperSettings) -> None:
        self._whisper = Whisper(settings)

    def pid(self) -> int:
        return os.getpid()

    def transcribe(self, job: WordsJob) -> Transcript:
        return self._whisper.transcribe(job)

    def transcribe_all(self, jobs: Sequence[WordsJob]) -> list[Transcript]:
        return self._whisper.transcribe_all(jobs)


class _Manager(BaseManager):
    """Begins the process, carries calls to it, and answers and errors back."""


_Manager.register("decoder", _Decoder)


class WordsProcess:
    """Implements `WordsModel`. The program's main module must be importable (`if __name__ == "__main__":`)."""

    def __init__(self, settings: WhisperSettings | None = None) -> None:
        """Begin the process and load the model in it: some 1.2 s for tiny.en. Raises as `Whisper` does."""
        self._settings = settings or WhisperSettings()
        self._beginning = threading.Lock()
        self._begin()

    @property
    def pid(self) -> int:
        """The process, for those who weigh or end it."""
        return int(self._decoder.pid())

    def transcribe(self, job: WordsJob) -> Transcript:
        transcript: Transcript = self._ask(lambda decoder: decoder.transcribe(job))
        return transcript

    def transcribe_all(self, jobs: Sequence[WordsJob]) -> list[Transcript]:
        transcripts: list[Transcript] = self._ask(lambda decoder: decoder.transcribe_all(list(jobs)))
        return transcripts

    def _begin(self) -> None:
        self._manager = _Manager(ctx=multiprocessing.get_context("spawn"))  # a fork would copy locks that are held
        self._manager.start(_settle_in)
        decoder = self._manager.decoder()  # type: ignore[attr-defined]
        decoder.load(self._settings)
        self._decoder: Any = decoder  # only now: other threads may ask at once

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        decoder = self._decoder
        try:
            return question(decoder)
        except _GONE:
            with self._beginning:
                if self._decoder is decoder:
                    self._begin()
        try:
            return question(self._decoder)
        except _GONE as error:
            raise WhisperError("The process that decodes words ended twice over one turn.") from error


def _settle_in() -> None:
    """The first that the new process does."""
    if hasattr(os, "nice"):
        os.nice(STEP_BACK)
    bound_threads()
    atexit.register(os._exit, 0)  # at once: CTranslate2's threads cannot be taken down one by one at that point
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
