"""A log that can be read while something fails again and again.

In: the records of a handler or logger that `Few` is added to. Out: of each kind the first few in a minute; the rest is
counted, and the count stands in the next line of the kind. What makes a kind is the text before anything is filled in,
and what was raised, so its number is bounded by the program and not by who talks to it. State: a few numbers for each
kind. Any thread.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

MOST = 5  # lines of a kind in one go: some name a call, and the second call's is no repetition
EVERY_S = 60.0


@dataclass(slots=True)
class _Kind:
    since: float  # seconds of the clock
    lines: int = 0
    left_out: int = 0


class Few(logging.Filter):
    def __init__(self, most: int = MOST, clock: Callable[[], float] = monotonic) -> None:
        """At most so many lines of a kind in a minute."""
        super().__init__()
        self._most = most
        self._clock = clock
        self._kinds: dict[tuple[str, str, object], _Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this is one of the first of its kind. Handlers call it one record at a time."""
        now = self._clock()
        raised = record.exc_info[0] if record.exc_info else None
        kind = self._kinds.setdefault((record.name, str(record.msg), raised), _Kind(now))
        if now - kind.since >= EVERY_S:
            if kind.left_out:
                record.msg = f"{record.msg} ({kind.left_out} more like it were left out)"
            kind.since, kind.lines, kind.left_out = now, 0, 0
        kind.lines += 1
        if kind.lines <= self._most:
            return True
        kind.left_out += 1
        return False
