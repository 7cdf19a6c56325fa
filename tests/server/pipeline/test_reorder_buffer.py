from server.pipeline.reorder_buffer import ReorderBuffer


def test_a_waiting_item_holds_back_those_behind_it() -> None:
    queue: ReorderBuffer[str, int] = ReorderBuffer()
    queue.put("first", waits_for="tone")
    queue.put("second")
    assert list(queue.ready()) == []
    queue.answer("tone", 7)
    assert list(queue.ready()) == [("first", 7), ("second", None)]
    assert len(queue) == 0


def test_answers_may_come_in_any_order() -> None:
    queue: ReorderBuffer[str, int] = ReorderBuffer()
    queue.put("a", waits_for=1)
    queue.put("b", waits_for=2)
    queue.answer(2, 20)
    assert list(queue.ready()) == []
    queue.answer(1, 10)
    assert list(queue.ready()) == [("a", 10), ("b", 20)]
