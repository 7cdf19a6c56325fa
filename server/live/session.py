"""What a live call does on the sound thread: its intake, its core, and the recording of its raw audio.

In: steps (`server.live.steps`). Out: messages for the journal and jobs for the models, in order. Synchronous;
everything in here belongs to one thread. A pause becomes one second of silence, so that what was said before it is
complete and nothing after it is joined on; the audio in between never comes here.
"""

import logging
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import numpy as np

from audio.frame import SAMPLE_RATE, Channel, Samples, to_samples, to_seconds
from audio.intake import Intake
from audio.speech.turns import TurnEnded, TurnStarted
from models.tone.types import ToneJob, ToneReading
from models.words.types import Transcript, WordsJob
from server.live.steps import Audio, Failure, Finish, Pause, Resume, Step
from server.pipeline.continued import AnyCore
from server.pipeline.core import Job, Output, no_result
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
from server.protocol.messages import DeviceMessage, NoteMessage, SwitchCuesMessage
from server.protocol.translate import message
from server.store.recordings import Recording

AGAIN = to_samples(60)  # stream time after which a model that fails now and then is reported again
PAUSE_S = 1  # seconds of silence: longer than the hang-over that ends a turn

SessionOutput: TypeAlias = AnyDurable | AnyEphemeral | Job
logger = logging.getLogger(__name__)


class LiveSession:
    def __init__(self, call: CallInfo, core: AnyCore, audio: Path | None, silence_ends_s: float = 0) -> None:
        """`audio` is where raw audio is to be kept, None where it is not. Where nobody speaks for `silence_ends_s`
        seconds of audio the call is finished, as if a `Finish` had come; 0: it goes on."""
        self.finished = False  # no more audio or commands are taken
        self._call = call
        self._channels = call.layout.channels
        self._intake = Intake(call.rate, self._channels)
        self._core = core
        self._audio = audio
        self._recording: Recording | None = None  # opened by the first audio
        self._recorded = round(to_seconds(core.start) * call.rate)  # frames that the recording has already
        self._frames = 0  # taken so far, at the call's own rate
        self._silence = to_samples(silence_ends_s)
        self._speaking: set[Channel] = set()
        self._voice_at = core.now  # stream time at which somebody was last heard to speak
        self._failing: set[type[Job]] = set()  # models whose last job failed: reported once, not every half second
        self._told_at: dict[type[Job], int] = {}  # stream time

    @property
    def now(self) -> float:
        """Stream time so far, in seconds."""
        return to_seconds(self._core.now)

    def feed(self, step: Step) -> list[SessionOutput]:
        """Take the call's next step: the messages and jobs that come of it, in order."""
        match step:
            case ToneReading() | Transcript():
                self._failing.discard(ToneJob if isinstance(step, ToneReading) else WordsJob)
                return _messages(self._core.answer(step))
            case Failure():
                return self._without(step)
            case _ if self.finished:
                return []
            case Audio():
                return self._feed_audio(step.pcm)
            case Pause():
                silence = bytes(2 * len(self._channels) * self._call.rate * PAUSE_S)
                return [*self._feed_audio(silence), PausedMessage(self.now, step.frame)]
            case Resume():
                return [ResumedMessage(self.now, step.frame)]
            case SwitchCuesMessage():
                self._core.switch_cues(step.on)
                return [CuesSwitchedMessage(self.now, step.on)]
            case DeviceMessage():
                return [DeviceChangedMessage(self.now, step.channel, step.present, step.dropped, step.overruns)]
            case NoteMessage():
                return [NotedMessage(min(step.at, self.now), step.text)]  # a later one would hide all that comes before
            case Finish():
                return self._finish()

    def _feed_audio(self, pcm: bytes) -> list[SessionOutput]:
        """Follow audio. Whether to end for silence is asked at each whole second, so that no cut makes a difference."""
        outputs = list[SessionOutput]()
        frame, rate = 2 * len(self._channels), self._call.rate
        while pcm and not self.finished:
            most = (rate - self._frames % rate) * frame
            part, pcm = pcm[:most], pcm[most:]
            self._frames += len(part) // frame
            outputs += self._record(part)
            blocks = np.frombuffer(part, "<i2").reshape(-1, len(self._channels))
            outputs += self._followed(self._core_outputs(self._intake.feed(blocks)))
            if self._frames % rate == 0 and self._is_silent():
                outputs += self._finish()
        return outputs

    def _followed(self, outputs: list[Output]) -> list[SessionOutput]:
        """The messages of what the core found, having noticed who speaks."""
        for output in outputs:
            match output:
                case TurnStarted():
                    self._speaking.add(output.channel)
                case TurnEnded():
                    self._speaking.discard(output.turn.channel)
                    self._voice_at = output.at
        return _messages(outputs)

    def _is_silent(self) -> bool:
        now = self._core.start + self._frames * SAMPLE_RATE // self._call.rate
        return self._silence > 0 and not self._speaking and now - self._voice_at >= self._silence

    def _without(self, failure: Failure) -> list[SessionOutput]:
        """Go on where a model failed: no reading, or no words, and one sentence about it."""
        job, error = failure.job, failure.error
        messages = _messages(self._core.answer(no_result(job)))
        told_at = self._told_at.get(type(job))
        if type(job) in self._failing or (told_at is not None and self._core.now - told_at < AGAIN):
            return messages
        self._failing.add(type(job))
        self._told_at[type(job)] = self._core.now
        logger.error("a %s failed", type(job).__name__, exc_info=error)
        model = "tone" if isinstance(job, ToneJob) else "words"
        text = f"The {model} model failed at {to_seconds(job.at)} s: {error}. The call goes on without that {model}."
        return [ErrorMessage(ErrorCode.MODEL_FAILED, text), *messages]

    def _finish(self) -> list[SessionOutput]:
        """Take in what the filters still hold, and end the open turns."""
        rest = self._core_outputs(self._intake.flush())
        self.close()
        self.finished = True
        return _messages([*rest, *self._core.flush()])

    def close(self) -> None:
        """Close the recording, if there is one. The header on disk is right already, so a full disk does no harm."""
        if self._recording:
            with suppress(OSError):
                self._recording.close()
            self._recording = None

    def _core_outputs(self, audio: Iterable[tuple[Channel, Samples]]) -> list[Output]:
        return [output for channel, samples in audio for output in self._core.feed(channel, samples)]

    def _record(self, pcm: bytes) -> list[SessionOutput]:
        if self._audio is None:
            return []
        try:
            self._recording = self._recording or Recording(
                self._audio, self._call.rate, len(self._channels), self._recorded
            )
            self._recording.write(pcm)
        except OSError as error:
            self._audio = None
            text = f"The raw audio is kept up to {self.now} s only ({error.strerror}); the call itself goes on."
            return [ErrorMessage(ErrorCode.AUDIO_NOT_KEPT, text)]
        return []


def _messages(outputs: Iterable[Output]) -> list[SessionOutput]:
    return [output if isinstance(output, ToneJob | WordsJob) else message(output) for output in outputs]
