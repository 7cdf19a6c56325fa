"""The steps of a live call: everything that happens to one, as values in one queue.

Made on the event loop by `LiveCall`, taken on the sound thread by `LiveSession.feed`, in order. Audio and commands come
from the feed and the pages, results and failures from the slow models; commands are the wire's own messages, but for
pauses, which know where in the feed's audio they are.
"""

from dataclasses import dataclass
from typing import TypeAlias

from server.pipeline.core import Job, Result
from server.protocol.messages import DeviceMessage, NoteMessage, PauseMessage, ResumeMessage, SwitchCuesMessage


@dataclass(frozen=True, slots=True)
class Audio:
    pcm: bytes  # whole frames of PCM16, little-endian, interleaved


@dataclass(frozen=True, slots=True)
class Pause:
    frame: int  # of the feed's audio, with which it begins


@dataclass(frozen=True, slots=True)
class Resume:
    frame: int  # of the feed's audio, with which the call goes on


@dataclass(frozen=True, slots=True)
class Failure:
    """A model gave no result for a job."""

    job: Job
    error: BaseException


@dataclass(frozen=True, slots=True)
class Finish:
    """No more audio comes. Results of jobs that are still out may follow."""


Command: TypeAlias = PauseMessage | ResumeMessage | SwitchCuesMessage | DeviceMessage | NoteMessage  # as they come
Input: TypeAlias = Audio | Pause | Resume | SwitchCuesMessage | DeviceMessage | NoteMessage | Finish
Step: TypeAlias = Input | Result | Failure
