"""Followers that do not read: they cost what is in their sockets, and hold up nobody."""

import logging
import socket
import struct
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import monotonic

import httpx
import numpy as np
import pytest
from raw_http import open_socket
from wire import PATIENCE_S, Client, a_feed, numbers

from server.app import ServerSettings
from server.live.registry import Engine
from server.protocol.calls import CallInfo
from server.protocol.messages import StartMessage, StopMessage
from server.serve import serving
from server.store.store import Store, Stored
from server.web.sockets import Crowd

START = StartMessage(call="one", agent="Kim", rate=8000)
HUM = np.random.default_rng(1).normal(0, 100, (8000, 2)).astype("<i2").tobytes()  # a second of quiet noise
EVENTS = 20_000


def keep_long_call(settings: ServerSettings, call: CallInfo) -> None:
    text = "x" * 200
    events = [Stored(seq, f'{{"type":"noted","seq":{seq},"at":1.0,"text":"{text}"}}') for seq in range(1, EVENTS + 1)]
    with Store(Path(settings.data_folder or "")) as store:
        store.keep(call, events)


def follow_and_never_read(address: str, call: str) -> socket.socket:
    connection = open_socket(address)
    head = (
        f"GET /ws/calls/{call} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    connection.sendall(head.encode())
    return connection


def test_a_live_call_is_told_whole_beside_followers_that_never_read(
    settings: ServerSettings, engine: Engine, call: CallInfo
) -> None:
    keep_long_call(settings, call)
    with serving(settings, engine) as address, ExitStack() as crowd, a_feed(address, START) as feed:
        for number in range(100):
            crowd.enter_context(follow_and_never_read(address, "one" if number % 2 else call.id))
        with Client(address, "/ws/calls/one") as page:
            for _ in range(3):
                feed.say(HUM)
            feed.say(StopMessage())
            told = page.hear_all()
    assert numbers(told) == list(range(1, len(numbers(told)) + 1))
    assert len(numbers(told)) >= 8


def test_a_long_call_is_followed_whole_by_who_reads(settings: ServerSettings, engine: Engine, call: CallInfo) -> None:
    keep_long_call(settings, call)
    with serving(settings, engine) as address, Client(address, f"/ws/calls/{call.id}?after=5") as page:
        assert numbers(page.hear_all()) == list(range(6, EVENTS + 1))


def test_who_never_reads_is_cut_off_in_the_end_and_leaves_room(
    settings: ServerSettings, engine: Engine, call: CallInfo
) -> None:
    keep_long_call(settings, call)
    few = replace(settings, connections_at_most=2, ping_s=0.2)
    with serving(few, engine) as address, ExitStack() as crowd:
        for _ in range(2):
            crowd.enter_context(follow_and_never_read(address, call.id))
        until = monotonic() + PATIENCE_S
        while httpx.get(f"{address}/api/health").status_code == 503:
            assert monotonic() < until, "they still hold their connections"


def test_a_follower_that_vanishes_in_the_middle_is_no_line_of_the_log(
    settings: ServerSettings, engine: Engine, call: CallInfo, caplog: pytest.LogCaptureFixture
) -> None:
    keep_long_call(settings, call)
    with serving(settings, engine) as address, caplog.at_level(logging.WARNING):
        for _ in range(50):
            connection = follow_and_never_read(address, call.id)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()  # with a reset
        assert httpx.get(f"{address}/api/health").status_code == 200
    assert [record.message for record in caplog.records] == []


def test_a_few_followers_need_no_rest_and_many_take_the_same_part_of_the_loop() -> None:
    crowd = Crowd()
    crowd.busy = 20
    assert crowd.rest_s == 0
    crowd.busy = 1000
    assert crowd.rest_s == pytest.approx(0.25)
