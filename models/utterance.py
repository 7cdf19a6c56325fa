"""Utterances of one channel, cut out of its history as jobs for the words model.

In: turns as they start and end, and the passing of stream time. Out: `WordsJob`s: a partial every second while a turn
runs, so that words can be read along, and a final one when it has ended. State: the open turn and where the one before
ended. Pure; runs on whatever thread feeds it. Jobs are cut by stream time alone: the same audio gives the same jobs.
"""

from dataclasses import dataclass

from audio.frame import to_samples
from audio.history import History
from audio.turns import Turn, TurnEnded, TurnEvent, TurnStarted
from models.words import WordsJob


@dataclass(frozen=True, slots=True)
class UtteranceSettings:
    first_partial_s: float = 0.6  # seconds of a turn after which its first words are asked for
    partial_every_s: float = 1.0  # seconds between partials of a turn
    room_s: float = 0.2  # seconds of audio before and after the turn: word ends are fainter than the VAD hears


class UtteranceCutter:
    """The words jobs of one channel. Append to the history first, then `feed` turn events and `tick`."""

    def __init__(self, settings: UtteranceSettings, history: History) -> None:
        self._settings = settings
        self._history = history
        self._open: TurnStarted | None = None
        self._next_partial = 0  # stream time
        self._taken = 0  # stream time up to which finals have gone out: no word is heard twice

    def feed(self, event: TurnEvent) -> list[WordsJob]:
        """Take a turn's start or end: the end gives its final job."""
        if isinstance(event, TurnStarted):
            self._open = event
            self._next_partial = event.start + to_samples(self._settings.first_partial_s)
            return []
        self._open = None
        return [self._final(event)]

    def tick(self, now: int) -> list[WordsJob]:
        """Stream time has come to `now`: a partial job where one is due."""
        if self._open is None or now < self._next_partial:
            return []
        self._next_partial = now + to_samples(self._settings.partial_every_s)
        turn = Turn(self._open.channel, self._open.index, self._open.start, now)
        return [self._job(now, turn, final=False, end=now)]

    def _final(self, ended: TurnEnded) -> WordsJob:
        """A turn that was cut gets no room after it: the speaker goes on, and the next job begins there."""
        room = 0 if ended.cut else to_samples(self._settings.room_s)
        job = self._job(ended.at, ended.turn, final=True, end=min(ended.turn.end + room, ended.at))
        self._taken = ended.turn.end
        return job

    def _job(self, at: int, turn: Turn, final: bool, end: int) -> WordsJob:
        start = max(turn.start - to_samples(self._settings.room_s), self._taken)
        return WordsJob(at, turn, final, self._history.cut(start, end), start)
