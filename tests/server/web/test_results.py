"""A call as a whole, as it is sent while it is read."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fed_call import FedCall
from msgspec import json

from server.app import ServerSettings
from server.live.registry import Engine
from server.protocol.calls import CallInfo
from server.protocol.events.base import DurableMessage
from server.protocol.messages import read_from_server
from server.serve import serving
from server.store.report import gather
from server.store.store import Store, Stored


def gathered(store: Store, call: CallInfo) -> object:
    told = [read_from_server(event.json) for event in store.events(call.id)]
    return json.decode(json.encode(gather(call, [event for event in told if isinstance(event, DurableMessage)])))


def test_what_is_sent_is_the_result_with_everything_in_order(settings: ServerSettings, engine: Engine) -> None:
    with serving(settings, engine) as address, Store(Path(settings.data_folder or "")) as store:
        with FedCall(address) as fed:
            fed.until_second(30)
            fed.end()
        (call,) = store.calls(1)
        sent = httpx.get(f"{address}/api/calls/demo").json()
    assert sent == gathered(store, call)
    assert len(sent["trend"]) >= 60
    assert sent["turns"]


def test_a_call_of_hours_is_sent_whole_and_a_row_that_is_no_json_spoils_nothing(
    settings: ServerSettings, engine: Engine, call: CallInfo
) -> None:
    rows = [Stored(seq, f'{{"type":"noted","seq":{seq},"at":{seq}.0,"text":"here"}}') for seq in range(1, 2001)]
    rows[1200] = replace(rows[1200], json='{"type":"noted","seq":1201,')
    with serving(settings, engine) as address, Store(Path(settings.data_folder or "")) as store:
        store.keep(call, rows)
        sent = httpx.get(f"{address}/api/calls/{call.id}").json()
        page = httpx.get(f"{address}/api/calls/{call.id}/events?after=1100&limit=500").json()
    assert [note["seq"] for note in sent["notes"]] == [seq for seq in range(1, 2001) if seq != 1201]
    assert (sent["turns"], sent["dynamics"]) == ([], None)
    assert (len(page["events"]), page["next"]) == (500, 1601)


@pytest.mark.parametrize("count", [0, 499, 500, 501, 1000])
def test_pages_meet_without_a_seam(settings: ServerSettings, engine: Engine, call: CallInfo, count: int) -> None:
    dynamics = '{"type":"dynamics","seq":%d}'
    rows = [Stored(seq, f'{{"type":"cue","seq":{seq}}}') for seq in range(1, count + 1)]
    with serving(settings, engine) as address, Store(Path(settings.data_folder or "")) as store:
        store.keep(call, [*rows, *(Stored(seq, dynamics % seq) for seq in (2001, 2002))])
        sent = httpx.get(f"{address}/api/calls/{call.id}").json()
    assert len(sent["cues"]) == count
    assert sent["dynamics"] == {"type": "dynamics", "seq": 2002}
