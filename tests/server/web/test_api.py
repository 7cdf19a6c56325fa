"""The HTTP interface of a running server."""

import io
import wave
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
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
from server.store.numbering import Stored
from server.store.store import Store

Locked = Callable[[Path], AbstractContextManager[None]]
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


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "", " 1", "\u0663", "\u00b2", "1e9", "0x10", "-" + "9" * 5000])
def test_a_number_in_a_query_that_is_none_is_said_in_a_sentence(http: httpx.Client, given: str) -> None:
    finished(http, START)
    for path, name in (("", "limit"), ("/one/events", "after"), ("/one/events", "limit"), ("/one/peaks", "level")):
        answer = http.get(f"/api/calls{path}", params={name: given})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_message")
        assert answer.json()["text"].startswith(f"Expected a whole number for {name}; ")
        assert len(answer.json()["text"]) < 150


def test_a_number_in_a_query_is_brought_within_its_bounds(http: httpx.Client) -> None:
    finished(http, START)
    for huge in (str(10**20), str(2**63), "9" * 5000, "0" * 4000 + "9" * 999):
        assert http.get("/api/calls/one/events", params={"after": huge}).json() == {"events": [], "next": None}
        assert http.get("/api/calls/one/events", params={"limit": huge}).json()["events"]
        assert len(http.get("/api/calls", params={"limit": huge}).json()["calls"]) == 1
        assert len(http.get("/api/calls/one/peaks", params={"level": huge}).content) == 2
        none = http.put(f"/api/calls/one/verdicts/{huge}", content='"wrong"')
        assert (none.status_code, none.json()["code"]) == (404, "unknown_alert")
    assert len(http.get("/api/calls/one/events?limit=0").json()["events"]) == 1


def test_an_address_that_leads_nowhere_is_answered_with_a_sentence(http: httpx.Client) -> None:
    finished(http, START)
    odd = ("%00", "a%0Ab", "..%2f..%2fetc%2fpasswd", "%2e%2e", "x" * 10_000, "%ff%fe", "%E2%80%AE", "one%20", "CON")
    for call in odd:
        for path in (f"/api/calls/{call}", f"/api/calls/{call}/events", f"/api/{call}", f"/pages/{call}/x"):
            answer = http.get(path)
            assert answer.status_code == 404, path
            assert answer.json()["code"] in ("unknown_call", "not_found")
            assert answer.json()["text"].isprintable()
            assert len(answer.json()["text"]) < 250
        assert http.get("/api/calls", params={"before": call}).json() == {"calls": [], "next": None}
    for path in ("/api", "/api/", "/api/calls/", "/api/calls/one/", "/api/calls/one/verdicts/", "//api/calls"):
        assert http.get(path).json()["code"] == "not_found"
    assert http.post("/api/nowhere").status_code == 404


def test_a_method_that_is_not_allowed_is_answered_with_those_that_are(http: httpx.Client) -> None:
    for method, path, allowed in (
        ("POST", "/api/calls/one", "DELETE, GET, HEAD"),
        ("PUT", "/api/calls", "GET, HEAD"),
        ("GET", "/api/login", "POST"),
        ("GET", "/api/calls/one/verdicts/1", "PUT"),
        ("BREW", "/api/health", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
    ):
        answer = http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert answer.headers["allow"] == allowed
        assert answer.json()["text"] == f"Expected {allowed.replace(', ', ' or ')} for {path}; {method} came."


def test_a_verdict_that_cannot_be_read_is_refused(http: httpx.Client) -> None:
    for body in (b"[" * 1024, b'{"a":' * 200, b'"\xff"', b"", b"\x00", b'"use' + b"x" * 900):
        answer = http.put("/api/calls/one/verdicts/1", content=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_message")
        assert len(answer.json()["text"]) < 200


def test_a_fault_in_the_program_is_one_sentence_and_one_traceback_in_the_log(
    http: httpx.Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Store, "calls")
    answer = http.get("/api/calls")
    assert (answer.status_code, answer.json()["code"]) == (500, "fault")
    assert answer.json()["text"] == "This failed through a fault in the program; the server's log says more."
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert [record.exc_info is not None for record in caplog.records if record.levelname == "ERROR"] == [True]


def test_a_store_that_cannot_be_read_is_said(http: httpx.Client, settings: ServerSettings) -> None:
    with Store(Path(settings.data_folder or "")) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE calls")
    answer = http.get("/api/calls")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_read")
    assert "cannot be read: no such table: calls" in answer.json()["text"]


def test_what_waits_to_be_stored_is_answered_like_the_rest(
    http: httpx.Client, settings: ServerSettings, locked: Locked
) -> None:
    with locked(Path(settings.data_folder or "")):
        finished(http, structs.replace(START, keep_audio=False))
        whole = http.get("/api/calls/one/events").json()
        result = http.get("/api/calls/one").json()
        assert http.put("/api/calls/one/verdicts/1", content='"wrong"').json()["code"] == "not_stored"
    assert [event["seq"] for event in whole["events"]] == list(range(1, len(whole["events"]) + 1))
    assert whole["events"][-1]["type"] == "call_ended"
    assert result["call"]["state"] == "ended"
    assert [point["at"] for point in result["trend"]] == [0.5, 1.0]
    assert result["dynamics"]["at"] == 1.0


def test_a_call_whose_sound_cannot_be_removed_is_kept(http: httpx.Client, settings: ServerSettings) -> None:
    finished(http, structs.replace(START, keep_audio=False))
    audio = Path(settings.data_folder or "") / "audio" / "one.wav"
    audio.mkdir(parents=True)
    answer = http.delete("/api/calls/one")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_deleted")
    assert http.get("/api/calls/one").status_code == 200
    audio.rmdir()
    assert http.delete("/api/calls/one").status_code == 204


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
