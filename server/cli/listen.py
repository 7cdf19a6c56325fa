"""Listen: a headset's call goes to the server while it runs.

In: two devices. Out: what the server tells about the call, as it comes. A device that goes away, comes back or loses
audio is reported to the server, which shows it; the other channel goes on.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain, takewhile

from audio.frame import STEREO, Channel
from audio.sources.headset import Headset
from audio.sources.source import Pcm
from server.cli.client.feeding import Say, Show
from server.cli.client.link import link_to_server
from server.cli.client.outbox import FromFeed
from server.cli.client.send import as_said, send_call, until_interrupted
from server.protocol.ids import start_of
from server.protocol.messages import DeviceMessage
from server.settings import Settings

_FRAMES_PER_S = 50  # 20 ms each


def listen(settings: Settings, headset: Headset, agent: str, say: Say, show: Show) -> None:
    """Send what the headset hears until Ctrl-C, which ends the call in order. It begins once both devices are heard.

    Raises
    ------
    LinkError, ServeError
        If there is no server to be had, or it refuses the call or goes away.
    """
    with until_interrupted() as interrupted, link_to_server(settings) as link, closing(headset.blocks()) as blocks:
        begun = chain([next(blocks)], blocks)
        devices = " and ".join(f"the {channel} from {device}" for channel, device in headset.devices.items())
        say(f"Listening to {devices}. The page is at {link.address}; Ctrl-C ends the call.")
        said = _said(headset, takewhile(lambda _: not interrupted(), begun))
        send_call(link, start_of(headset, "Headset", agent), said, show, say, interrupted, live=True)


def _said(headset: Headset, blocks: Iterable[Pcm]) -> Iterator[FromFeed]:
    """What a feed sends of a headset: its blocks and notes, and the state of its devices whenever it changes."""
    reported = {channel: DeviceMessage(channel, present=True) for channel in STEREO}
    for item in as_said(headset, blocks):
        yield item
        for channel in STEREO:
            state = _state(headset, channel)
            if state != reported[channel]:
                reported[channel] = state
                yield state


def _state(headset: Headset, channel: Channel) -> DeviceMessage:
    """The state of a channel's device, for the server."""
    health = headset.health[channel]
    dropped = health.lost * _FRAMES_PER_S // headset.devices[channel].rate
    return DeviceMessage(channel, health.present, dropped, health.flagged)
