"""Gives items back in the order they came, each once its answer is there.

This is what joins slow models to the stream by stream time and never by arrival: an item that waits holds back
those behind it, and nothing else. Pure; used by one thread.
"""

from collections import deque
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class ReorderBuffer(Generic[Item, Answer]):
    def __init__(self) -> None:
        self._items: deque[tuple[Item, Hashable | None]] = deque()
        self._answers: dict[Hashable, Answer] = {}

    def put(self, item: Item, waits_for: Hashable | None = None) -> None:
        self._items.append((item, waits_for))

    def answer(self, key: Hashable, answer: Answer) -> None:
        self._answers[key] = answer

    def ready(self) -> Iterator[tuple[Item, Answer | None]]:
        """Takes out, one by one, the items at the head that wait for nothing any more."""
        while self._items:
            item, key = self._items[0]
            if key is not None and key not in self._answers:
                return
            self._items.popleft()
            yield item, None if key is None else self._answers.pop(key)

    @property
    def held(self) -> int:
        """Answers that nothing has been given with yet."""
        return len(self._answers)

    def __len__(self) -> int:
        return len(self._items)
