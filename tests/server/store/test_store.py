"""The store on real files: what is kept, what is found again, and what happens when there is no room."""

import sqlite3
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import timedelta
from pathlib import Path

import numpy as np
import psutil
import pytest
from msgspec import json, structs

from server.protocol.calls import CallInfo, CallState, Verdict
from server.store.numbering import Stored
from server.store.recordings import Recording
from server.store.store import CallDeletedError, NotDeletedError, NotStoredError, Store, StoreError
from server.store.waveforms import peaks_path, read_peaks

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
    store.recover()
    states = {call.id: call.state for call in store.calls(9)}
    assert states == {"live": CallState.INTERRUPTED, "ended": CallState.ENDED}


def test_of_a_deleted_call_no_byte_is_left_in_any_file(store: Store, call: CallInfo) -> None:
    """Many calls at once make the tables grow in between, which moves rows from page to page."""
    names = [f"call{number}" for number in range(24)]
    sizes = np.random.default_rng(1).choice([10, 200, 900, 6000], (60, len(names)))
    for seq, row in enumerate(sizes, start=1):
        for name, size in zip(names, row, strict=True):
            one = structs.replace(call, id=name, agent=f"agent of {name}!", title=f"title of {name}!", duration=seq / 8)
            store.keep(one, [Stored(seq, f'"words of {name}!{"ü" * size}"')])
    store.audio_path("call7").parent.mkdir()
    store.audio_path("call7").write_bytes(b"words of call7!")
    peaks_path(store.audio_path("call7")).write_bytes(b"words of call7!")
    for name in names[::-2]:
        assert store.delete(name)
        assert not store.delete(name)
        assert (store.call(name), store.events(name)) == (None, [])
    kept = {path: path.read_bytes() for path in store.folder.rglob("*") if path.is_file()}
    for number, name in enumerate(names):
        found = sum(data.count(f" of {name}!".encode()) for data in kept.values())
        assert found == 0 if number % 2 else found >= 60
    assert [len(store.events(name)) for name in names[::2]] == [60] * 12


def test_deleted_text_that_somebody_still_reads_goes_when_they_are_done(store: Store, call: CallInfo) -> None:
    def left() -> int:
        return sum(path.read_bytes().count(b"a secret") for path in store.folder.rglob("*") if path.is_file())

    with closing(sqlite3.connect(store.folder / "calmline.db", isolation_level=None)) as reader:
        store.keep(call, [Stored(1, '"a secret"')])
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        with closing(Store(store.folder, patience_s=0.1)) as hasty:
            assert hasty.delete("a")
        assert store.call("a") is None
        assert left()
        reader.execute("ROLLBACK")
    store.recover()  # as the next start does
    store.close()
    assert not left()


def test_a_call_whose_audio_cannot_be_removed_is_kept_until_it_can_be(store: Store, call: CallInfo) -> None:
    store.keep(call, [Stored(1, "{}")])
    store.audio_path("a").mkdir(parents=True)  # which no `unlink` removes
    with pytest.raises(NotDeletedError, match=r"^Call a is not deleted, since its audio cannot be removed \(.*\); try"):
        store.delete("a")
    assert (store.call("a"), store.last("a")) == (call, 1)
    store.audio_path("a").rmdir()
    assert store.delete("a")
    assert store.call("a") is None


def test_a_deleted_call_does_not_come_back_however_it_is_written_to(store: Store, call: CallInfo) -> None:
    store.keep(call, [Stored(1, "{}")])
    store.delete("a")
    with pytest.raises(CallDeletedError, match="Call a was deleted"):
        store.extend(call, [Stored(2, "{}")])
    assert (store.call("a"), store.last("a")) == (None, 0)
    store.keep(call, [Stored(1, '"another"')])  # a new one may be called so
    assert store.events("a") == [Stored(1, '"another"')]


def test_a_call_that_waits_to_be_stored_can_be_deleted(store: Store, call: CallInfo, full_disk: FullDisk) -> None:
    with full_disk(store):
        store.writer.put(call, [Stored(k, "x" * 1000) for k in range(1, 50)])
        store.writer.spill(call, [Stored(1, '"a secret"')]).result(30)
        assert store.last("a") == 49
        assert store.delete("a")
    store.close()
    with Store(store.folder) as again:
        again.recover()
        assert again.call("a") is None
    assert not any(b"a secret" in path.read_bytes() for path in store.folder.rglob("*") if path.is_file())


def test_room_of_deleted_calls_is_given_back(tmp_path: Path, call: CallInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.store.sqlite.compaction.FEWEST_BLANK", 100)
    with Store(tmp_path) as store:
        store.keep(structs.replace(call, id="b"), [Stored(1, "{}")])
        store.keep(call, [Stored(k, "x" * 1000) for k in range(1, 1000)])
        store.delete("a")
    with Store(tmp_path) as store:
        store.database.compact()
        assert store.events("b") == [Stored(1, "{}")]
    assert (tmp_path / "calmline.db").stat().st_size < 100_000


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("agent", "x" * 215),
        ("agent", ""),
        ("title", "x" * 500),
        ("title", b"\xff\xfe"),
        ("layout", "surround"),
        ("rate", -3),
        ("started_at", "yesterday"),
        ("state", "asleep"),
        ("ended_at", "never"),
        ("duration", -1.0),
        ("duration", "long"),
        ("keep_audio", "maybe"),
    ],
)
def test_a_row_that_is_no_call_breaks_no_list_and_can_be_deleted(
    store: Store, call: CallInfo, column: str, value: object
) -> None:
    store.keep(call)
    store.keep(structs.replace(call, id="bad"), [Stored(1, "{}")])
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE calls SET {column} = ? WHERE id = 'bad'", (value,))
    assert {listed.id for listed in store.calls(9)} == {"a", "bad"}
    bad = store.call("bad")
    assert bad is not None
    assert json.decode(json.encode(bad), type=CallInfo) == bad  # it can be sent
    store.recover()
    assert store.delete("bad")
    assert [listed.id for listed in store.calls(9)] == ["a"]


def test_a_verdict_that_is_none_hides_no_other(store: Store, call: CallInfo) -> None:
    store.keep(call, [Stored(1, ALERT), Stored(2, ALERT)])
    store.judge("a", 1, Verdict.WRONG)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO verdicts VALUES ('a', 2, 'great')")
    assert store.verdicts("a") == {1: Verdict.WRONG}


@pytest.mark.parametrize("name", ["100%", "what?", "#1", "a b", "Größe", "%41", "a;b&c=d"])
def test_a_folder_may_be_called_anything(tmp_path: Path, call: CallInfo, name: str) -> None:
    with Store(tmp_path / name) as store:
        store.keep(call)
    assert (tmp_path / name / "calmline.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with Store(tmp_path / name) as store:
        assert store.call("a") == call


def test_nobody_else_can_look_into_the_folder(tmp_path: Path, call: CallInfo) -> None:
    with Store(tmp_path / "new" / "data") as store:
        store.keep(call, [Stored(1, "{}")])
        Recording(store.audio_path("a"), 8000, 2).close()
        read_peaks(store.audio_path("a"), 0)
        store.writer.put(call, [])
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").rglob("*")}
    folders = {"data", "audio"}
    assert {mode for name, mode in modes.items() if name in folders} == {0o700}
    assert {mode for name, mode in modes.items() if name not in folders} == {0o600}
    assert {"calmline.db", "calmline.db-wal", "calmline.db-shm", "a.wav", "a.peaks.npy"} <= modes.keys()


def test_a_folder_of_an_earlier_version_is_closed_to_others_but_not_one_that_holds_other_things(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir(mode=0o755)
    Store(tmp_path / "ours").close()
    (tmp_path / "desk").mkdir(mode=0o755)
    (tmp_path / "desk" / "letter").touch()
    Store(tmp_path / "desk").close()
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ours", "desk")] == [0o700, 0o755]


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
    assert not [file for file in psutil.Process().open_files() if Path(file.path).is_relative_to(tmp_path)]
