"""How far a call has come for good: what of its audio must still be at hand in case its server dies.

In: the call's events, as they are stored, or read from the store by the next server. Out: the frame of the feed's audio
from which it would have to be sent again, and where a new core would go on. State: the turns that run or have no words
yet, and how the feed's frames lie on stream time, which stands still while a call is paused. Used on the event
loop; a stored call is read on a thread.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from audio.frame import Channel, to_samples, to_seconds
from audio.speech.turns import Turn, TurnEnded, TurnStarted
from server.pipeline.continued import LEAD_S, Continuation
from server.protocol.calls import CallInfo
from server.protocol.events import AnyDurable
from server.protocol.events.base import Message
from server.protocol.events.call import (
    CallStartedMessage,
    CuesSwitchedMessage,
    NotedMessage,
    PausedMessage,
    ResumedMessage,
)
from server.protocol.events.tone import TrendMessage
from server.protocol.events.turns import TurnEndedMessage, TurnStartedMessage
from server.protocol.events.words import WordsMessage
from server.protocol.messages import read_from_server
from server.store.store import Store

# The grids of frames (20 ms), ticks (0.5 s) and windows of voice activity (32 ms) meet every 4 s: heard again from such
# a point, speech is cut as it was before.
_GRID = to_samples(4)
_PAGE = 500  # stored events that are read at a time
_UNSURE_S = 0.5  # seconds for which somebody may have been speaking before a turn is said to have begun


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a call goes on."""

    frame: int  # of the feed's audio
    continuation: Continuation
    out_of_reach: list[TurnEnded]  # turns that get no words: their audio lies before a pause, and is not heard again
    paused: bool
    cues_on: bool

    def messages(self, call: CallInfo) -> list[AnyDurable]:
        """What is told of the call before it goes on."""
        minutes, seconds = divmod(int(call.duration), 60)
        text = f"The server was restarted at {minutes}:{seconds:02}; the call goes on."
        if self.out_of_reach:
            text += f" The words of {len(self.out_of_reach)} turns before it are lost."
        wordless = [
            WordsMessage(
                to_seconds(it.at),
                it.turn.channel,
                it.turn.index,
                to_seconds(it.turn.start),
                to_seconds(it.turn.end),
                "",
                [],
            )
            for it in self.out_of_reach
        ]
        return [*wordless, NotedMessage(call.duration, text)]


class Progress:
    def __init__(self, call: CallInfo) -> None:
        self.analysed = False  # it was heard from a recording: nobody feeds it
        self._rate = call.rate
        self._turns = dict.fromkeys(call.layout.channels, 0)  # that began
        self._quiet_until = dict.fromkeys(call.layout.channels, 0)
        self._open: dict[Channel, TurnStarted] = {}
        self._wordless: dict[tuple[Channel, int], TurnEnded] = {}
        self._anchor = 0, 0  # a stream time, and the frame of the feed's audio that is heard there
        self._paused = False
        self._cues_on = True
        self._known = 0  # stream time
        self._has_trend = Channel.CUSTOMER in call.layout.channels
        self._judged = 0  # stream time of the newest trend

    def feed(self, events: Iterable[Message], now: float) -> None:
        """Events that were stored, the last of them at stream time `now` in seconds."""
        for event in events:
            match event:
                case CallStartedMessage():
                    self.analysed = event.analysed
                case TurnStartedMessage():
                    self._turns[event.channel] = event.turn + 1
                    self._open[event.channel] = _started(event)
                case TurnEndedMessage():
                    ended = _ended(event)
                    self._open.pop(event.channel, None)
                    self._quiet_until[event.channel] = ended.turn.end
                    self._wordless[event.channel, event.turn] = ended
                case TrendMessage():
                    self._judged = to_samples(event.at)
                case WordsMessage():
                    self._wordless.pop((event.channel, event.turn), None)
                case PausedMessage() | ResumedMessage():
                    self._paused = isinstance(event, PausedMessage)
                    self._anchor = to_samples(event.at), event.frame
                case CuesSwitchedMessage():
                    self._cues_on = event.on
        self._known = max(self._known, to_samples(now))

    @property
    def frame(self) -> int:
        """The first frame of the feed's audio that may have to be sent again."""
        return self._frame_at(self._start())

    def standing(self) -> Standing:
        """Where the call would go on now."""
        start = self._start()
        wordless = sorted(self._wordless.values(), key=lambda ended: ended.at)
        continuation = Continuation(
            start=start,
            known=max(self._known, start),
            judged=self._judged,
            turns=dict(self._turns),
            open=dict(self._open),
            wordless=[ended for ended in wordless if ended.turn.start >= start],
            quiet_until=dict(self._quiet_until),
        )
        out_of_reach = [ended for ended in wordless if ended.turn.start < start]
        return Standing(self._frame_at(start), continuation, out_of_reach, self._paused, self._cues_on)

    def _start(self) -> int:
        """The stream time from which audio is needed. Never from before a pause: what was said in it is not heard."""
        begun = [ended.turn.start for ended in self._wordless.values()] + [it.start for it in self._open.values()]
        judged = [self._judged] if self._has_trend else []
        needed = min([*begun, *judged, self._known - to_samples(_UNSURE_S)]) - to_samples(LEAD_S)
        return max(needed // _GRID * _GRID, self._anchor[0])

    def _frame_at(self, time: int) -> int:
        at, frame = self._anchor
        return frame + round(to_seconds(time - at) * self._rate)


def read_progress(store: Store, call: CallInfo) -> tuple[int, Progress]:
    """The number of a stored call's last event, and how far it had come."""
    last, progress = 0, Progress(call)
    while page := store.events(call.id, last, _PAGE):
        progress.feed((read_from_server(event.json) for event in page), 0.0)
        last = page[-1].seq
    progress.feed((), call.duration)
    return last, progress


def _started(event: TurnStartedMessage) -> TurnStarted:
    return TurnStarted(to_samples(event.at), event.channel, event.turn, to_samples(event.start))


def _ended(event: TurnEndedMessage) -> TurnEnded:
    turn = Turn(event.channel, event.turn, to_samples(event.start), to_samples(event.end))
    return TurnEnded(to_samples(event.at), turn, event.cut)
