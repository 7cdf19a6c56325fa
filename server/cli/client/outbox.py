"""What a feed says, on its way to the server: kept until the server needs it no more.

In: audio and messages, from the thread of the source. Out: the same, to the event loop that sends them, counted in
frames as the server counts them; after a lost connection again from where the server says. Memory is bounded: what was
sent and is not dealt with yet is kept for some minutes, and so is what a live source says meanwhile. What a live source
says beyond that is lost, the oldest first, and told in a note; any other source waits.
"""

import asyncio
import threading
from collections import deque
from typing import TypeAlias

from server.protocol.events.base import Message
from server.protocol.messages import NoteMessage

FromFeed: TypeAlias = bytes | Message  # PCM16 in whole frames, or what is said in between

KEEP_S = 300  # seconds of audio
AHEAD_S = 5  # seconds of audio that a source which can wait is ahead


class Outbox:
    def __init__(self, rate: int, frame_bytes: int, live: bool, keep_s: float = KEEP_S) -> None:
        """A `live` source cannot wait."""
        self._rate = rate
        self._frame_bytes = frame_bytes
        self._live = live
        self._keep = round(keep_s * rate)  # frames
        self._sent: deque[tuple[int, FromFeed]] = deque()  # with the frame at which each was said
        self._unsent: deque[FromFeed] = deque()
        self._waiting = 0  # frames in there
        self._at = 0  # the frame that is sent next
        self._lost = 0  # frames before it that nobody has any more, and the server was not told of
        self._complete = False
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()

    def put(self, item: FromFeed, within_s: float) -> bool:
        """Add what the source says. False if there was no room for it within `within_s` seconds."""
        with self._lock:
            if not self._live and not self._room.wait_for(self._has_room, within_s):
                return False
            self._unsent.append(item)
            self._waiting += self._frames(item)
            while self._live and self._waiting > self._keep:
                self._drop_oldest()
        self._ring()
        return True

    def complete(self) -> None:
        """The source has said everything."""
        self._complete = True
        self._ring()

    async def next(self) -> FromFeed | None:
        """What is to be sent next, once there is something; None after all of it."""
        self._loop = asyncio.get_running_loop()
        while True:
            self._changed.clear()
            with self._lock:
                if self._lost:
                    self._unsent.appendleft(self._note())
                if self._unsent:
                    return self._take()
            if self._complete:
                return None
            await self._changed.wait()

    def go_on_from(self, taken: int) -> None:
        """A new connection: send again what was said from frame `taken` on."""
        with self._lock:
            while self._sent and self._sent[-1][0] + self._frames(self._sent[-1][1]) >= taken:
                self._at, item = self._sent.pop()
                if isinstance(item, bytes) and self._at < taken:
                    head = (taken - self._at) * self._frame_bytes
                    self._sent.append((self._at, item[:head]))
                    self._at, item = taken, item[head:]
                    self._give_back(item)
                    break
                self._give_back(item)
            self._lost += max(0, self._at - taken)
            self._at = taken

    def forget(self, taken: int) -> None:
        """The server will never ask for what was said before frame `taken`."""
        with self._lock:
            while self._sent and self._sent[0][0] + self._frames(self._sent[0][1]) <= taken:
                self._sent.popleft()

    @property
    def kept_s(self) -> float:
        """Seconds of audio in memory."""
        with self._lock:
            oldest = self._sent[0][0] if self._sent else self._at
            return (self._at - oldest + self._waiting) / self._rate

    def _has_room(self) -> bool:
        return self._waiting < AHEAD_S * self._rate

    def _take(self) -> FromFeed:
        item = self._unsent.popleft()
        frames = self._frames(item)
        self._sent.append((self._at, item))
        self._at += frames
        self._waiting -= frames
        while self._at - self._sent[0][0] > self._keep:
            self._sent.popleft()
        self._room.notify()
        return item

    def _give_back(self, item: FromFeed) -> None:
        if item:
            self._unsent.appendleft(item)
            self._waiting += self._frames(item)

    def _drop_oldest(self) -> None:
        frames = self._frames(self._unsent.popleft())
        self._waiting -= frames
        self._lost += frames

    def _note(self) -> NoteMessage:
        lost_s, self._lost = self._lost / self._rate, 0
        text = f"{lost_s:.1f} s of the call were lost here, because the server could not be reached for so long."
        return NoteMessage(self._at / self._rate, text)

    def _frames(self, item: FromFeed) -> int:
        return len(item) // self._frame_bytes if isinstance(item, bytes) else 0

    def _ring(self) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)
