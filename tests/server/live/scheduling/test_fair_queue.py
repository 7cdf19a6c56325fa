"""Whose turn it is at a queue that calls share."""

import pytest

from server.live.scheduling.fair_queue import FairQueue


def in_order(queue: FairQueue[str]) -> list[str]:
    return [queue.pop() for _ in range(len(queue))]


def test_calls_take_turns_and_each_keeps_its_own_order() -> None:
    queue = FairQueue[str]()
    for item in ("a1", "a2", "a3", "b1", "c1", "c2"):
        queue.put(item[0], item)
    assert in_order(queue) == ["a1", "b1", "c1", "a2", "c2", "a3"]


def test_a_call_that_had_its_turn_goes_behind_those_that_wait() -> None:
    queue = FairQueue[str]()
    queue.put("a", "a1")
    queue.put("b", "b1")
    assert queue.pop() == "a1"
    queue.put("a", "a2")
    assert in_order(queue) == ["b1", "a2"]


def test_calls_that_are_ahead_of_the_clock_come_when_no_other_waits() -> None:
    queue = FairQueue[str]()
    for item in ("a1", "a2", "b1"):
        queue.put(item[0], item, ahead=True)
    queue.put("c", "c1")
    queue.put("c", "c2")
    assert in_order(queue) == ["c1", "c2", "a1", "b1", "a2"]


def test_a_call_that_is_ahead_no_longer_is_served_as_any_other() -> None:
    queue = FairQueue[str]()
    queue.put("a", "a1", ahead=True)
    queue.put("b", "b1", ahead=True)
    queue.put("b", "b2")
    assert in_order(queue) == ["b1", "b2", "a1"]


def test_items_that_fit_are_taken_out_of_one_kind_of_call_and_the_rest_stays() -> None:
    queue = FairQueue[str]()
    for item in ("a1", "a2", "b2", "c2", "d2"):
        queue.put(item[0], item, ahead=item[0] == "d")
    assert queue.pop_fitting(lambda item: item.endswith("2"), most=2, ahead=False) == ["a2", "b2"]
    assert (queue.waiting(ahead=False), queue.waiting(ahead=True)) == (2, 1)
    assert in_order(queue) == ["a1", "c2", "d2"]


def test_an_empty_queue_says_so() -> None:
    with pytest.raises(IndexError):
        FairQueue[str]().pop()
