"""A queue at which calls take turns, so that none waits for all that another has put there.

In: items, each of a call. Out: the items of one call in the order they came, the calls one after another. A call that
is fed faster than the clock is *ahead*: it gets its turn when no other call has anything waiting, since nobody waits
for it. Pure; used by one thread, or under a lock.
"""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    def __init__(self) -> None:
        self._calls: dict[str, deque[Item]] = {}  # of the calls with something waiting; the next in turn first
        self._ahead: set[str] = set()  # those of them that are ahead of the clock

    def put(self, call: str, item: Item, ahead: bool = False) -> None:
        """Add an item of a call. Whether the call is `ahead` now holds for all that it has waiting."""
        self._calls.setdefault(call, deque()).append(item)
        (self._ahead.add if ahead else self._ahead.discard)(call)

    def pop(self) -> Item:
        """Take out the next item. Raises `IndexError` where there is none."""
        call = (self._in_turn(ahead=False) or self._in_turn(ahead=True))[0]
        items = self._calls.pop(call)
        item = items.popleft()
        if items:
            self._calls[call] = items  # behind the others
        else:
            self._ahead.discard(call)
        return item

    def pop_fitting(self, fits: Callable[[Item], bool], most: int, ahead: bool) -> list[Item]:
        """Take out up to `most` items that fit, of calls that are ahead or of the others; each call keeps its turn."""
        found = list[Item]()
        for call in self._in_turn(ahead):
            kept = deque[Item]()
            for item in self._calls[call]:
                (found if len(found) < most and fits(item) else kept).append(item)
            self._calls[call] = kept
            if not kept:
                del self._calls[call]
                self._ahead.discard(call)
        return found

    def waiting(self, ahead: bool) -> int:
        """How many items wait, of calls that are ahead or of the others."""
        return sum(len(self._calls[call]) for call in self._in_turn(ahead))

    def __len__(self) -> int:
        return sum(map(len, self._calls.values()))

    def _in_turn(self, ahead: bool) -> list[str]:
        return [call for call in self._calls if (call in self._ahead) is ahead]
