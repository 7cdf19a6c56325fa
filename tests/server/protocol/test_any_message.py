"""Whatever comes over the wire is a message or one sentence, and every message comes out as it went in."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from server.protocol.events.base import Message
from server.protocol.messages import (
    BadMessageError,
    FromFeed,
    FromPage,
    FromServer,
    read_from_feed,
    read_from_page,
    read_from_server,
    write,
)

Read = Callable[[str | bytes], Message]
READERS: list[tuple[Any, Read]] = [
    (FromFeed, read_from_feed),
    (FromPage, read_from_page),
    (FromServer, read_from_server),
]
LONGEST = 400  # characters of a refusal, whatever came
IDS = st.text("abXY019._-", min_size=1, max_size=64)
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2999, 12, 30), timezones=st.just(UTC))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Every value that a type of the protocol may have."""
    match kind:
        case inspect.Metadata(type=inner):
            return values(inner)
        case inspect.UnionType(types=types):
            return st.one_of(map(values, types))
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType(ge=least, le=most):
            return st.integers(least, most)
        case inspect.FloatType(ge=least, le=most):
            return st.floats(least, most, allow_nan=False, allow_infinity=False)
        case inspect.StrType(pattern=None):
            return st.text()
        case inspect.StrType(pattern=str(pattern), max_length=longest):
            return (IDS | st.text(min_size=1, max_size=longest or 20)).filter(lambda text: re.search(pattern, text))
        case inspect.DateTimeType():
            return TIMES
        case inspect.EnumType(cls=cls):
            return st.sampled_from(list(cls))
        case inspect.CollectionType(item_type=item):
            return st.lists(values(item), max_size=3)
        case inspect.TupleType(item_types=items):
            return st.tuples(*map(values, items))
        case inspect.StructType(cls=cls, fields=fields):
            named = st.fixed_dictionaries({field.name: values(field.type) for field in fields})
            return named.filter(lambda given: can_be(cls, given)).map(lambda given: cls(**given))
    raise NotImplementedError(kind)


def can_be(kind: type[Message], given: dict[str, Any]) -> bool:
    """Whether the fields go together: an id may be a device's name."""
    try:
        kind(**given)
    except ValueError:
        return False
    return True


@cache
def messages(way: Any) -> st.SearchStrategy[Message]:
    return st.one_of(values(inspect.type_info(kind)) for kind in get_args(way))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A message of any way with a field changed, left out or added; or with its text cut or overwritten."""
    message = draw(st.one_of(messages(way) for way, _ in READERS))
    fields = json.loads(write(message))
    name = draw(st.sampled_from([*fields, "more"]))
    match draw(st.sampled_from(["change", "drop", "cut", "overwrite"])):
        case "change":
            return json.dumps(fields | {name: draw(ANY_JSON)}).encode(errors="replace")
        case "drop":
            return json.dumps({key: value for key, value in fields.items() if key != name}).encode()
    text = write(message).encode()
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.binary(max_size=4)) + (text[at + 4 :] if draw(st.booleans()) else b"")


def check(data: str | bytes) -> None:
    for way, read in READERS:
        try:
            message = read(data)
        except BadMessageError as error:
            refusal = str(error)
        else:
            assert isinstance(message, get_args(way))
            assert read(write(message)) == message
            continue
        assert len(refusal.splitlines()) == 1
        assert len(refusal) < LONGEST


@given(st.binary() | st.text(st.characters(exclude_categories=[])) | ANY_JSON.map(json.dumps) | damaged())
@example('{"type": "' + "a" * 1_000_000 + '"}')
@example('{"type": "stop", "' + "a" * 1_000_000 + '": 1}')
def test_anything_is_a_message_or_one_short_sentence(data: str | bytes) -> None:
    check(data)


@pytest.mark.nightly
@settings(max_examples=100_000, suppress_health_check=list(HealthCheck))
@given(damaged())
def test_a_hundred_thousand_damaged_messages_are_messages_or_sentences(data: bytes) -> None:
    check(data)


@pytest.mark.parametrize(("way", "read"), READERS)
@given(draw=st.data())
def test_every_message_comes_out_as_it_went_in(way: Any, read: Read, draw: st.DataObject) -> None:
    message = draw.draw(messages(way))
    assert read(write(message)) == message
