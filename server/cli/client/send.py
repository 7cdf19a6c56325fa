"""Feeding a call from a source to its end: `replay`, `listen` and `demo` are this around a source.

They go the same way as any other feed. The caller's thread draws from the source and hears Ctrl-C; one more holds on to
the server, through breaks of the line and restarts of the server.
"""

import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from audio.frame import to_seconds
from audio.sources.source import Pcm, Source
from server.cli.client.feeding import PATIENCE_S, Feeding, Say, Show
from server.cli.client.link import Link
from server.cli.client.outbox import FromFeed, Outbox
from server.protocol.messages import NoteMessage, StartMessage

NAP_S = 0.1  # seconds until Ctrl-C is looked at
_LONGEST_NOTE = 1000  # characters


def send_call(
    link: Link,
    start: StartMessage,
    said: Iterable[FromFeed],
    show: Show,
    say: Say = lambda _: None,
    interrupted: Callable[[], bool] = lambda: False,
    live: bool = False,
    patience_s: float = PATIENCE_S,
) -> None:
    """Feed one call to its end, and show everything that the server tells about it, as it comes.

    `say` gets a line where the server is lost and where it is back. While it is away, `interrupted` ends the call at
    once. A `live` source cannot wait: what it says meanwhile is kept. Raises `LinkError` if the server refuses the
    call, or goes away for longer than `patience_s`. It keeps what it had stored by then.
    """
    outbox = Outbox(start.rate, 2 * len(start.layout.channels), live)
    feeding = Feeding(link, start, outbox, show, say, patience_s)
    with ThreadPoolExecutor(1, "client") as thread:
        done = thread.submit(feeding.run)
        try:
            _put_all(said, outbox, lambda: done.done() or (interrupted() and not feeding.connected))
            outbox.complete()
            _wait_for_the_end(done, feeding, interrupted)
        except KeyboardInterrupt:
            feeding.give_up()
            raise
        except BaseException:  # the source failed: its call ends in order
            outbox.complete()
            _wait_for_the_end(done, feeding, interrupted)
            raise
        done.result()


def as_said(source: Source, blocks: Iterable[Pcm]) -> Iterator[FromFeed]:
    """What a feed sends of a source: its blocks, and its notes as they come up."""
    sent = 0

    def notes() -> Iterator[NoteMessage]:
        nonlocal sent
        for note in source.notes[sent:]:
            sent += 1
            yield NoteMessage(to_seconds(note.at), note.text[:_LONGEST_NOTE])

    for pcm in blocks:
        yield pcm.astype("<i2").tobytes()
        yield from notes()
    yield from notes()


@contextmanager
def until_interrupted() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, or the system asked us to end: for loops that end a call in order."""
    asked = False

    def ask(_number: int, _frame: object) -> None:
        nonlocal asked
        asked = True
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        restore()


def _put_all(said: Iterable[FromFeed], outbox: Outbox, ended: Callable[[], bool]) -> None:
    for item in said:
        while not outbox.put(item, NAP_S):
            if ended():
                return
        if ended():
            return


def _wait_for_the_end(done: Future[None], feeding: Feeding, interrupted: Callable[[], bool]) -> None:
    while not wait([done], NAP_S).done:
        if interrupted() and not feeding.connected:
            feeding.give_up()
