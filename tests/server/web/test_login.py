"""Signing in: sessions that expire, and how often a wrong token may be tried."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from wire import Client

from server.app import ServerSettings
from server.live.registry import Engine
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.serve import serving
from server.web.login import ATTEMPTS, SESSION_S, WINDOW_S, Attempts, Sessions

TOKEN = "a token of some length"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guarded(settings: ServerSettings, engine: Engine) -> Iterator[str]:
    with serving(replace(settings, token=TOKEN), engine) as address:
        yield address


@pytest.mark.parametrize("token", [" " * 20, f" {TOKEN}", f"{TOKEN} "])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=r"^expected a token without blanks at its ends$"):
        ServerSettings(token=token)


def test_a_session_lasts_as_long_as_it_is_used(clock: Clock) -> None:
    sessions = Sessions(clock)
    session = sessions.open()
    for _ in range(3):
        clock.now += SESSION_S - 1
        assert sessions.use(session)
    clock.now += SESSION_S
    assert not sessions.use(session)
    assert not sessions.use("")


def test_no_two_sessions_are_alike_and_old_ones_make_room(clock: Clock) -> None:
    sessions = Sessions(clock)
    opened = [sessions.open() for _ in range(10_001)]
    assert len(set(opened)) == len(opened)
    assert not sessions.use(opened[0])
    assert sessions.use(opened[1])


def test_a_page_that_signed_out_is_let_in_no_more(guarded: str) -> None:
    with httpx.Client(base_url=guarded) as http:
        http.post("/api/login", content=TOKEN)
        cookie = {"Cookie": f"calmline={http.cookies['calmline']}"}
        assert http.get("/api/calls").status_code == 200
        assert http.post("/api/logout").status_code == 204
        assert "calmline" not in http.cookies
        assert http.get("/api/calls", headers=cookie).status_code == 401


def test_a_restart_signs_every_page_out(settings: ServerSettings, engine: Engine) -> None:
    guarded = replace(settings, token=TOKEN)
    with serving(guarded, engine) as address:
        cookie = httpx.post(f"{address}/api/login", content=TOKEN).headers["set-cookie"].partition(";")[0]
        assert httpx.get(f"{address}/api/calls", headers={"Cookie": cookie}).status_code == 200
    with serving(guarded, engine) as address:
        assert httpx.get(f"{address}/api/calls", headers={"Cookie": cookie}).status_code == 401


def test_an_address_is_locked_out_for_a_while_and_others_are_not(clock: Clock) -> None:
    attempts = Attempts(clock)
    for _ in range(ATTEMPTS):
        assert attempts.wait_s("192.0.2.1") == 0
        attempts.failed("192.0.2.1")
        clock.now += 1
    assert attempts.wait_s("192.0.2.1") == WINDOW_S - 1
    assert attempts.wait_s("192.0.2.2") == 0
    clock.now += WINDOW_S
    assert attempts.wait_s("192.0.2.1") == 0


def test_few_failures_now_and_then_lock_nobody_out(clock: Clock) -> None:
    attempts = Attempts(clock)
    for _ in range(10 * ATTEMPTS):
        attempts.failed("192.0.2.1")
        clock.now += WINDOW_S / (ATTEMPTS - 1)
        assert attempts.wait_s("192.0.2.1") == 0


@pytest.mark.parametrize("way", ["login", "bearer"])
def test_guessing_is_stopped_and_a_flood_is_one_line_of_the_log(
    guarded: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    def guess(token: str) -> httpx.Response:
        if way == "login":
            return http.post("/api/login", content=token)
        return http.get("/api/calls", headers={"Authorization": f"Bearer {token}"})

    with httpx.Client(base_url=guarded) as http, caplog.at_level(logging.WARNING, "server.web"):
        signed_in = {"Cookie": http.post("/api/login", content=TOKEN).headers["set-cookie"].partition(";")[0]}
        http.cookies.clear()
        assert [guess(f"guess {number}").status_code for number in range(ATTEMPTS)] == [401] * ATTEMPTS
        for _ in range(50):
            answer = guess(TOKEN)
            assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
        assert 0 < int(answer.headers["retry-after"]) <= WINDOW_S + 1
        assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
        assert "it is not listened to for 60 s" in caplog.text
        assert http.get("/api/calls", headers=signed_in).status_code == 200
    with Client(guarded, "/ws/follow", additional_headers={"Authorization": f"Bearer {TOKEN}"}) as page:
        first = page.hear()
        assert isinstance(first, ErrorMessage)
        assert first.code is ErrorCode.TOO_MANY_ATTEMPTS
        assert page.hear_all() == []
        assert page.socket.close_code == 1013
