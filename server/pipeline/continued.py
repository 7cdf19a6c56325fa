"""A core that goes on with a call whose first part was followed by another process, which died.

In: where the call stood (`Continuation`), then samples and answers as for any core, from stream time `start` on. Out:
the same as of any core, on the call's own stream time and with its own numbers of turns, and nothing that was found
before. Between `start` and `known` the audio comes a second time: an open turn is heard again from its beginning, turns
that had ended without words are cut out and decoded, and turns that had ended are not heard again. What grows over a
call (dynamics, the usual voice, the trend) begins anew, voice activity too: where speech is faint, turns after the
break may be cut another way than they would have been. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeAlias, TypeVar

import numpy as np

from audio.frame import Channel, Samples, to_samples
from audio.speech.turns import Turn, TurnEnded, TurnStarted
from coach.types import JudgedTrend, ShownTrend
from models.tone.types import ToneJob
from models.words.decode_requests import ROOM_S
from models.words.types import Transcript, WordsJob
from server.pipeline.core import Core, Output, Result

LEAD_S = 1.0  # seconds of audio before a turn, with which voice activity finds its feet
SURE_S = 1.0  # seconds within which an open turn is found again, or it is taken to have ended where it began

AnyCore: TypeAlias = "Core | ContinuedCore"

_TIMES = {"at", "start", "end", "until", "samples_start"}
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Continuation:
    """Where a call stood. All in stream time, in samples."""

    start: int  # audio comes again from here
    known: int  # up to here all was found, but for what follows
    judged: int  # up to here the trend was judged: it waits for tone and words
    turns: Mapping[Channel, int]  # how many began on each channel
    open: Mapping[Channel, TurnStarted]  # those that had not ended: the last of their channels
    wordless: Sequence[TurnEnded]  # those that had ended, but not got their words
    quiet_until: Mapping[Channel, int]  # where the last turn that had ended did so


class ContinuedCore:
    """The doors are those of `Core`."""

    def __init__(self, core: Core, before: Continuation) -> None:
        """`core` is a new one."""
        self.start = before.start  # the stream time at which its audio begins
        self._core = core
        self._before = before
        self._channels = {channel: _Channel(channel, before) for channel in before.turns}
        self._wordless = {_key(ended.turn) for ended in before.wordless}

    @property
    def now(self) -> int:
        """Stream time followed so far; it does not go back."""
        return max(self._before.known, self._before.start + self._core.now)

    @property
    def waiting(self) -> int:
        return self._core.waiting

    def feed(self, channel: Channel, samples: Samples) -> list[Output]:
        side = self._channels[channel]
        jobs, heard = side.feed(samples)
        return [*jobs, *self._passed(self._core.feed(channel, heard)), *side.given_up(self.now)]

    def flush(self) -> list[Output]:
        rest = [output for side in self._channels.values() for output in side.flush(self.now)]
        return [*self._passed(self._core.flush()), *rest]

    def answer(self, result: Result) -> list[Output]:
        if isinstance(result, Transcript) and result.final and _key(result.turn) in self._wordless:
            self._wordless.discard(_key(result.turn))
            return [result]
        if isinstance(result, Transcript):
            result = replace(result, turn=self._channels[result.channel].local(result.turn))
        return self._passed(self._core.answer(_shifted(result, -self._before.start)))

    def switch_cues(self, on: bool) -> None:
        self._core.switch_cues(on)

    def _passed(self, outputs: Iterable[Output]) -> list[Output]:
        """What is new of the core's outputs, as the call counts time and turns."""
        passed: list[Output] = []
        for output in (_shifted(output, self._before.start) for output in outputs):
            match output:
                case TurnStarted():
                    passed += self._channels[output.channel].started(output)
                case TurnEnded() | Transcript() | WordsJob():
                    passed.append(replace(output, turn=self._channels[output.turn.channel].global_(output.turn)))
                case ToneJob():  # each, also where nothing is told of it: ticks wait for its answer
                    passed.append(output)
                case JudgedTrend() if output.trend.at <= self._before.known:
                    if output.trend.at > self._before.judged:
                        passed.append(output)
                case _ if _at(output) > self._before.known:
                    passed.append(output)
        return passed


class _Channel:
    """One channel of a call that goes on: what of its audio is heard again, and what its turns are called."""

    def __init__(self, channel: Channel, before: Continuation) -> None:
        self._at = before.start  # stream time of the samples that come next
        self._open = before.open.get(channel)
        self._searched = self._open  # not found again yet
        self._offset = before.turns[channel] - (self._open is not None)  # between the core's number of a turn and ours
        self._begun = 0  # turns, by the core
        self._hears_from = before.quiet_until.get(channel, 0)  # nothing was found since, or only the open turn
        self._wordless = [ended for ended in before.wordless if ended.turn.channel is channel]
        self._kept: list[Samples] = []  # the audio of those, from `start` on
        self._start = before.start

    def feed(self, samples: Samples) -> tuple[list[Output], Samples]:
        """Jobs for the turns without words whose audio is complete, and what the core is to hear."""
        if self._wordless:
            self._kept.append(samples)
        muted = min(max(self._hears_from - self._at, 0), len(samples))
        self._at += len(samples)
        if muted:
            samples = np.concatenate([np.zeros(muted, np.float32), samples[muted:]])
        return self._jobs(self._at), samples

    def started(self, started: TurnStarted) -> list[Output]:
        """A turn that began, unless it is the one that was open."""
        searched, self._searched = self._searched, None
        self._begun += 1
        if searched is None:
            return [replace(started, index=started.index + self._offset)]
        if started.start <= searched.start + to_samples(SURE_S):
            return []
        self._open = None
        self._offset += 1
        return [*_closed(searched, started.at), replace(started, index=started.index + self._offset)]

    def given_up(self, now: int) -> list[Output]:
        """The end of an open turn that is not to be found again, once that is clear."""
        searched = self._searched
        if searched is None or self._at < searched.start + 2 * to_samples(SURE_S):
            return []
        return self._close(searched, now)

    def flush(self, now: int) -> list[Output]:
        """The audio is over: what was waited for does not come."""
        out = self._jobs(self._at, last=True)
        return out + (self._close(self._searched, now) if self._searched else [])

    def global_(self, turn: Turn) -> Turn:
        """A turn of the core's as the call calls it."""
        index = turn.index + self._offset
        if self._open and index == self._open.index:
            return Turn(turn.channel, index, self._open.start, turn.end)
        return replace(turn, index=index)

    def local(self, turn: Turn) -> Turn:
        return replace(turn, index=turn.index - self._offset)

    def _close(self, searched: TurnStarted, now: int) -> list[Output]:
        self._searched = self._open = None
        self._offset += 1
        return _closed(searched, now)

    def _jobs(self, until: int, last: bool = False) -> list[Output]:
        jobs: list[Output] = []
        while self._wordless and (last or self._wordless[0].at <= until):
            ended = self._wordless.pop(0)
            room = to_samples(ROOM_S)
            start = max(ended.turn.start - room, self._start)
            end = min(ended.turn.end + (0 if ended.cut else room), ended.at, until)
            audio = np.concatenate(self._kept) if self._kept else np.zeros(0, np.float32)
            samples = audio[start - self._start : max(end - self._start, 0)]
            jobs.append(WordsJob(ended.at, ended.turn, True, samples, start))
        if not self._wordless:
            self._kept = []
        return jobs


def _closed(started: TurnStarted, at: int) -> list[Output]:
    """The end of a turn of which only its beginning was found."""
    ended = TurnEnded(at, Turn(started.channel, started.index, started.start, started.at), cut=False)
    return [ended, Transcript(at, ended.turn, True, ())]


def _at(output: Output) -> int:
    return output.trend.at if isinstance(output, ShownTrend | JudgedTrend) else output.at


def _shifted(value: _Value, by: int) -> _Value:
    """The same, with every stream time in it moved; what is a duration stays."""
    shifted: _Value = _moved(value, by)
    return shifted


def _moved(value: Any, by: int) -> Any:
    if isinstance(value, tuple):
        return tuple(_moved(item, by) for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changes: dict[str, Any] = {}
    for field in fields(value):
        old = getattr(value, field.name)
        if field.name in _TIMES:
            changes[field.name] = old + by
        elif field.name == "talk_overs":
            changes[field.name] = tuple((start + by, end + by) for start, end in old)
        elif is_dataclass(old) or isinstance(old, tuple):
            changes[field.name] = _moved(old, by)
    return replace(value, **changes)


def _key(turn: Turn) -> tuple[Channel, int]:
    return turn.channel, turn.index
