"""The store on real files: what is kept, what is found again, and what happens when there is no room."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from server.protocol.calls import CallInfo, CallState, Verdict
from server.store.store import NotStoredError, Store, Stored, StoreError

FullDisk = Callable[[Store], AbstractContextManager[None]]


def test_a_call_and_its_events_are_found_again_when_the_store_is_opened_again(tmp_path: Path, call: CallInfo) -> None:
    with Store(tmp_path) as store:
        store.keep(call, [Stored(1, '{"x":1}'), Stored(2, '{"x":"ü"}')])
        store.keep(
            structs.replace(call, state=CallState.ENDED, duration=2.5, ended_at=call.started_at), [Stored(3, "{}")]
        )
    with Store(tmp_path) as store:
        assert store.call("a") == structs.replace(call, state=CallState.ENDED, duration=2.5, ended_at=call.started_at)
        assert store.events("a") == [Stored(1, '{"x":1}'), Stored(2, '{"x":"ü"}'), Stored(3, "{}")]
        assert store.last("a") == 3


def test_events_are_read_from_any_number_on(store: Store, call: CallInfo) -> None:
    store.keep(call, [Stored(k, "{}") for k in range(1, 8)])
    store.keep(structs.replace(call, id="b"), [Stored(1, "{}")])
    assert [event.seq for event in store.events("a", after=3, limit=2)] == [4, 5]
    assert store.events("a", after=7) == []
    assert store.events("nobody") == []
    assert store.last("nobody") == 0


def test_calls_are_listed_newest_first_page_by_page(store: Store, call: CallInfo) -> None:
    for minutes, name in enumerate("abcde"):
        store.keep(structs.replace(call, id=name, started_at=call.started_at + timedelta(minutes=minutes)))
    assert [call.id for call in store.calls(2)] == ["e", "d"]
    assert [call.id for call in store.calls(2, before="d")] == ["c", "b"]
    assert [call.id for call in store.calls(9, before="b")] == ["a"]


def test_what_was_live_when_the_last_server_stopped_is_marked_as_interrupted(store: Store, call: CallInfo) -> None:
    store.keep(structs.replace(call, id="live"))
    store.keep(structs.replace(call, id="ended", state=CallState.ENDED))
    store.interrupt()
    states = {call.id: call.state for call in store.calls(9)}
    assert states == {"live": CallState.INTERRUPTED, "ended": CallState.ENDED}


def test_a_deleted_call_is_gone_with_its_events_its_audio_and_its_words_in_the_file(
    store: Store, call: CallInfo
) -> None:
    store.keep(call, [Stored(1, '"a secret that nobody may read"')])
    store.audio_path("a").parent.mkdir()
    store.audio_path("a").write_bytes(b"sound")
    assert store.delete("a")
    assert not store.delete("a")
    assert store.call("a") is None
    assert store.events("a") == []
    assert not store.audio_path("a").exists()
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"secret" not in (store.folder / "calmline.db").read_bytes()


ALERT = '{"type":"detection"}'


def test_alerts_are_counted_for_each_call(store: Store, call: CallInfo) -> None:
    store.keep(call, [Stored(1, "{}"), Stored(2, ALERT), Stored(3, ALERT)])
    store.keep(structs.replace(call, id="b"), [Stored(1, ALERT)])
    store.keep(structs.replace(call, id="calm"), [Stored(1, '{"type":"cue"}')])
    assert store.alerts(["a", "b", "calm", "nobody"]) == {"a": 2, "b": 1}
    assert store.alerts([]) == {}


def test_verdicts_are_kept_changed_taken_back_and_forgotten_with_their_call(tmp_path: Path, call: CallInfo) -> None:
    with Store(tmp_path) as store:
        store.keep(call, [Stored(1, ALERT), Stored(2, ALERT)])
        assert store.judge("a", 1, Verdict.WRONG)
        assert store.judge("a", 2, Verdict.NOT_NOW)
        assert store.judge("a", 1, Verdict.USEFUL)
    with Store(tmp_path) as store:
        assert store.verdicts("a") == {1: Verdict.USEFUL, 2: Verdict.NOT_NOW}
        assert store.judge("a", 2, None)
        assert store.verdicts("a") == {1: Verdict.USEFUL}
        store.delete("a")
        assert store.verdicts("a") == {}


def test_only_alerts_are_judged(store: Store, call: CallInfo) -> None:
    store.keep(call, [Stored(1, '{"type":"tone"}')])
    assert not store.judge("a", 1, Verdict.WRONG)
    assert not store.judge("a", 2, Verdict.WRONG)
    assert not store.judge("nobody", 1, None)


def test_calls_of_the_first_version_are_taken_along(tmp_path: Path, call: CallInfo) -> None:
    with Store(tmp_path) as store:
        store.keep(call, [Stored(1, ALERT)])
        with store.engine.begin() as connection:  # as the first version left its file
            connection.exec_driver_sql("DROP TABLE verdicts")
            connection.exec_driver_sql("DROP INDEX alerts")
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    with Store(tmp_path) as store:
        assert store.call("a") == call
        assert store.judge("a", 1, Verdict.USEFUL)


def test_a_full_disk_is_one_sentence_and_loses_nothing_that_was_there(
    store: Store, call: CallInfo, full_disk: FullDisk
) -> None:
    store.keep(call, [Stored(1, "{}")])
    many = [Stored(k, "x" * 1000) for k in range(2, 100)]
    with full_disk(store):
        with pytest.raises(NotStoredError, match=r"does not take any more: database or disk is full\.$"):
            store.keep(structs.replace(call, duration=9.0), many)
        assert store.events("a") == [Stored(1, "{}")]
        assert store.call("a") == call
    store.keep(call, many)
    assert store.last("a") == 99


def test_a_folder_that_cannot_be_used_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"^Expected a folder that calls can be kept in at .*file.*\.$"):
        Store(tmp_path / "file")


def test_a_damaged_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "calmline.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        Store(tmp_path)


def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    with Store(tmp_path) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer Calmline"):
        Store(tmp_path)
