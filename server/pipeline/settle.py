"""Settling: answers the jobs among a core's outputs, and those that come of the answers, in order.

In: a core, its outputs, and who answers a job at once. Out: the events. A job that is answered later, if at all, is for
whoever was asked to keep. Pure, but for the models that are asked.
"""

from collections import deque
from collections.abc import Callable, Iterable

from models.tone.types import ToneJob
from models.words.types import WordsJob
from server.pipeline.core import Core, Event, Job, Output, Result


def settle(core: Core, outputs: Iterable[Output], answer: Callable[[Job], Result | None]) -> list[Event]:
    """The events among the outputs and all that follows from them. `answer` gives None where a result comes later."""
    todo, events = deque(outputs), list[Event]()
    while todo:
        output = todo.popleft()
        if not isinstance(output, ToneJob | WordsJob):
            events.append(output)
        elif result := answer(output):
            todo.extend(core.answer(result))
    return events
