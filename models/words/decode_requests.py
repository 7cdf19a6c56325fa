"""Utterances of one channel, cut out of its history as jobs for the words model.

In: turns as they start and end, the passing of stream time, and what came of the jobs. Out: `WordsJob`s: partials while
a turn runs, so that words can be read along, and a final one when it has ended. State: the open turn with the words
confirmed in it, and where the turn before ended. Pure; runs on whatever thread feeds it. Final jobs are cut by stream
time alone: the same audio gives the same ones. Partials hear the last seconds only, so that a long turn costs no more.
"""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from audio.frame import to_samples
from audio.history import History
from audio.ranges import Span
from audio.turns import Turn, TurnEnded, TurnEvent, TurnStarted
from models.words.agreement import Agreement
from models.words.types import Transcript, Word, WordsJob


@dataclass(frozen=True, slots=True)
class DecodeRequestSettings:
    first_partial_s: Span = 0.4  # seconds of a turn after which its first words are asked for
    partial_every_s: Span = 0.3  # seconds between partials of a turn; a busy machine leaves some out
    # seconds that a partial hears: beyond, the oldest confirmed words are left out
    partial_most_s: Annotated[float, Meta(ge=1, le=29)] = 6.0
    partial_least_s: Annotated[float, Meta(ge=0, le=29)] = 2.0  # seconds of them that are always kept
    # seconds of audio before and after the turn: word ends are fainter than the VAD hears; Whisper hears 30 s in all
    room_s: Annotated[float, Meta(ge=0, le=0.5)] = 0.2

    def __post_init__(self) -> None:
        """Raises `ValueError` where two settings contradict each other."""
        if self.partial_least_s > self.partial_most_s:
            least, most = f"partial_least_s ({self.partial_least_s:g})", f"partial_most_s ({self.partial_most_s:g})"
            raise ValueError(f"expected {least} to be no more than {most}")


@dataclass(slots=True)
class _Open:
    """A turn that runs, or whose final words are still out."""

    started: TurnStarted
    hears_from: int  # stream time from which its partials hear
    running: bool = True
    agreement: Agreement = field(default_factory=Agreement)


class DecodeRequests:
    """The words jobs of one channel. Append to the history first, then `feed` turn events and `tick`."""

    def __init__(self, settings: DecodeRequestSettings, history: History) -> None:
        self._settings = settings
        self._history = history
        self._open: _Open | None = None
        self._next_partial = 0  # stream time
        self._taken = 0  # stream time up to which finals have gone out: no word is heard twice

    def feed(self, event: TurnEvent) -> list[WordsJob]:
        """Take a turn's start or end: the end gives its final job."""
        if isinstance(event, TurnStarted):
            self._open = _Open(event, self._begin(event.start))
            self._next_partial = event.start + to_samples(self._settings.first_partial_s)
            return []
        if self._open:
            self._open.running = False
        return [self._final(event)]

    def tick(self, now: int) -> list[WordsJob]:
        """Stream time has come to `now`: a partial job where one is due."""
        so_far = self._open
        if so_far is None or not so_far.running or now < self._next_partial:
            return []
        self._next_partial = now + to_samples(self._settings.partial_every_s)
        turn = Turn(so_far.started.channel, so_far.started.index, so_far.started.start, now)
        samples = self._history.cut(so_far.hears_from, now)
        return [WordsJob(now, turn, False, samples, so_far.hears_from)]

    def take(self, result: Transcript) -> Transcript | None:
        """What is to be told of a job's result: final words as they are, partial ones with how many are confirmed.

        Nothing where a partial comes after the final words of its turn.
        """
        so_far = self._open if self._open and self._open.started.index == result.turn.index else None
        if result.final:
            self._open = None if so_far else self._open
            return result
        if so_far is None:
            return None
        words = so_far.agreement.hear(result.words)
        confirmed = so_far.agreement.confirmed
        if result.turn.end - so_far.hears_from > to_samples(self._settings.partial_most_s):
            latest = result.turn.end - to_samples(self._settings.partial_least_s)
            so_far.hears_from = _widest_gap(confirmed, so_far.hears_from, latest)
        return replace(result, words=words, confirmed=len(confirmed))

    def _final(self, ended: TurnEnded) -> WordsJob:
        """A turn that was cut gets no room after it: the speaker goes on, and the next job begins there."""
        room = 0 if ended.cut else to_samples(self._settings.room_s)
        start, end = self._begin(ended.turn.start), min(ended.turn.end + room, ended.at)
        self._taken = ended.turn.end
        return WordsJob(ended.at, ended.turn, True, self._history.cut(start, end), start)

    def _begin(self, turn_start: int) -> int:
        return max(turn_start - to_samples(self._settings.room_s), self._taken)


def _widest_gap(words: tuple[Word, ...], first: int, last: int) -> int:
    """The middle of the widest gap between words, the later of two alike; `first` where none lies before `last`."""
    gaps = [(b.start - a.end, (a.end + b.start) // 2) for a, b in pairwise(words) if first < a.end and b.start <= last]
    return max(gaps, default=(0, first))[1]
