"""What a flood leaves in the log."""

import io
import logging

from server.logs import EVERY_S, MOST, Few


class Log:
    """A handler with the filter, as the command line has it, and a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self._text = io.StringIO()
        handler = logging.StreamHandler(self._text)
        handler.addFilter(Few(clock=lambda: self.now))
        self.logger = logging.Logger("calls")
        self.logger.addHandler(handler)

    @property
    def lines(self) -> list[str]:
        return self._text.getvalue().splitlines()


def test_of_a_flood_the_first_lines_stay_and_the_rest_is_counted() -> None:
    log = Log()
    for number in range(1000):
        log.logger.warning("call %s failed", number)
    assert log.lines == [f"call {number} failed" for number in range(MOST)]
    log.now = EVERY_S
    log.logger.warning("call %s failed", "x")
    log.logger.warning("call %s failed", "y")
    assert log.lines[MOST:] == [f"call x failed ({1000 - MOST} more like it were left out)", "call y failed"]


def test_other_lines_are_not_held_back_by_a_flood() -> None:
    log = Log()
    for _ in range(1000):
        log.logger.error("one thing")
    log.logger.error("another")
    assert log.lines[-1] == "another"


def test_tracebacks_of_one_fault_are_few_too() -> None:
    log = Log()
    for _ in range(1000):
        try:
            raise RuntimeError("again")
        except RuntimeError:
            log.logger.exception("the model failed")
    assert sum("Traceback" in line for line in log.lines) == MOST


def test_what_was_raised_makes_another_kind_of_the_same_line() -> None:
    few = Few(most=1)
    for kind, passes in ((RuntimeError, True), (RuntimeError, False), (ValueError, True)):
        record = logging.LogRecord("calls", logging.ERROR, "", 0, "failed", (), (kind, kind(), None))
        assert bool(few.filter(record)) is passes
