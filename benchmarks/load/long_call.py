"""A call of hours for the QA page: the demo call, short once, then told and sounded again and again, end to end."""

import wave
from collections.abc import Iterator
from typing import Any

from msgspec import json, structs

from audio.sources.files import open_recording
from server.demo import DEMO_CALL
from server.live.registry import Engine
from server.offline.analysis import analyze
from server.protocol.calls import CallInfo
from server.store.numbering import Stored
from server.store.store import Store

_PAGE = 500  # events
_TIMES = {"at", "start", "end", "until", "detected_at"}


def lay_long_call(store: Store, engine: Engine, hours: float) -> CallInfo:
    """Keep such a call, its sound included, under the id "long"."""
    short = analyze(open_recording(DEMO_CALL), "demo", "Kim", engine, store, True, lambda _: None).call
    rounds = round(hours * 3600 / short.duration)
    long = structs.replace(short, id="long", title=f"{hours:g} hours", duration=short.duration * rounds)
    page: list[Stored] = []
    for event in _again(store, short, rounds):
        page.append(event)
        if len(page) == _PAGE:
            store.keep(long, page)
            page = []
    store.keep(long, page)
    _sound_again(store, short, long, rounds)
    return long


def _again(store: Store, short: CallInfo, rounds: int) -> Iterator[Stored]:
    events = [json.decode(event.json) for event in store.events(short.id)]
    turns = 1 + max(event.get("turn", 0) for event in events)
    number = 0
    for played in range(rounds):
        for event in events:
            if (event["type"] == "call_started" and played > 0) or (
                event["type"] == "call_ended" and played < rounds - 1
            ):
                continue
            number += 1
            moved = _later(event, short.duration * played) | {"seq": number}
            if "turn" in moved:
                moved["turn"] += turns * played
            yield Stored(number, json.encode(moved).decode())


def _later(told: Any, seconds: float) -> Any:
    """A message, or a part of one, with every time in it moved on."""
    if isinstance(told, dict):
        return {
            key: part + seconds if key in _TIMES and part is not None else _later(part, seconds)
            for key, part in told.items()
        }
    return [_later(part, seconds) for part in told] if isinstance(told, list) else told


def _sound_again(store: Store, short: CallInfo, long: CallInfo, rounds: int) -> None:
    with wave.open(str(store.audio_path(short.id))) as once:
        parameters, sound = once.getparams(), once.readframes(once.getnframes())
    with wave.open(str(store.audio_path(long.id)), "wb") as again:
        again.setparams(parameters)
        for _ in range(rounds):
            again.writeframes(sound)
