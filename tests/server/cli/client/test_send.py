"""Our own client on lines that break: the call comes out as on one that does not."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs
from proxy import Proxy
from wire import Client, numbers

from audio.frame import SAMPLE_RATE
from server.app import ServerSettings
from server.cli.client import link as link_module
from server.cli.client.link import Link, LinkError
from server.cli.client.outbox import FromFeed
from server.cli.client.send import send_call
from server.live.registry import Engine
from server.protocol.events.call import CallEndedMessage, EndReason
from server.protocol.messages import AcceptedMessage, FromServer, StartMessage
from server.serve import serving
from server.store.store import Store

START = StartMessage(call="one", agent="Kim", rate=SAMPLE_RATE, keep_audio=True)
BLOCK = SAMPLE_RATE // 50
BLOCKS = [
    np.random.default_rng(k).normal(0, 100, (BLOCK, 2)).astype("<i2").tobytes() for k in range(200)
]  # 4 s of quiet noise


class Shown:
    """What a client shows of a call. `begun` waits for the first of it: the call was accepted."""

    def __init__(self) -> None:
        self.messages: list[FromServer] = []
        self._first = threading.Event()

    def __call__(self, message: FromServer) -> None:
        self.messages.append(message)
        self._first.set()

    def begun(self) -> None:
        assert self._first.wait(30)


def kept(settings: ServerSettings, call: str) -> tuple[bytes, list[str]]:
    """The audio that the server kept, and the events."""
    with Store(Path(settings.data_folder or "")) as store:
        return store.audio_path(call).read_bytes()[44:], [event.json for event in store.events(call)]


def test_a_call_over_a_line_that_breaks_again_and_again_is_the_same_call(
    settings: ServerSettings, engine: Engine
) -> None:
    shown, said = Shown(), list[str]()

    def source() -> Iterator[FromFeed]:
        for k, block in enumerate(BLOCKS):
            if k in (3, 50, 51, 130, 199):
                shown.begun()
                proxy.cut()
            yield block

    with serving(settings, engine) as address, Proxy(address) as proxy:
        send_call(Link(proxy.address, None), START, source(), shown, said.append)
        send_call(Link(address, None), structs.replace(START, call="whole"), BLOCKS, lambda _: None)
    assert kept(settings, "one") == kept(settings, "whole")
    assert kept(settings, "one")[0] == b"".join(BLOCKS)
    assert numbers(shown.messages) == list(range(1, len(numbers(shown.messages)) + 1))
    assert isinstance(shown.messages[-1], CallEndedMessage)
    assert shown.messages[-1].reason is EndReason.STOPPED
    lost = f"The server at {proxy.address} was lost; trying again."
    assert set(said) == {lost, "The server is back; the call goes on."}


def test_a_line_that_is_dead_without_a_word_is_noticed_and_the_call_goes_on(
    settings: ServerSettings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "_DEAD_S", 2.0)

    shown = Shown()

    def source() -> Iterator[FromFeed]:
        yield from BLOCKS[:100]
        shown.begun()
        proxy.silence()
        yield from BLOCKS[100:]

    with serving(replace(settings, ping_s=0.5), engine) as address, Proxy(address) as proxy:
        send_call(Link(proxy.address, None), START, source(), shown)
    assert kept(settings, "one")[0] == b"".join(BLOCKS)


def test_a_live_source_goes_on_while_the_server_is_away_and_nothing_is_lost(
    settings: ServerSettings, engine: Engine
) -> None:
    away, said = threading.Event(), list[str]()

    shown = Shown()

    def source() -> Iterator[FromFeed]:
        yield from BLOCKS[:100]
        shown.begun()
        proxy.refuse()
        proxy.cut()
        assert away.wait(30)
        yield from BLOCKS[100:]
        proxy.accept()

    def say(line: str) -> None:
        said.append(line)
        away.set()

    with serving(settings, engine) as address, Proxy(address) as proxy:
        send_call(Link(proxy.address, None), START, source(), shown, say, live=True)
    assert kept(settings, "one")[0] == b"".join(BLOCKS)
    assert said == [f"The server at {proxy.address} was lost; trying again.", "The server is back; the call goes on."]


def test_a_server_that_stays_away_is_told_in_one_sentence(settings: ServerSettings, engine: Engine) -> None:
    shown = Shown()

    def source() -> Iterator[FromFeed]:
        yield from BLOCKS[:100]
        shown.begun()
        proxy.refuse()
        proxy.cut()
        yield from BLOCKS[100:]

    with serving(settings, engine) as address, Proxy(address) as proxy, pytest.raises(LinkError) as lost:
        send_call(Link(proxy.address, None), START, source(), shown, patience_s=0.5)
    assert str(lost.value) == (
        f"The server at {proxy.address} went away during call one and did not come back within 0.5 s; "
        "what it had stored is kept."
    )


def test_a_start_that_cannot_be_read_is_refused_with_the_reason(settings: ServerSettings, engine: Engine) -> None:
    with serving(settings, engine) as address, pytest.raises(LinkError, match=r"could not be read: .* `\$.agent`"):
        send_call(Link(address, None), structs.replace(START, agent=""), BLOCKS, lambda _: None)


def test_ctrl_c_while_the_server_is_away_ends_at_once(settings: ServerSettings, engine: Engine) -> None:
    interrupted = threading.Event()

    shown = Shown()

    def source() -> Iterator[FromFeed]:
        yield from BLOCKS[:100]
        shown.begun()
        proxy.refuse()
        proxy.cut()
        while True:  # a headset never ends by itself
            yield from BLOCKS

    def interrupt(_: str) -> None:
        interrupted.set()

    with (
        serving(settings, engine) as address,
        Proxy(address) as proxy,
        pytest.raises(LinkError, match=r"Call one was given up without the server at .*; what it had stored is"),
    ):
        send_call(Link(proxy.address, None), START, source(), shown, interrupt, interrupted.is_set)


def test_a_feed_that_was_taken_over_does_not_come_back(settings: ServerSettings, engine: Engine) -> None:
    shown = Shown()

    def source() -> Iterator[FromFeed]:
        yield from BLOCKS[:100]
        shown.begun()
        proxy.silence(to_server_only=True)
        with Client(address, "/ws/feed") as other:
            other.say(START)
            other.hear_one(AcceptedMessage)
            while True:
                yield from BLOCKS

    with (
        serving(replace(settings, ping_s=600), engine) as address,
        Proxy(address) as proxy,
        pytest.raises(LinkError, match=r"^Call one is fed by another connection now, because nobody answered"),
    ):
        send_call(Link(proxy.address, None), START, source(), shown)
