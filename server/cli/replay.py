"""Replay: a recorded call goes to the server as if it were live, paced by its own stream time.

In: a recording. Out: what the server tells about the call, as it comes.
"""

import time
from collections.abc import Callable, Iterator

from msgspec import structs

from audio.sources.files import Recording
from audio.sources.source import Pcm
from server.cli.client.feeding import Say, Show
from server.cli.client.link import link_to_server
from server.cli.client.send import NAP_S, as_said, send_call, until_interrupted
from server.protocol.ids import start_of
from server.settings import Settings

_BLOCK_S = 0.02  # seconds, as a headset delivers


def replay(
    settings: Settings, recording: Recording, title: str, agent: str, speed: float, say: Say, show: Show
) -> None:
    """Send a recording at `speed` times its own pace; Ctrl-C ends the call early, in order.

    Raises
    ------
    LinkError, ServeError
        If there is no server to be had, or it refuses the call or goes away.
    """
    with until_interrupted() as interrupted, link_to_server(settings) as link:
        say(f"The agent's page is at {link.address}")
        start = structs.replace(start_of(recording, title, agent), keep_audio=settings.server.keep_audio)
        send_call(link, start, as_said(recording, paced(recording, speed, interrupted)), show, say, interrupted)


def paced(recording: Recording, speed: float, interrupted: Callable[[], bool]) -> Iterator[Pcm]:
    """Each block when a live call would have it: once its last sample has been spoken."""
    began, spoken = time.monotonic(), 0
    for block in recording.blocks(_BLOCK_S):
        spoken += len(block)
        due = began + spoken / recording.rate / speed
        while not interrupted() and (left := due - time.monotonic()) > 0:
            time.sleep(min(left, NAP_S))
        if interrupted():
            return
        yield block
