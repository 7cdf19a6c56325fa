"""A real headset: speech played into a real sound server comes out as words on the right channels."""

import json
import signal
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import pytest
import soundfile
from command_line import CommandLine
from sound_server import SoundServer
from sounds import hear

from audio.frame import SAMPLE_RATE, STEREO, Channel, to_samples
from server.demo import DEMO_CALL
from server.protocol.calls import CallState
from server.protocol.events.base import DurableMessage
from server.protocol.events.call import CallEndedMessage, CallStartedMessage, DeviceChangedMessage, NotedMessage
from server.protocol.events.words import WordsMessage
from server.protocol.messages import FromServer, read_from_server
from server.store.store import Store

ROOM_S = 0.2  # seconds before and after a turn: its sounds are longer than what a VAD hears of them
MOST_EVENTS = 1000  # some minutes of a call: a test that waits longer for something has failed
Kind = TypeVar("Kind", bound=DurableMessage)


class Told:
    """What the server tells of a call, read as far as a test has got."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.events: list[FromServer] = []
        self._lines = iter(lines)

    def next(self, kind: type[Kind], fits: Callable[[Kind], bool] = lambda _: True) -> Kind:
        """The next event of a kind, that fits."""
        while len(self.events) < MOST_EVENTS:
            event = read_from_server(next(self._lines))
            self.events.append(event)
            if isinstance(event, kind) and fits(event):
                return event
        raise AssertionError(f"no {kind.__name__} of the kind that was waited for in {MOST_EVENTS} events")

    def words(self, channel: Channel) -> str:
        """All that was said on a channel, in small letters."""
        said = [event.text for event in self.events if isinstance(event, WordsMessage) and event.channel is channel]
        return " ".join(said).lower()


@pytest.fixture
def sentences(tmp_path: Path) -> dict[Channel, Path]:
    """What each of the two says first in the demo call."""
    turns = json.loads(DEMO_CALL.with_suffix(".json").read_text("utf-8"))["turns"]
    paths = {}
    for samples, channel in zip(hear(DEMO_CALL), STEREO, strict=True):
        turn = next(turn for turn in turns if turn["channel"] == channel)
        paths[channel] = tmp_path / f"{channel}.wav"
        said = samples[to_samples(turn["start"] - ROOM_S) : to_samples(turn["end"] + ROOM_S)]
        soundfile.write(paths[channel], said, SAMPLE_RATE)
    return paths


@pytest.fixture
def port() -> int:
    """One that is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_the_right_words_come_out_on_the_right_channels_also_after_a_device_was_gone(
    sound_server: SoundServer, sentences: dict[Channel, Path], tmp_path: Path, port: int
) -> None:
    command_line = CommandLine(tmp_path)
    devices = ("--agent-device", "agent.monitor", "--customer-device", "customer.monitor")

    def speak(*channels: Channel) -> None:
        """Both at once, if there are two."""
        for voice in [sound_server.play(channel, sentences[channel]) for channel in channels]:
            voice.wait()

    with command_line.start("listen", *devices, "--port", port, "--json") as process:
        assert process.stdout is not None
        call = Told(process.stdout)
        call.next(CallStartedMessage)
        speak(*STEREO)
        call.next(WordsMessage, lambda words: words.channel is Channel.CUSTOMER)  # who speaks longer
        sound_server.unload("customer")
        gone = call.next(DeviceChangedMessage, lambda device: device.channel is Channel.CUSTOMER and not device.present)
        speak(Channel.AGENT)
        call.next(WordsMessage, lambda words: words.channel is Channel.AGENT and words.start > gone.at)
        sound_server.load("customer")
        back = call.next(DeviceChangedMessage, lambda device: device.channel is Channel.CUSTOMER and device.present)
        speak(Channel.CUSTOMER)
        call.next(WordsMessage, lambda words: words.channel is Channel.CUSTOMER and words.start > back.at)
        process.send_signal(signal.SIGINT)
        call.next(CallEndedMessage)
    assert process.returncode == 0, command_line.errors
    notes = " ".join(event.text for event in call.events if isinstance(event, NotedMessage))
    assert "The customer's device customer.monitor (PulseAudio) delivers nothing" in notes
    assert "The customer's device customer.monitor (PulseAudio) is heard again" in notes
    agent, customer = map(call.words, STEREO)
    assert agent.count("how can i help you") == 2
    assert customer.count("calling about my bill") == 2
    assert "bill" not in agent
    assert "help" not in customer
    with Store(command_line.data) as store:
        (kept,) = store.calls(9)
        assert kept.state is CallState.ENDED
        assert [read_from_server(event.json) for event in store.events(kept.id)] == call.events


def test_the_devices_are_listed_with_who_would_be_heard_where(sound_server: SoundServer, tmp_path: Path) -> None:
    done = CommandLine(tmp_path).run("devices")
    assert done.returncode == 0
    assert "agent.monitor (PulseAudio)" in done.stdout
    assert "loopback" in done.stdout
