"""Messages that no client of ours would send: those of a feed and of a page, with something wrong about them.

In: numbered chance. Out: text or audio; the same for the same number.
"""

import json
from random import Random

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
