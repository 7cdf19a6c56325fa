"""Requests of any kind: none is answered with 500, none with a traceback. More of them: `make nightly`."""

import logging
import re
from collections.abc import Iterator
from random import Random
from urllib.parse import urlsplit

import httpx
import pytest
from http_noise import answers, request
from wire import a_feed

from server.protocol.events.call import CallEndedMessage
from server.protocol.messages import StartMessage, StopMessage

REQUESTS = 500


@pytest.fixture
def clean_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.WARNING):
        yield
    bad = [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert not bad, bad[0].getMessage()


@pytest.mark.usefixtures("clean_log")
def test_any_request_is_answered_and_none_with_500(address: str) -> None:
    start = StartMessage(call="one", agent="Kim", rate=8000, keep_audio=True)
    with a_feed(address, start) as feed:
        feed.say(bytes(32_000))
        feed.say(StopMessage())
        feed.hear_one(CallEndedMessage)
    said = set[bytes]()
    for seed in range(REQUESTS):
        sent = request(Random(seed), urlsplit(address).netloc)
        came = answers(address, sent)
        statuses = set(re.findall(rb"^HTTP/1.1 (\d+) ", came, re.MULTILINE))
        assert {status for status in statuses if status >= b"500"} <= {b"501", b"505"}, (seed, sent, came)
        assert b"Traceback" not in came, (seed, sent)
        said |= statuses
    assert {b"101", b"200", b"206", b"400", b"403", b"404", b"405", b"413", b"422"} <= said
    assert httpx.get(f"{address}/api/health").json()["status"] == "ok"
