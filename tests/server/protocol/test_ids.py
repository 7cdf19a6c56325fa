import os
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.frame import MONO, Channel
from audio.sources.source import Note, Pcm
from server.protocol.ids import UNTITLED, AgentNameError, fit_title, start_of
from server.protocol.messages import StartMessage, read_from_feed, write


@dataclass
class Nothing:
    """A source without sound."""

    rate: int = 8000
    layout: tuple[Channel, ...] = MONO
    notes: list[Note] = field(default_factory=list)

    def blocks(self) -> list[Pcm]:
        return []


@given(st.text(st.characters(exclude_categories=[])))
def test_a_call_of_any_title_is_taken_by_the_server(title: str) -> None:
    start = start_of(Nothing(), title, "Kim")
    assert read_from_feed(write(start)) == start


def test_a_title_that_is_too_long_is_cut() -> None:
    assert fit_title("a" * 215) == "a" * 200
    assert fit_title("a" * 199 + "  b") == "a" * 199


@pytest.mark.parametrize("title", ["", " ", "\n", "\u200b", "\x00"])
def test_a_title_that_cannot_be_seen_is_replaced(title: str) -> None:
    assert fit_title(title) == UNTITLED


def test_a_title_of_bytes_is_read() -> None:
    assert fit_title(os.fsdecode(b"caf\xe9")) == "café"


@given(st.text(st.characters(exclude_categories=[]), max_size=250))
def test_an_agent_is_taken_by_the_server_or_refused_here(agent: str) -> None:
    try:
        start = start_of(Nothing(), "a", agent)
    except AgentNameError:
        return
    assert msgspec.json.decode(write(start), type=StartMessage).agent == agent


@pytest.mark.parametrize("agent", ["", "  ", "Kim\n", "Kim\udcfc", "a" * 201])
def test_an_agent_who_cannot_be_shown_is_refused_in_one_sentence(agent: str) -> None:
    with pytest.raises(AgentNameError, match=r"^Expected a name for the agent, of 1 to 200 characters .* is none\.$"):
        start_of(Nothing(), "a", agent)
