"""Every message that there is, found by looking; none is listed here."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args

import jsonschema
import msgspec
import pytest
from msgspec import inspect

from server.protocol.calls import Layout
from server.protocol.docs import DOCS, MARK, reference_text, schema, schema_text
from server.protocol.events.base import Message
from server.protocol.messages import (
    BadMessageError,
    FromFeed,
    FromPage,
    FromServer,
    StartMessage,
    read_from_feed,
    read_from_page,
    read_from_server,
    write,
)


def every(family: type[Message]) -> list[type[Message]]:
    """The message types of a family that are really sent."""
    below = family.__subclasses__()
    return [leaf for child in below for leaf in every(child)] if below else [family]


def example(kind: inspect.Type, fuller: bool) -> Any:
    """A value of a type, as it is in JSON; `fuller` fills in what may be null or empty."""
    match kind:
        case inspect.Metadata(type=inner):
            return example(inner, fuller)
        case inspect.UnionType(types=types):
            return example(types[0] if fuller else types[-1], fuller)
        case inspect.NoneType():
            return None
        case inspect.BoolType():
            return fuller
        case inspect.IntType(ge=least):
            return (least or 0) + fuller
        case inspect.FloatType():
            return 0.5
        case inspect.StrType():
            return "a.b-c" if fuller else "a"
        case inspect.DateTimeType():
            return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).isoformat().replace("+00:00", "Z")
        case inspect.EnumType(cls=cls):
            return list(cls)[-1 if fuller else 0].value
        case inspect.CollectionType(item_type=item):
            return [example(item, fuller)] * (2 if fuller else 0)
        case inspect.TupleType(item_types=items):
            return [example(item, fuller) for item in items]
        case inspect.StructType(fields=fields, tag_field=tag_field, tag=tag):
            tags = {tag_field: tag} if tag_field else {}
            return tags | {field.encode_name: example(field.type, fuller) for field in fields}
    raise NotImplementedError(kind)


@pytest.mark.parametrize("fuller", [False, True], ids=["least", "fuller"])
@pytest.mark.parametrize("kind", every(Message), ids=lambda kind: kind.__name__)
def test_every_message_survives_the_wire_and_fits_the_schema(kind: type[Message], fuller: bool) -> None:
    data = example(inspect.type_info(kind), fuller)
    sent = msgspec.convert(data, kind)
    (way,) = (way for way in (FromFeed, FromPage, FromServer) if kind in get_args(way))
    assert msgspec.json.decode(write(sent), type=way) == sent
    assert msgspec.json.decode(write(sent)) == data
    jsonschema.Draft202012Validator(schema()).validate(data)


def test_no_message_is_left_out_of_the_wire() -> None:
    assert {*get_args(FromFeed), *get_args(FromPage), *get_args(FromServer)} == set(every(Message))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{oops", "malformed"),
        ("[]", "Expected `object`"),
        ('{"type": "begin"}', "Invalid value 'begin'"),
        ('{"type": "start", "call": "a", "agent": "Kim"}', "missing required field `rate`"),
        ('{"type": "start", "call": "../a", "agent": "Kim", "rate": 8000}', "$.call"),
        ('{"type": "start", "call": "a", "agent": "Kim", "rate": 100}', "$.rate"),
        ('{"type": "start", "call": "a", "agent": "Kim", "rate": 8000, "color": "red"}', "unknown field `color`"),
        ('{"type": "switch_cues", "on": true}', "Invalid value 'switch_cues'"),
    ],
)
def test_what_a_feed_must_not_send_is_named(text: str, reason: str) -> None:
    with pytest.raises(BadMessageError, match=r"Expected a JSON message of type start, .*") as caught:
        read_from_feed(text)
    assert reason in str(caught.value)


def a_start(**fields: object) -> bytes:
    return msgspec.json.encode({"type": "start", "call": "a", "agent": "Kim", "rate": 8000} | fields)


@pytest.mark.parametrize("name", ["", " ", "\u00a0\u200b", "a\nb", "a\n", "a\x00", "\x1b[2J", "a\u2028b", "a" * 201])
@pytest.mark.parametrize("field", ["agent", "title"])
def test_a_name_that_no_page_can_show_is_refused_by_its_field(field: str, name: str) -> None:
    with pytest.raises(BadMessageError, match=rf"\$\.{field}"):
        read_from_feed(a_start(**{field: name}))


@pytest.mark.parametrize("name", ["Kim", "a" * 200, "Zoë", "שלום", "电话 🎧", "a  b", "7"])
def test_a_name_in_any_script_is_taken(name: str) -> None:
    start = read_from_feed(a_start(agent=name, title=name))
    assert isinstance(start, StartMessage)
    assert (start.agent, start.title) == (name, name)


@pytest.mark.parametrize(
    "call",
    ["", "a\n", "a b", "a/b", ".a", "-a", "a.", "..", "ä", "a" * 65, "con", "NUL", "Aux.txt", "com1", "lpt9.a.b"],
)
def test_an_id_that_is_no_files_name_everywhere_is_refused(call: str) -> None:
    with pytest.raises(BadMessageError, match=r"\$\.call|device on Windows"):
        read_from_feed(a_start(call=call))


@pytest.mark.parametrize("call", ["a", "7", "CA0123", "a.b-c_d", "a" * 64, "console", "com", "a.con"])
def test_an_id_of_a_telephone_system_is_taken(call: str) -> None:
    assert read_from_feed(a_start(call=call)) == StartMessage(call=call, agent="Kim", rate=8000)


@pytest.mark.parametrize(
    "when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1969-12-31T23:59:59Z", "2026-01-02T03:04:05"]
)
def test_a_time_at_the_ends_of_the_calendar_is_refused(when: str) -> None:
    with pytest.raises(BadMessageError):
        read_from_feed(a_start(started_at=when))


@pytest.mark.parametrize("when", ["1970-01-01T00:00:00+14:00", "2999-12-31T23:59:59-14:00"])
def test_a_time_that_is_taken_can_be_told_in_utc(when: str) -> None:
    start = read_from_feed(a_start(started_at=when))
    assert isinstance(start, StartMessage)
    assert start.started_at is not None
    start.started_at.astimezone(UTC)


@pytest.mark.parametrize("count", ["-1", "9007199254740992", "9" * 5000, "1e400", "NaN", "1.5"])
def test_a_count_that_no_program_can_count_to_is_refused(count: str) -> None:
    with pytest.raises(BadMessageError):
        read_from_feed(f'{{"type": "device", "channel": "agent", "present": true, "dropped": {count}}}')


@pytest.mark.parametrize("at", ["-1", "1e400", "NaN", "Infinity", "9" * 5000])
def test_a_time_that_is_no_number_of_seconds_is_refused(at: str) -> None:
    with pytest.raises(BadMessageError):
        read_from_feed(f'{{"type": "note", "at": {at}, "text": "a"}}')


READERS = [read_from_feed, read_from_page, read_from_server]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "data",
    [
        b'{"type":"resume","a":' + b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"type":"\xff"}',
        b'{"type":"\\ud800"}',
        "\udc80",
    ],
    ids=["lists", "objects", "no UTF-8", "half a pair", "an escaped byte"],
)
def test_what_cannot_be_decoded_at_all_is_a_bad_message(
    read: Callable[[str | bytes], Message], data: str | bytes
) -> None:
    with pytest.raises(BadMessageError):
        read(data)


def test_the_channels_of_a_layout_are_in_the_order_of_the_audio() -> None:
    orders = {layout.value: [channel.value for channel in layout.channels] for layout in Layout}
    assert orders == {
        "agent-customer": ["agent", "customer"],
        "customer-agent": ["customer", "agent"],
        "mixed": ["mixed"],
    }


def test_a_start_says_little_more_than_who_and_how() -> None:
    start = read_from_feed('{"type": "start", "call": "a", "agent": "Kim", "rate": 8000}')
    assert start == StartMessage(call="a", agent="Kim", rate=8000)
    assert not start.keep_audio


def test_the_documents_are_up_to_date() -> None:
    hint = "run `python -m server.protocol.docs`"
    assert (DOCS / "protocol.schema.json").read_text("utf-8") == schema_text(), hint
    assert (DOCS / "protocol.md").read_text("utf-8").partition(MARK)[2] == reference_text(), hint
