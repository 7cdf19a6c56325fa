"""How fast the agent speaks: words a minute over the last 15 s of transcribed speech.

In: the agent's turns with their words. Out: the signal `agent_pace`, and `known` for the screen. State: the words of
the last 20 s of speech, and the sums before them, which are the agent's own usual. Pure. The pace counts once it is
kept up: the lesser of now and 5 s of speech ago, so that a burst of some seconds is none. A pace of 1.25 times one's
own usual is as fast as 190 words/min in general, so the signal is the greater of the pace itself and the pace as if
one's usual were 152.
"""

from collections import deque

from audio.frame import SAMPLE_RATE, to_samples
from coach.types import Evidence, Pace, Signal
from models.words.types import Transcript

SPAN = to_samples(15.0)  # of speech, over which words are counted
KEPT_UP = to_samples(5.0)  # of speech
LEARN = to_samples(30.0)  # of speech before that, after which there is a usual
USUAL = 152  # words/min: 190 / 1.25


class AgentPace:
    def __init__(self) -> None:
        self.known: Pace | None = None  # as the last turn with words left it; None before 15 s of speech
        self._speech = 0  # samples of transcribed speech so far
        self._words: deque[tuple[int, int]] = deque()  # (where in the speech, stream time) of the last words
        self._before = 0  # words before those

    def feed(self, transcript: Transcript) -> Signal | None:
        """The pace at the end of a turn of the agent; None before 15 s of speech, and for a turn without words."""
        if not transcript.words:
            return None
        self._hear(transcript)
        if self._speech < SPAN:
            return None
        pace, usual = min(self._pace(self._speech), self._pace(self._speech - KEPT_UP)), self._usual()
        self.known = Pace(transcript.at, pace, usual or None)
        text = f"{pace:.0f} words a minute" + (f", usually {usual:.0f}" if usual else "")
        worse = max(pace, USUAL * pace / usual) if usual else pace
        return Signal(worse, (Evidence("agent_pace", text, pace, self._words[0][1], transcript.turn.end),))

    def _hear(self, transcript: Transcript) -> None:
        turn = transcript.turn
        for word in transcript.words:
            self._words.append((self._speech + min(max(word.start - turn.start, 0), turn.duration), word.start))
        self._speech += turn.duration
        while self._words[0][0] < self._speech - SPAN - KEPT_UP and len(self._words) > 1:
            self._words.popleft()
            self._before += 1

    def _pace(self, upto: int) -> float:
        """Words a minute over the 15 s of speech before `upto`, or what there was of it."""
        span = min(SPAN, upto)
        return sum(upto - span <= place < upto for place, _ in self._words) * 60 * SAMPLE_RATE / span

    def _usual(self) -> float:
        """Words a minute before all this, 0 while unknown."""
        speech = self._speech - SPAN - KEPT_UP
        return self._before * 60 * SAMPLE_RATE / speech if speech >= LEARN else 0.0
