"""A server that is sent rubbish by a feed and by a page: the call goes on, every refusal is short, the log empty.
More of it: `make nightly`."""

import logging
from random import Random

import pytest
from message_noise import START, is_stop, rubbish
from wire import Client, a_feed

from server.protocol.events.call import CallEndedMessage, EndReason
from server.protocol.events.errors import ErrorMessage
from server.protocol.messages import ResumeMessage, StopMessage

FRAMES = bytes(4 * 160)  # 20 ms


def bombard(address: str, count: int) -> None:
    chance = Random(count)
    with a_feed(address, START) as feed, Client(address, "/ws/calls/one") as page:
        for _ in range(count):
            if not is_stop(data := rubbish(chance)):
                feed.say(data)
            page.say(rubbish(chance))
        feed.say(ResumeMessage())
        feed.say(FRAMES * 50)
        feed.say(StopMessage())
        told = feed.hear_all()
        seen = page.hear_all()
    refusals = [message for message in (*told, *seen) if isinstance(message, ErrorMessage)]
    assert len(refusals) > count // 2
    assert max(len(refusal.text) for refusal in refusals) < 500
    (end,) = [message for message in told if isinstance(message, CallEndedMessage)]
    assert end.reason is EndReason.STOPPED


def test_a_call_survives_whatever_its_feed_and_page_say(address: str, caplog: pytest.LogCaptureFixture) -> None:
    bombard(address, 300)
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.WARNING] == []
