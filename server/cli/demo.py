"""`calmline demo`: the demo call is played to the agent's page as if it were live, and the page plays its sound.

In: nothing but settings. Out: a call in the store, with its audio, so that it can be reviewed afterwards. The page is
told by its address which call it may be heard with: no other call's sound ever reaches it.
"""

import time
import webbrowser

from msgspec import structs

from audio.sources.files import open_recording
from server.cli.client.feeding import Say, Show
from server.cli.client.link import link_to_server
from server.cli.client.send import NAP_S, as_said, send_call, until_interrupted
from server.cli.replay import paced
from server.demo import DEMO_CALL
from server.protocol.ids import start_of
from server.settings import Settings

_TITLE = "A billing complaint (synthetic voices)"
_AGENT = "Daniel"


def demo(settings: Settings, open_page: bool, say: Say, show: Show) -> None:
    """Play the demo call at its own pace to a page, which stays until Ctrl-C. Raises `LinkError`, `ServeError`."""
    recording = open_recording(DEMO_CALL)
    start = structs.replace(start_of(recording, _TITLE, _AGENT), keep_audio=True)
    with until_interrupted() as interrupted, link_to_server(settings) as link:
        page = f"{link.address}/?demo={start.call}&agent={_AGENT}"
        say(f"The agent's page, with the sound of the call, is at {page}")
        if open_page:
            webbrowser.open(page)
        send_call(link, start, as_said(recording, paced(recording, 1.0, interrupted)), show, say, interrupted)
        if not interrupted():
            say(f"The call is over. Review it at {link.address}/review.html?call={start.call}, until you press Ctrl-C.")
        while not interrupted():
            time.sleep(NAP_S)
