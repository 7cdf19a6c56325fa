"""Every message that there is, found by looking; none is listed here."""

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
    ClientMessage,
    FromFeed,
    FromPage,
    FromServer,
    StartMessage,
    read_from_feed,
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
    way = FromFeed | FromPage if issubclass(kind, ClientMessage) else FromServer
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
