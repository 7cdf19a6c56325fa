"""The writer: in the end everything is stored, or waits where the next start finds it."""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from msgspec import structs

from server.protocol.calls import CallInfo, CallState, Verdict
from server.store.numbering import Stored
from server.store.store import NotStoredError, Store

FullDisk = Callable[[Store], AbstractContextManager[None]]
Locked = Callable[[Path], AbstractContextManager[None]]
ALERT = '{"type":"detection"}'


class Watched:
    """What the writer says of a call."""

    def __init__(self) -> None:
        self._told: list[tuple[int, str | None]] = []
        self._changed = threading.Condition()

    def __call__(self, stored: int, refusal: str | None) -> None:
        with self._changed:
            self._told.append((stored, refusal))
            self._changed.notify()

    def until(self, stored: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: any(number >= stored for number, _ in self._told), 30)

    def until_refused(self) -> str:
        with self._changed:
            assert self._changed.wait_for(lambda: any(refusal for _, refusal in self._told), 30)
            return next(refusal for _, refusal in self._told if refusal)


def test_a_call_that_cannot_be_stored_holds_up_no_other(store: Store, call: CallInfo) -> None:
    bad, good = Watched(), Watched()
    with store.database.writing():  # so that both wait for the same attempt
        store.writer.put(structs.replace(call, id="bad", title="\ud800"), [Stored(1, "{}")], bad)
        for seq in range(1, 5):
            store.writer.put(call, [Stored(seq, "{}")], good)
    good.until(4)
    assert "surrogates not allowed" in bad.until_refused()
    assert [event.seq for event in store.events("a")] == [1, 2, 3, 4]


def test_what_a_locked_store_did_not_take_waits_for_the_next_start(
    store: Store, call: CallInfo, locked: Locked, caplog: pytest.LogCaptureFixture
) -> None:
    store.keep(call, [Stored(1, '"stored"')])
    ended = structs.replace(call, state=CallState.ENDED, duration=9.0)
    with locked(store.folder), caplog.at_level(logging.WARNING):
        store.writer.put(ended, [Stored(2, '"not yet"'), Stored(3, '"nor this"')])
        store.close()
    assert "2 events of call a were not stored yet; they wait in " in caplog.text
    with Store(store.folder) as again:
        again.recover()
        assert (again.call("a"), again.last("a")) == (ended, 3)
    with Store(store.folder) as stored:
        assert stored.call("a") == ended
        assert [event.json for event in stored.events("a")] == ['"stored"', '"not yet"', '"nor this"']
    assert not (store.folder / "unstored").exists()


def test_where_the_data_folder_has_no_room_for_them_they_wait_in_another_place(
    store: Store, call: CallInfo, locked: Locked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Store(store.folder) as first, locked(store.folder):
        (store.folder / "unstored").write_text("in the way, as a full disk would be")
        first.writer.put(call, [Stored(1, '"waits"')])
        first.writer.spill(call, [Stored(1, '"waits"')]).result(30)
        assert list((tmp_path / "cache").rglob("a.jsonl"))
    with Store(store.folder) as again:
        again.recover()
        assert again.events("a") == [Stored(1, '"waits"')]
    assert not list((tmp_path / "cache").rglob("a.jsonl"))


def test_events_that_wait_in_several_places_come_together_in_order(
    store: Store, call: CallInfo, locked: Locked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Store(store.folder) as first, locked(store.folder):
        (store.folder / "unstored").write_text("in the way, as a full disk would be")
        for seq in range(1, 9):
            if seq == 5:
                (store.folder / "unstored").unlink()  # there is room again
            first.writer.put(call, [Stored(seq, str(seq))])
            first.writer.spill(call, [Stored(seq, str(seq))]).result(30)
        left = {path: path.read_bytes() for path in tmp_path.rglob("a.jsonl")}
        assert len(left) == 2
    store.delete("a")
    for path, data in left.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    with Store(store.folder) as again:
        again.recover()
        assert again.events("a") == [Stored(seq, str(seq)) for seq in range(1, 9)]
    assert store.events("a") == [Stored(seq, str(seq)) for seq in range(1, 9)]


def test_a_line_that_was_broken_off_costs_no_other(store: Store, call: CallInfo, locked: Locked) -> None:
    with locked(store.folder):
        store.writer.put(call, [Stored(1, "{}"), Stored(2, "{}")])
        for seq in (1, 2):
            store.writer.spill(call, [Stored(seq, "{}")]).result(30)
        (spilled,) = (store.folder / "unstored").iterdir()
        left = spilled.read_bytes()
    store.writer.close(30)
    spilled.parent.mkdir(exist_ok=True)
    spilled.write_bytes(left[:-9])
    with Store(store.folder) as again:
        again.delete("a")
        spilled.parent.mkdir(exist_ok=True)
        spilled.write_bytes(left[:-9])
        again.recover()
        assert again.events("a") == [Stored(1, "{}")]


def test_calls_that_were_live_and_events_that_waited_are_taken_in_together(
    store: Store, call: CallInfo, locked: Locked
) -> None:
    store.keep(call, [Stored(1, "{}")])
    with locked(store.folder):
        store.writer.put(call, [Stored(2, "{}")])
        store.close()
    with Store(store.folder) as again:
        again.recover()
        assert (again.last("a"), again.call("a")) == (2, structs.replace(call, state=CallState.INTERRUPTED))


def test_whoever_reads_notices_too_that_the_folder_is_gone(store: Store, call: CallInfo) -> None:
    store.keep(call, [Stored(1, "{}")])
    store.folder.rename(store.folder.with_name("elsewhere"))
    assert store.events("a") == [Stored(1, "{}")]
    assert store.database.moves == 1
    assert (store.folder / "calmline.db").is_file()


def test_another_folder_in_its_place_keeps_what_it_has(store: Store, call: CallInfo, tmp_path: Path) -> None:
    with Store(tmp_path / "other") as other:
        other.keep(structs.replace(call, id="theirs", state=CallState.ENDED), [Stored(1, '"theirs"')])
    store.keep(call, [Stored(1, '"ours"')])
    store.folder.rename(store.folder.with_name("elsewhere"))
    (tmp_path / "other").rename(store.folder)
    store.keep(call, [Stored(2, '"on"')])
    assert [event.json for event in store.events("a")] == ['"ours"', '"on"']
    assert [event.json for event in store.events("theirs")] == ['"theirs"']


def test_verdicts_are_kept_beside_eight_live_calls(store: Store, call: CallInfo) -> None:
    done = threading.Event()

    def live(name: str) -> None:
        seq = 1
        while not done.is_set():
            watched = Watched()
            seq += 1
            store.writer.put(structs.replace(call, id=name), [Stored(seq, "x" * 300)], watched)
            watched.until(seq)

    store.keep(call, [Stored(1, ALERT)])
    calls = [threading.Thread(target=live, args=(f"live{k}",)) for k in range(8)]
    for thread in calls:
        thread.start()
    try:
        for k in range(400):
            assert store.judge("a", 1, Verdict.WRONG if k % 2 else None)
    finally:
        done.set()
        for thread in calls:
            thread.join()


def test_a_verdict_on_an_alert_that_waits_is_refused_and_not_lost_in_silence(
    store: Store, call: CallInfo, full_disk: FullDisk
) -> None:
    with full_disk(store):
        store.writer.put(call, [Stored(1, ALERT), *(Stored(k, "x" * 1000) for k in range(2, 60))])
        with pytest.raises(NotStoredError, match=r"^Alert 1 of call a is not stored itself yet"):
            store.judge("a", 1, Verdict.WRONG)


def test_what_can_be_stored_nowhere_is_counted_when_the_store_closes(store: Store, call: CallInfo) -> None:
    refused = Watched()
    store.writer.put(structs.replace(call, title="\ud800"), [Stored(1, "{}"), Stored(2, "{}")], refused)
    refused.until_refused()
    assert store.lost == 0
    store.close()
    assert store.lost == 2
