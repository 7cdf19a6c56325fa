"""The order of decoding, and what is left out of it."""

import numpy as np

from audio.frame import SAMPLE_RATE, Channel
from audio.speech.turns import Turn
from models.words.types import WordsJob
from server.live.scheduling.decode_queue import DecodeQueue


def a_job(turn: int, at: int, final: bool, channel: Channel = Channel.AGENT) -> WordsJob:
    return WordsJob(at, Turn(channel, turn, 0, at), final, np.zeros(at, np.float32), 0)


def in_order(queue: DecodeQueue[str]) -> list[str]:
    order = []
    while (entry := queue.pop()) is not None:
        order.append(entry.ticket)
        queue.done(entry)
    return order


def test_final_words_come_before_partial_ones_and_each_in_the_order_asked_for() -> None:
    queue = DecodeQueue[str]()
    for ticket, job in {
        "partial of 1": a_job(1, 10, final=False),
        "final of 0": a_job(0, 11, final=True),
        "partial of the customer": a_job(0, 12, final=False, channel=Channel.CUSTOMER),
        "final of another": a_job(5, 13, final=True),
    }.items():
        assert queue.put("a", job, ticket) is None
    assert in_order(queue) == ["final of 0", "final of another", "partial of 1", "partial of the customer"]


def test_a_partial_that_waits_gives_way_to_a_newer_one_and_to_the_final_of_its_turn() -> None:
    queue = DecodeQueue[str]()
    assert queue.put("a", a_job(0, 10, final=False), "first") is None
    assert queue.put("a", a_job(0, 20, final=False), "second") == "first"
    assert queue.put("a", a_job(0, 30, final=True), "final") == "second"
    assert in_order(queue) == ["final"]


def test_the_turn_whose_words_are_oldest_comes_first() -> None:
    queue = DecodeQueue[str]()
    queue.put("a", a_job(0, 10, final=False), "a")
    first = queue.pop()
    assert first is not None
    queue.done(first)
    queue.put("a", a_job(0, 20, final=False), "a, served already")
    queue.put("b", a_job(0, 20, final=False), "b, old")
    queue.put("c", a_job(0, 20, final=False), "c")
    queue.put("b", a_job(0, 30, final=False), "b")  # a newer one keeps its turn's place
    assert in_order(queue) == ["a, served already", "b", "c"]


def test_partials_of_busy_turns_take_turns() -> None:
    queue, order = DecodeQueue[str](), list[str]()
    for at in range(10, 70, 10):
        for call in "abc":
            queue.put(call, a_job(0, at, final=False), call)
        entry = queue.pop()
        assert entry is not None
        order.append(entry.ticket)
        queue.done(entry)
    assert order == ["a", "b", "c", "a", "b", "c"]


def test_one_partial_of_a_turn_is_out_at_a_time_but_its_final_words_do_not_wait() -> None:
    queue = DecodeQueue[str]()
    queue.put("a", a_job(0, 10, final=False), "first")
    out = queue.pop()
    assert out is not None
    queue.put("a", a_job(0, 20, final=False), "second")
    assert queue.pop() is None
    queue.put("a", a_job(0, 30, final=True), "final")
    final = queue.pop()
    assert final is not None
    assert final.ticket == "final"
    queue.done(out)
    assert queue.pop() is None


def test_turns_of_other_calls_channels_and_numbers_are_left_alone() -> None:
    queue = DecodeQueue[str]()
    queue.put("a", a_job(0, 10, final=False), "mine")
    assert queue.put("b", a_job(0, 10, final=True), "another call's") is None
    assert queue.put("a", a_job(1, 10, final=True), "another turn's") is None
    assert queue.put("a", a_job(0, 10, final=True, channel=Channel.CUSTOMER), "another channel's") is None
    assert len(in_order(queue)) == 4


def test_final_words_are_never_left_out() -> None:
    queue = DecodeQueue[str]()
    for turn in range(50):
        assert queue.put("a", a_job(0, turn, final=True), str(turn)) is None
    assert in_order(queue) == [str(turn) for turn in range(50)]


def test_finals_that_wait_go_together_with_those_of_like_length_up_to_a_fair_share_for_each_decoder() -> None:
    queue = DecodeQueue[str]()
    for turn, seconds in enumerate((2, 3, 19, 4, 5, 19, 1, 2, 3, 4, 2)):
        queue.put("a", a_job(turn, seconds * SAMPLE_RATE, final=True), f"{turn}: {seconds} s")
    taken = []
    while entry := queue.pop():
        taken.append([it.ticket for it in (entry, *queue.companions(entry, decoders=2))])
    assert taken == [
        ["0: 2 s", "1: 3 s", "3: 4 s", "4: 5 s"],
        ["2: 19 s", "5: 19 s"],
        ["6: 1 s", "7: 2 s", "8: 3 s"],
        ["9: 4 s"],
        ["10: 2 s"],
    ]


def test_calls_take_turns_with_their_finals() -> None:
    queue = DecodeQueue[str]()
    for turn in range(3):
        queue.put("long", a_job(turn, SAMPLE_RATE, final=True), f"long {turn}")
    queue.put("short", a_job(0, SAMPLE_RATE, final=True), "short 0")
    assert in_order(queue) == ["long 0", "short 0", "long 1", "long 2"]


def test_finals_of_a_call_ahead_of_the_clock_wait_for_all_finals_of_others_and_alternate_with_their_partials() -> None:
    queue = DecodeQueue[str]()
    for turn in range(4):
        queue.put("fast", a_job(turn, SAMPLE_RATE, final=True), f"fast {turn}", ahead=True)
    queue.put("fast", a_job(9, SAMPLE_RATE, final=False), "fast partial", ahead=True)
    for turn in range(2):
        queue.put("live", a_job(turn, SAMPLE_RATE, final=True), f"live {turn}")
        queue.put("live", a_job(10 + turn, SAMPLE_RATE, final=False), f"live partial {turn}")
    assert in_order(queue) == [
        "live 0",
        "live 1",
        "live partial 0",
        "fast 0",
        "live partial 1",
        "fast 1",
        "fast 2",
        "fast 3",
        "fast partial",
    ]


def test_a_live_call_does_not_wait_for_companions_of_a_call_ahead() -> None:
    queue = DecodeQueue[str]()
    for turn in range(8):
        queue.put("fast", a_job(turn, SAMPLE_RATE, final=True), f"fast {turn}", ahead=True)
    for call in ("live", "other"):
        queue.put(call, a_job(0, SAMPLE_RATE, final=True), call)
    taken = []
    while entry := queue.pop():
        taken.append([it.ticket for it in (entry, *queue.companions(entry, decoders=1))])
    assert taken == [["live", "other"], [f"fast {k}" for k in range(4)], [f"fast {k}" for k in range(4, 8)]]


def test_a_final_goes_alone_where_there_are_decoders_enough_and_a_partial_always() -> None:
    queue = DecodeQueue[str]()
    for turn in range(2):
        queue.put("a", a_job(turn, SAMPLE_RATE, final=True), "final")
    queue.put("a", a_job(2, SAMPLE_RATE, final=False), "partial")
    for _ in range(3):
        entry = queue.pop()
        assert entry is not None
        assert queue.companions(entry, decoders=2) == []
