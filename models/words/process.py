"""Words in a process of their own, so that no decode ever holds up sound and tone.

In: `WordsJob`s, from any thread. Out: their `Transcript`s, as `Whisper` gives them. State: the process; where it died,
or did not answer for so long that it must hang, it is killed and started again, and the job tried again, a few times at
most. Why not threads: those of one Python program take turns at one lock, and a decoder that steps back for the others
holds them all up while it has that lock and gets no processor time. A process that steps back holds up nobody. It ends
with the program that began it, however that ends. Memory is apart too: decodes of tens of megabytes do not break up the
heap in which calls are kept.
"""

import atexit
import logging
import multiprocessing
import os
import shutil
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.managers import BaseManager
from multiprocessing.process import BaseProcess
from multiprocessing.util import get_temp_dir
from pathlib import Path
from typing import Any

from audio.frame import to_seconds
from models.threads import bound_threads
from models.words.types import Transcript, WordsJob
from models.words.whisper import Whisper, WhisperError, WhisperSettings

STEP_BACK = 15  # by which the process is nicer: sound and tone then get what they ask for of a busy core
BEGIN_S = 120.0  # seconds in which a process must have begun and loaded its model
KILL_S = 1.0  # seconds in which a process that is killed is gone
PACE = 2.0  # times the length of its audio that a decode may take, besides what the settings allow
TRIES = 4  # of a job over which the process dies: others may kill it too; a hang counts as two, since it takes long
_GONE = (EOFError, ConnectionError)  # what a call meets where the process is no more
logger = logging.getLogger(__name__)


class _HungError(ConnectionError):
    """The process did not answer, and was killed for it."""


class _Decoder:
    """What lives in the other process, with a thread there for each one that calls it from here."""

    def load(self, settings: WhisperSettings) -> None:
        self._whisper = Whisper(settings)

    def transcribe(self, job: WordsJob) -> Transcript:
        return self._whisper.transcribe(job)

    def transcribe_all(self, jobs: Sequence[WordsJob]) -> list[Transcript]:
        return self._whisper.transcribe_all(jobs)


class _Manager(BaseManager):
    """Begins the process, carries calls to it, and answers and errors back."""


_Manager.register("decoder", _Decoder)


@dataclass(frozen=True, slots=True)
class _Running:
    """One process, and what in it is asked."""

    manager: _Manager
    process: BaseProcess
    decoder: Any
    end: Callable[[], None]  # also where the program ends, or nobody holds the manager any more


class WordsProcess:
    """Implements `WordsModel`. The program's main module must be importable (`if __name__ == "__main__":`)."""

    def __init__(self, settings: WhisperSettings | None = None) -> None:
        """Begin the process and load the model in it: some 1.2 s for tiny.en. Raises as `Whisper` does."""
        self._settings = settings or WhisperSettings()
        self._again = threading.Lock()  # held by the one job at a time that is done again
        self._closed = False
        self._running: _Running | None = self._begin()

    @property
    def pid(self) -> int | None:
        """The process, for those who weigh or end it; None while none runs."""
        return self._running.process.pid if self._running else None

    def transcribe(self, job: WordsJob) -> Transcript:
        """As `Whisper` does. Raises `WhisperError` where the process hung or died over the job again and again."""
        transcript: Transcript = self._ask(lambda decoder: decoder.transcribe(job), [job])
        return transcript

    def transcribe_all(self, jobs: Sequence[WordsJob]) -> list[Transcript]:
        transcripts: list[Transcript] = self._ask(lambda decoder: decoder.transcribe_all(list(jobs)), jobs)
        return transcripts

    def close(self) -> None:
        """End the process at once, whatever it does. Whoever waits for words gets a `WhisperError`."""
        self._closed = True
        if running := self._running:
            running.end()

    def _ask(self, question: Callable[[Any], Any], jobs: Sequence[WordsJob]) -> Any:
        patience_s = self._settings.hang_s + PACE * to_seconds(sum(len(job.samples) for job in jobs))
        running, tried = self._running, 0
        if running:
            try:
                return _answer(running, question, patience_s)
            except _GONE as error:
                tried = _weight(error)
                if not self._closed:
                    logger.warning("The process that decodes words is gone; it is begun again.")
        with self._again:  # others that lost it wait: a job that ends the process again costs them nothing
            if self._running is running:
                self._end()
            return self._ask_alone(question, patience_s, tried)

    def _ask_alone(self, question: Callable[[Any], Any], patience_s: float, tried: int) -> Any:
        """Ask until there is an answer, or it has cost too many processes."""
        while tried < TRIES:
            self._running = self._running or self._begin()
            try:
                return _answer(self._running, question, patience_s)
            except _GONE as error:
                tried += _weight(error)
                self._end()
        raise WhisperError("The process that decodes words hung or ended again and again over one turn.")

    def _end(self) -> None:
        if running := self._running:
            self._running = None
            running.end()

    def _begin(self) -> _Running:
        tried = 0
        while tried < TRIES:
            if self._closed:
                raise WhisperError("The process that decodes words was closed.")
            try:
                return self._start()
            except _GONE as error:
                tried += _weight(error)
        raise WhisperError("The process that decodes words could not be begun.")

    def _start(self) -> _Running:
        """A process with its model. Raises one of `_GONE` where it ends meanwhile."""
        manager = _Manager(ctx=multiprocessing.get_context("spawn"))  # a fork would copy locks that are held
        try:
            with _killed_after(BEGIN_S, lambda: _process(manager)):
                manager.start(_settle_in)
                process, end = _taken_over(manager)
                decoder = manager.decoder()  # type: ignore[attr-defined]
                decoder.load(self._settings)
        except BaseException:  # Ctrl-C too: Python would wait for ever for a process that nobody ends
            _abandon(manager)
            raise
        return _Running(manager, process, decoder, end)


def _answer(running: _Running, question: Callable[[Any], Any], patience_s: float) -> Any:
    with _killed_after(patience_s, lambda: running.process):
        return question(running.decoder)


@contextmanager
def _killed_after(seconds: float, process: Callable[[], BaseProcess | None]) -> Iterator[None]:
    """Kill the process where the context takes longer: whoever waits for it then meets its end, a `_HungError`."""
    hung = threading.Event()

    def kill() -> None:
        if (hanging := process()) is not None:
            logger.warning("The process that decodes words did not answer for %.0f s and is killed.", seconds)
            hung.set()
            hanging.kill()

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    except _GONE as error:
        if hung.is_set():
            raise _HungError from error
        raise
    finally:
        timer.cancel()


def _weight(error: Exception) -> int:
    """How many of the tries an end of the process counts for."""
    return 2 if isinstance(error, _HungError) else 1


def _taken_over(manager: _Manager) -> tuple[BaseProcess, Callable[[], None]]:
    """A manager's process, and what kills it. The manager would ask it to end, which one that hangs never does."""
    process = _process(manager)
    assert process is not None
    manager.shutdown.cancel()
    end = weakref.finalize(manager, _kill, process, str(manager.address))
    end.atexit = False
    atexit.register(end)  # which is before `multiprocessing` waits for its processes
    return process, end


def _abandon(manager: _Manager) -> None:
    """End the process of a manager, however far it came."""
    process = _process(manager)
    if process is not None and process.pid is not None:
        _kill(process, str(manager.address))


def _kill(process: BaseProcess, address: str) -> None:
    process.kill()
    process.join(KILL_S)
    if (socket := Path(address)).is_socket():
        shutil.rmtree(socket.parent, ignore_errors=True)  # its own folder, which it cannot remove any more


def _process(manager: _Manager) -> BaseProcess | None:
    """The process of a manager, None before it was begun."""
    process: BaseProcess | None = getattr(manager, "_process", None)
    return process


def _settle_in() -> None:
    """First thing a new process runs."""
    if hasattr(os, "nice"):
        os.nice(STEP_BACK)
    bound_threads()
    atexit.register(os._exit, 0)  # at once: CTranslate2's threads cannot be taken down one by one at that point
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        shutil.rmtree(get_temp_dir(), ignore_errors=True)  # of this process's socket
        os._exit(1)
