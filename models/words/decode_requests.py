"""Decode requests: the turns of one channel, cut out of its history as final jobs for the words model.

In: turns as they end. Out: one final `WordsJob` a turn. State: where the turn before ended. Pure; runs on whatever
thread feeds it. Jobs are cut by stream time alone: the same audio gives the same ones. Words of turns that still run
have a stage of their own, `partial_words`.
"""

from dataclasses import dataclass

from audio.frame import to_samples
from audio.speech.history import History
from audio.speech.turns import TurnEnded
from models.words.types import WordsJob

ROOM_S = 0.2  # seconds of audio before and after a turn: word ends are fainter than the VAD detects


class DecodeRequests:
    """The final jobs of one channel. Append to the history first, then `feed` the ends of turns."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._room = Room()

    def feed(self, ended: TurnEnded) -> WordsJob:
        """A turn that was cut gets no room after it: the speaker goes on, and the next job begins there."""
        after = 0 if ended.cut else to_samples(ROOM_S)
        start, end = self._room.before(ended.turn.start), min(ended.turn.end + after, ended.at)
        self._room.used_to = ended.turn.end
        return WordsJob(ended.at, ended.turn, True, self._history.cut(start, end), start)


@dataclass(slots=True)
class Room:
    """How much audio before a turn belongs to its decode: no word is decoded twice."""

    used_to: int = 0  # stream time at which the turn before ended

    def before(self, turn_start: int) -> int:
        """Stream time at which the audio of a turn begins."""
        return max(turn_start - to_samples(ROOM_S), self.used_to)
