"""The invented call that the page benchmark shows: ten messages a second, of the kinds and sizes of a real one.

It speaks the real protocol over a real websocket to one follower, and lives on the event loop. The page and its headers
are those of the server.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeAlias

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from audio.frame import STEREO
from coach.types import Direction
from server.app import PAGES, Headers
from server.protocol.calls import CallInfo, Layout
from server.protocol.events.base import DurableMessage, Message
from server.protocol.events.tone import EvidenceMessage, LiveTrendMessage, ToneMessage, TrendMessage
from server.protocol.events.turns import DynamicsMessage, LevelMessage
from server.protocol.events.words import PaceMessage, PartialWordsMessage, WordsMessage
from server.protocol.messages import SnapshotMessage, write

PAST_S = 3 * 3600  # seconds of the call before the page joins
TURN_S = 4  # seconds that a turn takes, one after another
MESSAGES = 11  # a second
_SAID = "I was charged twice for the same month and nobody could tell me why"

_Told: TypeAlias = (
    LevelMessage
    | ToneMessage
    | LiveTrendMessage
    | TrendMessage
    | PaceMessage
    | DynamicsMessage
    | WordsMessage
    | PartialWordsMessage
)


class Feed:
    """The call as the page follows it: its past at once, then what it is given. Lives on the event loop."""

    def __init__(self) -> None:
        self._follower: WebSocket | None = None
        self._seq = 0

    async def follow(self, websocket: WebSocket) -> None:
        await websocket.accept()
        past = [
            message for number in range(PAST_S) for message in second(number) if isinstance(message, DurableMessage)
        ]
        layout, now = Layout.AGENT_CUSTOMER, datetime.now(UTC)
        call = CallInfo(id="bench", agent="Kim", title=None, layout=layout, rate=16_000, started_at=now)
        await websocket.send_text(write(SnapshotMessage(call, 0, len(past), paused=False, cues_on=True)))
        self._follower = websocket
        await self.tell(past)
        await websocket.receive()  # nothing, until the page is closed

    async def tell(self, messages: Iterable[Message]) -> None:
        if self._follower is None:
            raise RuntimeError("Expected a page that follows; there is none.")
        for message in messages:
            await self._follower.send_text(write(self._numbered(message)))

    def _numbered(self, message: Message) -> Message:
        if not isinstance(message, DurableMessage):
            return message
        self._seq += 1
        return msgspec.structs.replace(message, seq=self._seq)


def second(number: int) -> Iterator[_Told]:
    """The eleven messages of one second; what a turn said comes with its last."""
    at = float(number + 1)
    turn, within = divmod(number, TURN_S)
    start, speaker = float(turn * TURN_S), STEREO[turn % len(STEREO)]
    heat = (number % 240) / 240
    for third in range(3):
        for channel in STEREO:
            yield LevelMessage(number + third / 3, channel, -30.0 + third, 0)
    yield ToneMessage(at, anger=heat, arousal=0.5, valence=0.4, confidence=0.8)
    direction = Direction.ESCALATING if heat > 0.5 else Direction.STEADY
    why = [EvidenceMessage("tone", f"sounds angry ({100 * heat:.0f} %)", heat, start, at)]
    yield LiveTrendMessage(at, heat, direction, 0.8, why)
    yield TrendMessage(at, heat, direction, 0.8, why, heat, direction)
    yield PaceMessage(at, 140.0 + within, 135.0) if number % 2 else _dynamics(at, heat)
    if within == TURN_S - 1:
        yield WordsMessage(at, speaker, turn // len(STEREO), start, at, _SAID, [])
    else:
        yield PartialWordsMessage(at, speaker, turn // len(STEREO), start, _SAID[: 16 * (within + 1)])


def _dynamics(at: float, share: float) -> DynamicsMessage:
    return DynamicsMessage(
        at,
        agent_talk=at * share,
        customer_talk=at * (1 - share),
        agent_share=share,
        agent_speaking=False,
        customer_speaking=True,
        silence=0.0,
        monologue=0.0,
        talk_overs=[],
        reply_delay=0.4,
    )


def application(feed: Feed) -> Starlette:
    routes = [WebSocketRoute("/ws/follow", feed.follow), Mount("/", StaticFiles(directory=PAGES, html=True))]
    return Starlette(routes=routes, middleware=[Middleware(Headers)])
