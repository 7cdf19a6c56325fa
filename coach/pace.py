"""How fast the agent speaks: words a minute over the last 15 s of transcribed speech.

In: the agent's turns with their words. Out: the signal `agent_pace`. State: the words of the last 15 s of speech, and
the sums before them, which are the agent's own usual. Pure. A pace of 1.25 times one's own usual is as fast as 190
words/min in general, so the signal is the greater of the pace itself and the pace as if one's usual were 152.
"""

from collections import deque

from audio.frame import SAMPLE_RATE, to_samples
from coach.moment import Evidence, Signal
from models.words import Transcript

SPAN = to_samples(15.0)  # of speech, over which words are counted
LEARN = to_samples(30.0)  # of speech before that, after which there is a usual
USUAL = 152  # words/min: 190 / 1.25


class AgentPace:
    def __init__(self) -> None:
        self._speech = 0  # samples of transcribed speech so far
        self._words: deque[tuple[int, int]] = deque()  # (where in the speech, stream time) of the last words
        self._before = 0  # words before those

    def feed(self, transcript: Transcript) -> Signal | None:
        """The pace at the end of a turn of the agent; None before 15 s of speech."""
        turn = transcript.turn
        if not transcript.words:
            return None
        for word in transcript.words:
            place = self._speech + min(max(word.start - turn.start, 0), turn.duration)
            self._words.append((place, word.start))
        self._speech += turn.duration
        while self._words and self._words[0][0] < self._speech - SPAN:
            self._words.popleft()
            self._before += 1
        if self._speech < SPAN or not self._words:
            return None
        pace = len(self._words) * 60 * SAMPLE_RATE / SPAN
        usual = self._usual()
        text = f"{pace:.0f} words a minute" + (f", usually {usual:.0f}" if usual else "")
        worse = max(pace, USUAL * pace / usual) if usual else pace
        return Signal(worse, (Evidence("agent_pace", text, pace, self._words[0][1], turn.end),))

    def _usual(self) -> float:
        """Words a minute before the last 15 s of speech, 0 while unknown."""
        speech = self._speech - SPAN
        return self._before * 60 * SAMPLE_RATE / speech if speech >= LEARN else 0.0
