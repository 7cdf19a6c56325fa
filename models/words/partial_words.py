"""Partial words: what a turn says while it still runs, so that its words can be read along.

In: turns as they start and end, the passing of stream time, and what came of the jobs. Out: partial `WordsJob`s, and
partial `Transcript`s with how many of their words are confirmed. State: the open turn and its confirmed words. A stage
of its own beside the rest, since a job depends on when results came: nothing that is final depends on this. Partials
cover the last seconds of a turn only, so that a long one costs no more. Pure; runs on whatever thread feeds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Annotated

from msgspec import Meta

from audio.frame import to_samples
from audio.ranges import Span
from audio.speech.history import History
from audio.speech.turns import Turn, TurnEvent, TurnStarted
from models.words.agreement import Agreement
from models.words.decode_requests import Room
from models.words.types import Transcript, Word, WordsJob


@dataclass(frozen=True, slots=True)
class PartialWordsSettings:
    first_s: Span = 0.4  # seconds of a turn after which its first words are asked for
    every_s: Span = 0.3  # seconds between partials of a turn; a busy machine leaves some out
    # seconds that a partial covers: beyond, the oldest confirmed words are left out
    longest_s: Annotated[float, Meta(ge=1, le=29)] = 6.0
    shortest_s: Annotated[float, Meta(ge=0, le=29)] = 2.0  # seconds of them that are always kept

    def __post_init__(self) -> None:
        """Raises `ValueError` where two settings contradict each other."""
        if self.shortest_s > self.longest_s:
            shortest, longest = f"shortest_s ({self.shortest_s:g})", f"longest_s ({self.longest_s:g})"
            raise ValueError(f"expected {shortest} to be no more than {longest}")


@dataclass(slots=True)
class _OpenTurn:
    """A turn that runs, or whose final words are still out."""

    started: TurnStarted
    begin: int  # stream time from which its partials are decoded
    running: bool = True
    agreement: Agreement = field(default_factory=Agreement)


class PartialWords:
    """Of one channel. `feed` its turn events, then ask what is `due`; `answer` with results as they come."""

    def __init__(self, settings: PartialWordsSettings, history: History) -> None:
        self._settings = settings
        self._history = history
        self._open: _OpenTurn | None = None
        self._due = 0  # stream time of the next partial
        self._room = Room()

    def feed(self, events: Sequence[TurnEvent]) -> None:
        """Follow the turns of the channel."""
        for event in events:
            if isinstance(event, TurnStarted):
                self._open = _OpenTurn(event, self._room.before(event.start))
                self._due = event.start + to_samples(self._settings.first_s)
            else:
                self._room.used_to = event.turn.end
                if self._open:
                    self._open.running = False

    def due(self, now: int) -> list[WordsJob]:
        """The partial job that is due at stream time `now`, if there is one."""
        open_turn = self._open
        if open_turn is None or not open_turn.running or now < self._due:
            return []
        self._due = now + to_samples(self._settings.every_s)
        started = open_turn.started
        turn = Turn(started.channel, started.index, started.start, now)
        return [WordsJob(now, turn, False, self._history.cut(open_turn.begin, now), open_turn.begin)]

    def answer(self, result: Transcript) -> Transcript | None:
        """A partial result with how many of its words are confirmed; None where the turn has its final words, as when
        they are what came."""
        open_turn = self._open if self._open and self._open.started.index == result.turn.index else None
        if open_turn is None:
            return None
        if result.final:
            self._open = None
            return None
        words = open_turn.agreement.feed(result.words)
        confirmed = open_turn.agreement.confirmed
        if result.turn.end - open_turn.begin > to_samples(self._settings.longest_s):
            latest = result.turn.end - to_samples(self._settings.shortest_s)
            open_turn.begin = _widest_gap(confirmed, open_turn.begin, latest)
        return replace(result, words=words, confirmed=len(confirmed))


def _widest_gap(words: tuple[Word, ...], first: int, last: int) -> int:
    """The middle of the widest gap between words, the later of two alike; `first` where none lies before `last`."""
    gaps = [(b.start - a.end, (a.end + b.start) // 2) for a, b in pairwise(words) if first < a.end and b.start <= last]
    return max(gaps, default=(0, first))[1]
