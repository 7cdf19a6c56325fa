"""Analysis: a recorded call goes through the pipeline as fast as it can, and into the store.

In: a recording. Out: a `Result`, the same as a live call's. Events go to the store page by page while the call is
followed, and the audio beside them where it is to be kept, so memory holds one page however long the call; only the
result is gathered, at the end. Until then the call counts as interrupted, which is what it is if nothing comes after.
Where somebody deletes it meanwhile, the analysis stops and nothing of it stays.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from msgspec import structs

from audio.frame import to_seconds
from audio.intake import Intake
from audio.sources.files import Recording
from audio.sources.source import Pcm
from server.live.registry import Engine
from server.pipeline.look_ahead import LookAheadPipeline
from server.protocol.calls import CallInfo, CallState
from server.protocol.events import AnyDurable, AnyEphemeral
from server.protocol.events.base import DurableMessage
from server.protocol.events.call import CallEndedMessage, CallStartedMessage, EndReason, NotedMessage
from server.protocol.ids import call_id, checked_agent, fit_title, layout_of
from server.protocol.messages import read_from_server
from server.protocol.translate import message
from server.store.numbering import Numbering, Stored
from server.store.recordings import Recording as KeptAudio
from server.store.report import Result, gather
from server.store.store import CallDeletedError, NotStoredError, Store

_PAGE = 500  # events


def analyze(
    recording: Recording,
    title: str,
    agent: str,
    engine: Engine,
    store: Store,
    keep_audio: bool,
    progress_s: Callable[[float], None],
) -> Result:
    """Hear a recording and keep what was found, and the audio if asked. `progress_s` gets the seconds so far. The
    title may be any text, such as a file's name.

    Raises
    ------
    AgentNameError
        Where the agent cannot be called so.
    CallDeletedError
        Where the call was deleted meanwhile.
    CalmlineError
        Where the file cannot be read on, or the store takes no more.
    """
    call = CallInfo(
        id=call_id(title),
        agent=checked_agent(agent),
        title=fit_title(title),
        layout=layout_of(recording),
        rate=recording.rate,
        started_at=datetime.now(UTC),
        state=CallState.INTERRUPTED,
        keep_audio=keep_audio,
    )
    pages = _Pages(call, store)
    try:
        ended = _follow(recording, call, pages, engine, store, progress_s)
    except CallDeletedError:
        store.delete(call.id)  # the audio may have been begun after the call was deleted
        raise
    kept = (read_from_server(event.json) for event in store.events(call.id))
    return gather(ended, (event for event in kept if isinstance(event, DurableMessage)))


def _follow(
    recording: Recording,
    call: CallInfo,
    pages: "_Pages",
    engine: Engine,
    store: Store,
    progress_s: Callable[[float], None],
) -> CallInfo:
    """Keep everything that is found in a recording; the call as it ended."""
    pages.tell([CallStartedMessage(0, analysed=True)])
    blocks = _keeping(recording, store.audio_path(call.id)) if call.keep_audio else recording.blocks()
    with LookAheadPipeline(recording.layout, engine.settings, engine.rules, engine.models) as pipeline:
        for messages in _through(recording, blocks, pipeline):
            pages.tell(messages)
            progress_s(pipeline.now)
    pages.tell(NotedMessage(to_seconds(note.at), note.text) for note in recording.notes)
    pages.tell([CallEndedMessage(pipeline.now, EndReason.STOPPED)])
    ended = structs.replace(call, state=CallState.ENDED, duration=pipeline.now, ended_at=datetime.now(UTC))
    pages.close(ended)
    return ended


def _keeping(recording: Recording, path: Path) -> Iterator[Pcm]:
    """The blocks of a recording, each written down before it is handed out. Raises `NotStoredError`."""
    try:
        with closing(KeptAudio(path, recording.rate, len(recording.layout))) as kept:
            for block in recording.blocks():
                kept.write(block.astype("<i2").tobytes())
                yield block
    except OSError as error:
        raise NotStoredError(f"The audio of the call cannot be kept at {path}: {error.strerror}.") from error


def _through(
    recording: Recording, blocks: Iterable[Pcm], pipeline: LookAheadPipeline
) -> Iterator[Iterable[AnyDurable | AnyEphemeral]]:
    """What the pipeline tells of a recording, block by block."""
    intake = Intake(recording.rate, recording.layout)
    for block in blocks:
        for channel, samples in intake.feed(block):
            yield map(message, pipeline.feed(channel, samples))
    for channel, samples in intake.flush():
        yield map(message, pipeline.feed(channel, samples))
    yield from (map(message, events) for events in pipeline.flush())


class _Pages:
    """Numbers the events of a call and keeps them, page by page. Raises `CallDeletedError` once it was deleted."""

    def __init__(self, call: CallInfo, store: Store) -> None:
        self._call, self._store = call, store
        self._numbering = Numbering()
        self._page: list[Stored] = []
        store.keep(call)

    def tell(self, messages: Iterable[AnyDurable | AnyEphemeral]) -> None:
        self._page += self._numbering.number(messages)
        if len(self._page) >= _PAGE:
            self._turn(self._call)

    def close(self, call: CallInfo) -> None:
        """Keep the last page, and the call as it ended."""
        self._turn(call)

    def _turn(self, call: CallInfo) -> None:
        self._store.extend(call, self._page)
        self._page = []
