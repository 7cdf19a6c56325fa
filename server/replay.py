"""Replay: a recorded call goes to the server as if it were live, paced by its own stream time.

In: a recording. Out: what the server tells about the call, as it comes. The demo is a replay that leaves its page open.
"""

import time
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

from audio.files import Recording, open_recording
from audio.source import Pcm
from server.client import Link, Say, Show, as_said, link_to_server, send_call, until_interrupted
from server.naming import start_of
from server.settings import Settings

DEMO_CALL = Path(__file__).parent / "demo" / "billing_call.opus"
DEMO_TITLE = "A billing complaint (synthetic voices)"

_BLOCK_S = 0.02  # seconds, as a headset delivers
_NAP_S = 0.1  # seconds until Ctrl-C is looked at


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
        _send(link, recording, title, agent, speed, show, interrupted)


def demo(settings: Settings, open_page: bool, say: Say, show: Show) -> None:
    """Replay the demo call to a page, which stays until Ctrl-C. Raises `LinkError`, `ServeError`."""
    recording = open_recording(DEMO_CALL)
    with until_interrupted() as interrupted, link_to_server(settings) as link:
        say(f"The agent's page is at {link.address}")
        if open_page:
            webbrowser.open(link.address)
        _send(link, recording, DEMO_TITLE, "Daniel", 1.0, show, interrupted)
        if not interrupted():
            say("The call is over. Its page stays until you press Ctrl-C.")
        while not interrupted():
            time.sleep(_NAP_S)


def paced(recording: Recording, speed: float, interrupted: Callable[[], bool]) -> Iterator[Pcm]:
    """Each block when a live call would have it: once its last sample has been spoken."""
    began, spoken = time.monotonic(), 0
    for block in recording.blocks(_BLOCK_S):
        spoken += len(block)
        due = began + spoken / recording.rate / speed
        while not interrupted() and (left := due - time.monotonic()) > 0:
            time.sleep(min(left, _NAP_S))
        if interrupted():
            return
        yield block


def _send(
    link: Link,
    recording: Recording,
    title: str,
    agent: str,
    speed: float,
    show: Show,
    interrupted: Callable[[], bool],
) -> None:
    send_call(link, start_of(recording, title, agent), as_said(recording, paced(recording, speed, interrupted)), show)
