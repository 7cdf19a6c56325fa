"""What a live call does on the sound thread: its intake, its core, and the recording of its raw audio.

In: PCM16 as the feed sends it, results of the slow models, commands. Out: messages for the journal and jobs for the
workers, in order. Synchronous; everything in here belongs to one thread. A pause is heard as one second of silence, so
that what was said before it is complete and nothing after it is joined on; the audio in between is never seen here.
"""

import logging
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import numpy as np

from audio.frame import Channel, Samples, to_seconds
from audio.intake import Intake
from models.tone.types import ToneJob, ToneReading
from models.words.types import WordsJob
from server.pipeline.core import Core, Job, Output, Result, no_result
from server.protocol.calls import CallInfo
from server.protocol.events import AnyDurable, AnyEphemeral
from server.protocol.events.call import (
    CuesSwitchedMessage,
    DeviceChangedMessage,
    NotedMessage,
    PausedMessage,
    ResumedMessage,
)
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import DeviceMessage, NoteMessage
from server.protocol.translate import message
from server.store.recordings import Recording

PAUSE_S = 1  # seconds of silence: longer than the hang-over that ends a turn

Told: TypeAlias = list[AnyDurable | AnyEphemeral | Job]
logger = logging.getLogger(__name__)


class LiveSession:
    def __init__(self, call: CallInfo, core: Core, audio: Path | None) -> None:
        """`audio` is where raw audio is to be kept, None where it is not."""
        self._call = call
        self._channels = call.layout.channels
        self._intake = Intake(call.rate, self._channels)
        self._core = core
        self._audio = audio
        self._recording: Recording | None = None  # opened by the first audio
        self._failing: set[type[Job]] = set()  # whose last job failed: told once, not every half second

    @property
    def now(self) -> float:
        """Stream time heard so far, in seconds."""
        return to_seconds(self._core.now)

    def hear(self, pcm: bytes) -> Told:
        """Hear whole frames of PCM16, little-endian, interleaved."""
        told = self._record(pcm)
        blocks = np.frombuffer(pcm, "<i2").reshape(-1, len(self._channels))
        return told + _told(self._step(self._intake.feed(blocks)))

    def take(self, result: Result) -> Told:
        self._failing.discard(ToneJob if isinstance(result, ToneReading) else WordsJob)
        return _told(self._core.take(result))

    def do_without(self, job: Job, error: BaseException) -> Told:
        """Go on where a model failed: no reading, or no words, and one sentence about it."""
        told = _told(self._core.take(no_result(job)))
        if type(job) in self._failing:
            return told
        self._failing.add(type(job))
        logger.error("a %s failed", type(job).__name__, exc_info=error)
        model = "tone" if isinstance(job, ToneJob) else "words"
        text = f"The {model} model failed at {to_seconds(job.at)} s: {error}. The call goes on without that {model}."
        return [ErrorMessage(ErrorCode.MODEL_FAILED, text), *told]

    def pause(self) -> Told:
        silence = bytes(2 * len(self._channels) * self._call.rate * PAUSE_S)
        return [*self.hear(silence), PausedMessage(self.now)]

    def resume(self) -> Told:
        return [ResumedMessage(self.now)]

    def switch_cues(self, on: bool) -> Told:
        self._core.switch_cues(on)
        return [CuesSwitchedMessage(self.now, on)]

    def device(self, device: DeviceMessage) -> Told:
        return [
            DeviceChangedMessage(self.now, device.channel, device.present, device.dropped, device.overruns),
        ]

    def note(self, note: NoteMessage) -> Told:
        return [NotedMessage(min(note.at, self.now), note.text)]  # what lies ahead would hide all that comes before

    def finish(self) -> Told:
        """Hear what is left. Results that are still out may be taken afterwards."""
        rest = self._step(self._intake.flush())
        rest += [output for row in self._core.rest() for output in self._core.step(row)]
        self.close()
        return _told([*rest, *self._core.finish()])

    def close(self) -> None:
        """Close the recording, if there is one. The header on disk is right already, so a full disk is no matter."""
        if self._recording:
            with suppress(OSError):
                self._recording.close()
            self._recording = None

    def _step(self, audio: Iterable[tuple[Channel, Samples]]) -> list[Output]:
        return [
            output
            for channel, samples in audio
            for row in self._core.rows(channel, samples)
            for output in self._core.step(row)
        ]

    def _record(self, pcm: bytes) -> Told:
        if self._audio is None:
            return []
        try:
            self._recording = self._recording or Recording(self._audio, self._call.rate, len(self._channels))
            self._recording.write(pcm)
        except OSError as error:
            self._audio = None
            text = f"The raw audio is kept up to {self.now} s only ({error.strerror}); the call itself goes on."
            return [ErrorMessage(ErrorCode.AUDIO_NOT_KEPT, text)]
        return []


def _told(outputs: Iterable[Output]) -> Told:
    return [output if isinstance(output, ToneJob | WordsJob) else message(output) for output in outputs]
