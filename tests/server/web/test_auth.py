"""Who may talk to the server: tokens, cookies, origins and names."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from raw_http import ask
from wire import Client

from server.app import ServerSettings
from server.live.registry import Engine
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.messages import CloseCode, WaitingMessage
from server.serve import serving
from server.web.auth import is_loopback

TOKEN = "a token of some length"


@pytest.fixture
def guarded(settings: ServerSettings, engine: Engine) -> Iterator[str]:
    """A server with a token."""
    own = replace(settings, data_folder=f"{settings.data_folder} with token")
    with serving(replace(own, token=TOKEN, allowed_origins=("https://crm.example",)), engine) as address:
        yield address


def code(address: str, **how: object) -> ErrorCode | None:
    """Why a websocket is not let in; None if it is."""
    with Client(address, "/ws/follow", **how) as page:
        first = page.hear()
        if first == WaitingMessage():
            return None
        assert isinstance(first, ErrorMessage)
        assert page.hear_all() == []
        closed_as = {CloseCode.UNAUTHORIZED: ErrorCode.UNAUTHORIZED, CloseCode.FORBIDDEN: ErrorCode.FORBIDDEN}
        assert closed_as[page.socket.close_code or 0] is first.code
        return first.code


def test_without_the_token_there_is_nothing_but_health_and_empty_pages(guarded: str) -> None:
    with httpx.Client(base_url=guarded) as http:
        assert http.get("/api/health").status_code == 200
        for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"Cookie": "calmline=wrong"}):
            for path in ("/api/calls", "/metrics"):
                answer = http.get(path, headers=wrong)
                assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
            assert http.delete("/api/calls/one", headers=wrong).status_code == 401
            assert code(guarded, additional_headers=wrong) is ErrorCode.UNAUTHORIZED


def test_a_program_sends_the_token_as_a_header(guarded: str) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/api/calls", "/metrics"):
        assert httpx.get(guarded + path, headers=bearer).status_code == 200
    assert code(guarded, additional_headers=bearer) is None


def test_a_page_signs_in_for_a_cookie_that_does_not_hold_the_token(guarded: str) -> None:
    with httpx.Client(base_url=guarded) as http:
        assert http.post("/api/login", content="wrong").status_code == 401
        assert http.get("/api/calls").status_code == 401
        answer = http.post("/api/login", content=TOKEN, headers={"Origin": guarded})
        assert answer.status_code == 204
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert http.get("/api/calls").status_code == 200
        assert code(guarded, additional_headers={"Cookie": cookie.partition(";")[0]}, origin=guarded) is None


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_pages_of_other_origins_are_refused_where_anything_can_be_changed(address: str, origin: str) -> None:
    assert code(address, origin=origin) is ErrorCode.FORBIDDEN
    for path in ("/api/calls/one", "/api/login"):
        answer = httpx.request("DELETE", address + path, headers={"Origin": origin})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://["},
        {"Origin": ""},
    ],
)
def test_pages_of_other_sites_can_load_nothing_either(address: str, headers: dict[str, str]) -> None:
    for path in ("/api/calls", "/api/calls/one/audio", "/api/health", "/demo/billing_call.opus", "/metrics"):
        answer = httpx.get(address + path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_our_own_pages_load_what_they_need(address: str, guarded: str) -> None:
    for site in ("same-origin", "none"):
        assert httpx.get(f"{address}/demo/billing_call.opus", headers={"Sec-Fetch-Site": site}).status_code == 200
    assert (
        httpx.get(f"{address}/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    )  # a link that leads here
    crm = {"Origin": "https://CRM.example", "Sec-Fetch-Site": "cross-site", "Authorization": f"Bearer {TOKEN}"}
    assert httpx.get(f"{guarded}/api/calls", headers=crm).status_code == 200


def test_a_server_behind_a_name_knows_its_own_pages_however_the_port_is_written(guarded: str) -> None:
    for host, origin in (
        ("calls.example", "https://calls.example"),
        ("Calls.Example", "https://calls.example"),
        ("calls.example:443", "https://calls.example"),
        ("calls.example", "http://calls.example:80"),
        ("calls.example.", "http://calls.example"),
    ):
        answer = httpx.post(f"{guarded}/api/login", content=TOKEN, headers={"Host": host, "Origin": origin})
        assert answer.status_code == 204, (host, origin)
    for origin in ("https://calls.example:8443", "http://kim@calls.example", "calls.example", "ftp://calls.example"):
        headers = {"Host": "calls.example", "Origin": origin}
        assert httpx.post(f"{guarded}/api/login", content=TOKEN, headers=headers).status_code == 403, origin


NO_HOSTS = (
    "[::1",
    "::1]",
    "[",
    "",
    "a b",
    "kim@localhost",
    "localhost:port",
    "localhost:99999",
    "localhost:-1",
    "[::1]x",
)


def test_a_host_that_is_none_is_said_in_a_sentence(address: str, guarded: str) -> None:
    for server in (address, guarded):
        for host in (*NO_HOSTS, "localhost/", "localhost:-1", "local\\host", "localhost:" + "9" * 5000, "x" * 9000):
            answer = ask(server, "GET /api/calls HTTP/1.1", f"Host: {host}")
            assert (answer.status, answer.json()["code"]) == (400, "bad_message")
            assert answer.json()["text"].startswith("Expected a host name or address")


def test_this_machine_is_known_however_it_is_written(address: str) -> None:
    for host in ("LOCALHOST", "localhost.", "127.0.0.1:1", "[::1]", "[0:0:0:0:0:0:0:1]:80"):
        assert ask(address, "GET /api/health HTTP/1.1", f"Host: {host}").status == 200


def test_an_origin_that_is_none_is_refused_on_a_websocket_too(address: str) -> None:
    for origin in ("http://[", "http://[::1", "null", "//", "http://localhost:99999999999999999999", "x" * 5000):
        assert code(address, additional_headers={"Origin": origin}) is ErrorCode.FORBIDDEN


def test_our_own_pages_and_origins_that_the_settings_name_are_let_in(address: str, guarded: str) -> None:
    assert code(address, origin=address) is None
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert code(guarded, origin="https://crm.example", additional_headers=bearer) is None


@pytest.mark.parametrize("path", ["/", "/api/calls", "/api/health"])
def test_without_a_token_the_server_answers_to_names_of_this_machine_only(address: str, path: str) -> None:
    port = address.rpartition(":")[2]
    assert httpx.get(address + path, headers={"Host": f"evil.example:{port}"}).status_code == 421
    assert httpx.get(address + path, headers={"Host": f"localhost:{port}"}).status_code != 421
    assert httpx.get(address + path, headers={"Host": f"[::1]:{port}"}).status_code != 421


def test_what_counts_as_this_machine() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.8.9.1", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.5", "localhost.evil.example", "")))
