"""The HTTP interface of a running server."""

import io
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import jsonschema
import numpy as np
import pytest
from msgspec import structs
from wire import a_feed

from server.app import PAGES, ServerSettings
from server.live.registry import Engine
from server.protocol.docs import schema
from server.protocol.events.call import CallEndedMessage
from server.protocol.messages import StartMessage, StopMessage
from server.serve import serving
from server.store.store import Store, Stored

START = StartMessage(call="one", agent="Kim", rate=8000, keep_audio=True)
HUM = np.random.default_rng(1).normal(0, 100, (8000, 2)).astype("<i2").tobytes()  # a second of quiet noise


@pytest.fixture
def http(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address) as client:
        yield client


def finished(http: httpx.Client, start: StartMessage) -> None:
    with a_feed(str(http.base_url).rstrip("/"), start) as feed:
        feed.say(HUM)
        feed.say(StopMessage())
        feed.hear_one(CallEndedMessage)


def test_health_says_that_the_server_is_up(http: httpx.Client) -> None:
    answer = http.get("/api/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["running"] == 0


def test_calls_are_listed_page_by_page_the_newest_first(http: httpx.Client) -> None:
    for name in "abc":
        finished(http, structs.replace(START, call=name))
    page = http.get("/api/calls?limit=2").json()
    assert [call["id"] for call in page["calls"]] == ["c", "b"]
    assert page["next"] == "b"
    page = http.get(f"/api/calls?limit=2&before={page['next']}").json()
    assert [call["id"] for call in page["calls"]] == ["a"]
    assert page["next"] is None
    assert len(http.get("/api/calls?limit=x").json()["calls"]) == 3


def test_the_result_of_a_call_has_what_was_found_by_kind(http: httpx.Client) -> None:
    finished(http, START)
    result = http.get("/api/calls/one").json()
    assert result["call"]["state"] == "ended"
    assert result["call"]["duration"] == 1.0
    assert [point["at"] for point in result["trend"]] == [0.5, 1.0]
    assert result["dynamics"]["at"] == 1.0
    assert result["words"] == result["errors"] == []


def test_the_events_of_a_call_are_read_from_any_number_on_and_fit_the_schema(http: httpx.Client) -> None:
    finished(http, START)
    whole = http.get("/api/calls/one/events").json()
    assert [event["seq"] for event in whole["events"]] == list(range(1, len(whole["events"]) + 1))
    assert whole["next"] is None
    validator = jsonschema.Draft202012Validator(schema())
    for event in whole["events"]:
        validator.validate(event)
    page = http.get("/api/calls/one/events?after=1&limit=2").json()
    assert page == {"events": whole["events"][1:3], "next": 3}


def test_kept_audio_is_sent_whole_and_in_ranges(http: httpx.Client) -> None:
    finished(http, START)
    whole = http.get("/api/calls/one/audio")
    assert whole.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(whole.content)) as audio:
        assert audio.readframes(9999) == HUM
    part = http.get("/api/calls/one/audio", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    assert part.content == whole.content[100:200]
    beyond = http.get("/api/calls/one/audio", headers={"Range": "bytes=9999999-"})
    assert beyond.status_code == 416


def test_audio_is_not_there_unless_it_was_asked_for(http: httpx.Client) -> None:
    finished(http, structs.replace(START, keep_audio=False))
    answer = http.get("/api/calls/one/audio")
    assert answer.status_code == 404
    assert answer.json()["text"] == "The raw audio of call one was not kept."


def test_the_settings_may_ask_for_the_audio_of_every_call(settings: ServerSettings, engine: Engine) -> None:
    with serving(replace(settings, keep_audio=True), engine) as address, httpx.Client(base_url=address) as http:
        finished(http, structs.replace(START, keep_audio=False))
        assert http.get("/api/calls/one/audio").status_code == 200


def test_the_peaks_of_kept_audio_are_sent_by_level(http: httpx.Client) -> None:
    finished(http, START)
    sizes = [len(http.get(f"/api/calls/one/peaks?level={level}").content) for level in (0, 1, 2, 9)]
    assert sizes == [2 * 50, 2 * 7, 2, 2]  # bytes: a second in bins of 20 ms, 160 ms and 1.28 s, two channels
    finished(http, structs.replace(START, call="silent", keep_audio=False))
    assert http.get("/api/calls/silent/peaks").json()["code"] == "no_audio"
    assert http.get("/api/calls/nobody/peaks").json()["code"] == "unknown_call"


def test_alerts_are_counted_and_judged(http: httpx.Client, settings: ServerSettings) -> None:
    finished(http, START)
    with Store(Path(settings.data_folder or "")) as store:
        (call,) = store.calls(1)
        store.keep(call, [Stored(100, '{"type":"detection","seq":100}')])
    assert http.get("/api/calls").json()["calls"][0]["alerts"] == 1
    assert http.get("/api/calls/one/verdicts").json() == {"verdicts": {}}
    assert http.put("/api/calls/one/verdicts/100", content='"not now"').status_code == 204
    assert http.get("/api/calls/one/verdicts").json() == {"verdicts": {"100": "not now"}}
    assert http.put("/api/calls/one/verdicts/100", content="null").status_code == 204
    assert http.get("/api/calls/one/verdicts").json() == {"verdicts": {}}


def test_a_verdict_that_is_none_and_an_alert_that_is_none_are_refused_in_a_sentence(http: httpx.Client) -> None:
    finished(http, START)
    bad = http.put("/api/calls/one/verdicts/1", content='"great"')
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_message")
    assert bad.json()["text"] == 'Expected "useful", "wrong", "not now" or null as JSON, but "great" came.'
    none = http.put("/api/calls/one/verdicts/1", content='"wrong"')
    assert (none.status_code, none.json()["text"]) == (404, "Call one has no alert number 1.")


def test_a_verdict_that_the_store_does_not_take_is_said(http: httpx.Client, settings: ServerSettings) -> None:
    finished(http, START)
    with Store(Path(settings.data_folder or "")) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE verdicts")
        connection.exec_driver_sql("""INSERT INTO events VALUES ('one', 100, '{"type":"detection"}')""")
    answer = http.put("/api/calls/one/verdicts/100", content='"wrong"')
    assert (answer.status_code, answer.json()["code"]) == (507, "not_stored")


def test_a_deleted_call_is_gone(http: httpx.Client) -> None:
    finished(http, START)
    assert http.delete("/api/calls/one").status_code == 204
    for path in ("/api/calls/one", "/api/calls/one/events", "/api/calls/one/audio"):
        answer = http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_call")
    assert http.delete("/api/calls/one").status_code == 404


def test_a_running_call_can_be_read_but_not_deleted(http: httpx.Client, address: str) -> None:
    with a_feed(address, START) as feed:
        feed.say(HUM)
        assert http.get("/api/health").json()["running"] == 1
        for answer in (http.delete("/api/calls/one"), http.get("/api/calls/one/audio")):
            assert (answer.status_code, answer.json()["code"]) == (409, "call_running")
        assert http.get("/api/calls/one").json()["call"]["state"] == "live"
        feed.say(StopMessage())
        feed.hear_one(CallEndedMessage)


def test_pages_may_run_our_own_scripts_only_and_calls_stay_out_of_caches(http: httpx.Client) -> None:
    page, api = http.get("/"), http.get("/api/health")
    assert page.headers["content-type"].startswith("text/html")
    for script in PAGES.glob("*.js"):
        assert http.get(f"/{script.name}").headers["content-type"].startswith("text/javascript")
    for answer in (page, api):
        assert answer.headers["content-security-policy"].startswith("default-src 'self';")
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert api.headers["cache-control"] == "no-store"
    assert page.headers["cache-control"] == "no-cache"
