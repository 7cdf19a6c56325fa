"""A server that is sent rubbish by a feed and by a page: the call goes on, every refusal is short, the log empty."""

import json
import logging
from random import Random

import psutil
import pytest
from wire import Client, a_feed

from server.protocol.events.call import CallEndedMessage, EndReason
from server.protocol.events.errors import ErrorMessage
from server.protocol.messages import (
    BadMessageError,
    NoteMessage,
    PauseCallMessage,
    PauseMessage,
    ResumeCallMessage,
    ResumeMessage,
    StartMessage,
    StopMessage,
    SwitchCuesMessage,
    read_from_feed,
    write,
)

START = StartMessage(call="one", agent="Kim", rate=8000)
FRAMES = bytes(4 * 160)  # 20 ms
PATTERNS = [
    *map(write, (PauseCallMessage("one"), ResumeCallMessage("one"), SwitchCuesMessage("one", on=True))),
    *map(write, (START, PauseMessage(), ResumeMessage(), NoteMessage(1.0, "a"))),
    '{"type":"device","channel":"agent","present":true,"dropped":3}',
    '{"type":"resume","more":[[[{}]]]}',
]
EDGES = [
    "1e400",
    "-1",
    "null",
    "[" * 50_000,
    '"' + "a" * 9_000 + '"',
    "9" * 400,
    "NaN",
    "true",
    '"\\ud800"',
    "{}",
    '""',
]


def rubbish(chance: Random) -> str | bytes:
    """A message that something has happened to, as text; or an odd number of bytes, as audio."""
    text = chance.choice(PATTERNS)
    match chance.randrange(5):
        case 0:
            return chance.randbytes(chance.randrange(9))
        case 1:
            return text[: chance.randrange(len(text))]
        case 2:
            at = chance.randrange(len(text))
            return text[:at] + chr(chance.choice([0, 34, 92, 123, 0x7F, 0x2028, 0x10FFFF])) + text[at + 1 :]
        case 3:
            return json.dumps(
                {key: chance.choice([value, None, -1, "", []]) for key, value in json.loads(text).items()}
            )
    key, _, rest = text.rpartition(":")
    return f"{key}:{chance.choice(EDGES)}}}" if rest else text


def is_stop(data: str | bytes) -> bool:
    try:
        return isinstance(data, str) and isinstance(read_from_feed(data), StopMessage)
    except BadMessageError:
        return False


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


@pytest.mark.nightly
def test_no_memory_is_lost_to_a_hundred_thousand_messages(address: str, caplog: pytest.LogCaptureFixture) -> None:
    process = psutil.Process()
    bombard(address, 1_000)
    before = process.memory_info().rss
    for _ in range(50):
        with Client(address, "/ws/feed") as feed:
            chance = Random(0)
            for _ in range(2_000):
                data = rubbish(chance)
                if "start" not in str(data):
                    feed.say(data)
                    feed.hear()
    assert process.memory_info().rss - before < 2**26
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.WARNING] == []
