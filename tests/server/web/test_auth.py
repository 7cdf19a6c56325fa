"""Who may talk to the server: tokens, cookies, origins and names."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
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
    with serving(replace(settings, token=TOKEN, allowed_origins=("https://crm.example",)), engine) as address:
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
