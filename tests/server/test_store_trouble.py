"""A whole server in trouble with its store: locked, killed, its folder deleted, and asked to forget."""

import json
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import pytest
from msgspec import structs
from server_process import a_process
from wire import Client, a_feed

from server.app import ServerSettings
from server.live.registry import Engine
from server.protocol.calls import CallInfo, Layout
from server.protocol.events.base import DurableMessage, Message
from server.protocol.events.call import CallEndedMessage, StatusMessage
from server.protocol.events.tone import TrendMessage
from server.protocol.messages import NoteMessage, StartMessage, StopMessage
from server.serve import serving
from server.store.numbering import Stored
from server.store.store import Store, StoreError

Locked = Callable[[Path], AbstractContextManager[None]]
START = StartMessage(call="one", agent="Kim", rate=8000, title="A bill", keep_audio=True)
HUM = np.random.default_rng(1).normal(0, 100, (8000, 2)).astype("<i2").tobytes()  # a second of quiet noise
SECRETS = (b"my card is four seven one one", b"A bill", HUM[:64])  # of a note, the title and the sound


def durable(messages: list[Message]) -> list[DurableMessage]:
    return [message for message in messages if isinstance(message, DurableMessage)]


def files_with(folder: Path, *texts: bytes) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path for path in files if any(text in path.read_bytes() for text in texts)]


def test_kill_9_under_a_lock_loses_nothing_that_a_follower_was_shown(settings: ServerSettings, locked: Locked) -> None:
    folder = Path(settings.data_folder or "")
    with (
        a_process(settings) as (process, address),
        a_feed(address, START) as feed,
        Client(address, "/ws/calls/one") as page,
    ):
        feed.say(HUM)
        shown: list[DurableMessage] = [page.hear_one(TrendMessage)]
        with locked(folder):
            feed.say(HUM * 4)
            page.hear_one(StatusMessage, lambda status: not status.stored)
            page.hear_one(TrendMessage, lambda trend: trend.at >= 4)
            process.send_signal(signal.SIGKILL)
            shown += durable(page.hear_all())
            process.wait()
            with a_process(settings) as (_, address), Client(address, "/ws/calls/one") as page:
                kept = durable(page.hear_all())  # told although the lock still holds
    assert [event for event in kept if event in shown] == shown
    with a_process(settings) as (_, address), Client(address, "/ws/calls/one") as page:
        assert durable(page.hear_all()) == kept
        assert [event.seq for event in kept] == list(range(1, len(kept) + 1))


def test_verdicts_are_taken_while_eight_calls_are_stored(settings: ServerSettings, engine: Engine) -> None:
    began = datetime(2026, 1, 2, tzinfo=UTC)
    over = CallInfo(id="over", agent="Kim", title=None, layout=Layout.MIXED, rate=8000, started_at=began)
    with Store(Path(settings.data_folder or "")) as store:
        store.keep(over, [Stored(1, '{"type":"detection"}')])
    with serving(settings, engine) as address, ExitStack() as feeds, httpx.Client(base_url=address) as http:
        live = [feeds.enter_context(a_feed(address, structs.replace(START, call=f"live-{k}"))) for k in range(8)]
        answers = Counter[int]()
        for second in range(8):
            for feed in live:
                feed.say(HUM)
            for k in range(100):
                verdict = ("useful", "wrong", "not now", None)[(second + k) % 4]
                answers[http.put("/api/calls/over/verdicts/1", content=json.dumps(verdict)).status_code] += 1
        assert answers == {204: 800}
        assert all(http.get(f"/api/calls/live-{k}/events").json()["events"] for k in range(8))


def test_a_folder_that_is_deleted_during_a_call_costs_nothing_that_was_shown(
    settings: ServerSettings, engine: Engine
) -> None:
    folder = Path(settings.data_folder or "")
    with (
        serving(settings, engine) as address,
        a_feed(address, START) as feed,
        Client(address, "/ws/calls/one") as page,
    ):
        feed.say(HUM * 2)
        page.hear_one(TrendMessage, lambda trend: trend.at >= 1.5)
        shutil.rmtree(folder)
        feed.say(HUM * 2)
        feed.say(StopMessage())
        feed.hear_one(CallEndedMessage)
        page.hear_all()
        with Client(address, "/ws/calls/one") as page:
            told = durable(page.hear_all())
    assert [event.seq for event in told] == list(range(1, len(told) + 1))
    assert [event.at for event in told if isinstance(event, TrendMessage)] == [k / 2 for k in range(1, 9)]
    with Store(folder) as store:
        assert [event.seq for event in store.events("one")] == [event.seq for event in told]


def test_a_server_whose_folder_was_deleted_still_has_it_to_itself(settings: ServerSettings, engine: Engine) -> None:
    folder = Path(settings.data_folder or "")
    with serving(settings, engine) as address:
        shutil.rmtree(folder)
        assert httpx.get(f"{address}/api/calls").json()["calls"] == []
        with pytest.raises(StoreError, match=f"already, at {address}: use that one"), serving(settings, engine):
            pass
    with serving(settings, engine):
        pass


def test_a_folder_that_is_replaced_by_another_server_s_is_not_taken_from_it(
    settings: ServerSettings, engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, theirs = Path(settings.data_folder or ""), replace(settings, data_folder=str(tmp_path / "theirs"))
    with serving(settings, engine) as address, serving(theirs, engine) as other:
        folder.rename(tmp_path / "elsewhere")
        (tmp_path / "theirs").rename(folder)
        assert httpx.get(f"{address}/api/calls").json()["calls"] == []
        assert f"already, at {other}: use that one" in caplog.text
    with serving(settings, engine):
        pass


def test_deleted_is_gone_from_the_running_server_and_after_sigterm(settings: ServerSettings) -> None:
    folder = Path(settings.data_folder or "")
    with a_process(settings) as (process, address):
        for _ in range(20):
            a_call_with_a_secret(address)
            assert files_with(folder, *SECRETS)
            assert httpx.delete(f"{address}/api/calls/one").status_code == 204
            assert not files_with(folder, *SECRETS)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        assert not files_with(folder, *SECRETS)
        assert not (folder / "calmline.db-wal").exists()  # closed in order


def test_deleted_after_a_restart_is_gone_too(settings: ServerSettings) -> None:
    folder = Path(settings.data_folder or "")
    with a_process(settings) as (process, address):
        a_call_with_a_secret(address)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert files_with(folder, *SECRETS)
    with a_process(settings) as (_, address):
        assert httpx.delete(f"{address}/api/calls/one").status_code == 204
        assert not files_with(folder, *SECRETS)


def a_call_with_a_secret(address: str) -> None:
    with a_feed(address, START) as feed:
        feed.say(HUM)
        feed.say(NoteMessage(0.0, SECRETS[0].decode()))
        feed.say(StopMessage())
        feed.hear_one(CallEndedMessage)
    assert httpx.get(f"{address}/api/calls/one/peaks").status_code == 200


def test_a_second_server_on_the_same_calls_is_refused(settings: ServerSettings, engine: Engine) -> None:
    with (
        serving(settings, engine) as address,
        pytest.raises(StoreError, match=f"running on the calls in .* already, at {address}: "),
        serving(settings, engine),
    ):
        pass
    with serving(settings, engine):
        pass
