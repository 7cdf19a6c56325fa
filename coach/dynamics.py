"""Conversation dynamics: who speaks how much, who talks over whom, how long nobody speaks. From turns alone.

In: turns as they start and end, and overlaps, in the order in which they became known. Out: `Dynamics` at any time
asked for. A turn's end becomes known a hang-over late; what it says of the past is put right then. State: sums, the
agent's speech since the customer last spoke, the talk-overs of the last minute, the last reply delays. Pure.
"""

from collections import deque
from typing import TypeAlias

from audio.frame import STEREO, Channel, to_samples
from audio.speech.turns import Overlap, Turn, TurnEnded, TurnStarted
from coach.types import Dynamics

LISTENING_SOUND = to_samples(0.7)  # overlaps up to this long are "mm-hm": two in five gaps of ordinary talk overlap
ONE_INTERRUPTION = to_samples(1.0)  # overlaps closer than this are one: the agent drew breath
TALK_OVER_MEMORY = to_samples(60.0)
REPLIES = 10  # the last ones, for the mean

TurnNews: TypeAlias = TurnStarted | TurnEnded | Overlap


class DynamicsTracker:
    """The shape of one call. `feed` what the turn trackers of both channels say; ask `at` a stream time."""

    def __init__(self) -> None:
        self._talk = dict.fromkeys(STEREO, 0)  # samples in turns that have ended
        self._open: dict[Channel, int] = {}  # starts of the turns that run
        self._end = dict.fromkeys(STEREO, -1)  # ends of the last turns, -1 before the first
        self._monologue: list[Turn] = []  # the agent's turns that reach beyond the customer's last
        self._talk_overs: deque[tuple[int, int]] = deque()
        self._replies: deque[int] = deque(maxlen=REPLIES)

    def feed(self, news: TurnNews) -> None:
        if isinstance(news, TurnStarted):
            self._started(news)
        elif isinstance(news, TurnEnded):
            self._ended(news.turn)
        elif news.starter is Channel.AGENT and news.end - news.start > LISTENING_SOUND:
            self._talked_over(news.start, news.end)

    def at(self, now: int) -> Dynamics:
        """The dynamics up to stream time `now`, which must not lie before anything fed."""
        talk = {channel: self._talk[channel] + self._running(channel, now) for channel in STEREO}
        recent = [span for span in self._talk_overs if span[1] > now - TALK_OVER_MEMORY]
        return Dynamics(
            at=now,
            agent_talk=talk[Channel.AGENT],
            customer_talk=talk[Channel.CUSTOMER],
            agent_speaking=Channel.AGENT in self._open,
            customer_speaking=Channel.CUSTOMER in self._open,
            silence=self._silence(now),
            monologue=self._monologue_at(now),
            talk_overs=tuple(recent),
            reply_delay=sum(self._replies) // len(self._replies) if self._replies else None,
        )

    def _started(self, started: TurnStarted) -> None:
        self._open[started.channel] = started.start
        if started.channel is Channel.AGENT and Channel.CUSTOMER not in self._open:
            self._replied(started.start)

    def _ended(self, turn: Turn) -> None:
        del self._open[turn.channel]
        self._talk[turn.channel] += turn.duration
        self._end[turn.channel] = turn.end
        if turn.channel is Channel.AGENT:
            self._monologue.append(turn)
            return
        self._monologue = [spoken for spoken in self._monologue if spoken.end > turn.end]
        answer = self._open.get(Channel.AGENT, -1)
        if answer >= turn.end:  # the agent came in during the hang-over
            self._replied(answer)

    def _replied(self, start: int) -> None:
        """The agent begins at `start`, the customer is not speaking: a reply if the customer spoke last."""
        asked = self._end[Channel.CUSTOMER]
        if 0 <= asked <= start and asked > self._end[Channel.AGENT]:
            self._replies.append(start - asked)

    def _talked_over(self, start: int, end: int) -> None:
        if self._talk_overs and start - self._talk_overs[-1][1] < ONE_INTERRUPTION:
            start = self._talk_overs.pop()[0]
        self._talk_overs.append((start, end))
        while self._talk_overs[0][1] <= end - TALK_OVER_MEMORY:
            self._talk_overs.popleft()

    def _running(self, channel: Channel, now: int) -> int:
        return now - self._open[channel] if channel in self._open else 0

    def _silence(self, now: int) -> int:
        last = max(self._end.values())
        return 0 if self._open or last < 0 else now - last

    def _monologue_at(self, now: int) -> int:
        if Channel.CUSTOMER in self._open:
            return 0
        since = self._end[Channel.CUSTOMER]
        spoken = sum(turn.end - max(turn.start, since) for turn in self._monologue)
        if Channel.AGENT in self._open:
            spoken += now - max(self._open[Channel.AGENT], since)
        return spoken
