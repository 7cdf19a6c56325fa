import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
import soxr
from numpy.typing import NDArray
from scipy.signal import fftconvolve  # type: ignore[import-untyped]
from sound_server import SoundServer

from audio.frame import FRAME, SAMPLE_RATE, STEREO, Channel
from audio.sources.devices import list_devices
from audio.sources.headset import open_headset
from audio.sources.source import Pcm, Source

AGENT, CUSTOMER = 0, 1
LONGEST_S = 40  # of call: a test that waits longer for something has failed


@pytest.fixture
def words(tmp_path: Path) -> Callable[[str, str], Path]:
    """Speaks a sentence into a WAV file."""

    def speak(voice: str, sentence: str) -> Path:
        path = tmp_path / f"{voice}.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-w", path, sentence], check=True)
        return path

    return speak


def heard(headset: Source, blocks: Iterator[Pcm], until: Callable[[int], bool]) -> Pcm:
    """The call until something has come about; `until` is asked after each block, with the samples heard so far."""
    pcm: list[Pcm] = []
    count = 0
    for block in blocks:
        assert block.dtype == np.int16
        assert len(block) % FRAME == 0
        pcm.append(block)
        count += len(block)
        if until(count):
            return np.concatenate(pcm)
        assert count < LONGEST_S * SAMPLE_RATE, [note.text for note in headset.notes]
    raise AssertionError("the headset ended by itself")


def finished(voice: subprocess.Popen[bytes]) -> Callable[[int], bool]:
    return lambda _: voice.poll() is not None


def match(channel: NDArray[np.int16], wav: Path) -> tuple[float, float]:
    """How alike (0..1) the channel is to the file, and how much louder, in dB.

    Stretch by stretch of 0.1 s, each within 50 ms of where the whole fits best, as clocks are being aligned meanwhile.
    """
    wave, rate = soundfile.read(wav, dtype="float64")
    wave, sound = soxr.resample(wave, rate, SAMPLE_RATE), channel / 32768.0
    step, slack = SAMPLE_RATE // 10, SAMPLE_RATE // 20
    begin = int(np.argmax(fftconvolve(sound, wave[::-1]))) - len(wave) + 1
    sound = np.pad(sound, (slack + max(-begin, 0), len(wave) + slack))[max(begin, 0) :]
    alike = []
    for k in range(0, len(wave) - step, step):
        part, around = wave[k : k + step], sound[k : k + step + 2 * slack]
        if np.sqrt(np.mean(part**2)) > 0.01:
            loudness = np.sqrt(np.convolve(around**2, np.ones(step), "valid")) * np.linalg.norm(part) + 1e-9
            alike.append(np.max(np.correlate(around, part, "valid") / loudness))
    part = sound[slack : slack + len(wave)]
    return float(np.median(alike)), float(20 * np.log10((np.linalg.norm(part) + 1e-9) / np.linalg.norm(wave)))


@pytest.mark.parametrize(("agent", "customer"), [("agent", "customer"), ("agent.monitor", "customer.monitor")])
def test_each_voice_arrives_on_its_own_channel_at_its_own_level(
    sound_server: SoundServer, words: Callable[[str, str], Path], agent: str, customer: str
) -> None:
    says = [words("en-us", "How can I help you today?"), words("en-gb", "My parcel is still missing.")]
    headset = open_headset(agent, customer)
    with closing(headset.blocks()) as blocks:
        heard(headset, blocks, lambda count: count > SAMPLE_RATE // 2)
        for side, sink in ((AGENT, "agent"), (CUSTOMER, "customer")):
            voice = sound_server.play(sink, says[side])
            pcm = heard(headset, blocks, finished(voice))
            pcm = np.concatenate((pcm, heard(headset, blocks, lambda count: count > SAMPLE_RATE)))
            alike, louder_db = match(pcm[:, side], says[side])
            assert alike > 0.9
            assert abs(louder_db) < 1
            assert not pcm[:, 1 - side].any()
    assert headset.notes == []


def test_a_device_that_goes_and_comes_back_leaves_the_other_channel_unbroken(
    sound_server: SoundServer, words: Callable[[str, str], Path], tmp_path: Path
) -> None:
    """PulseAudio would hand the customer's recording the agent's sink; nothing of that may be heard."""
    tone, sentence = tmp_path / "tone.wav", words("en-gb", "There you are again.")
    soundfile.write(tone, 0.3 * np.sin(2 * np.pi * 500 * np.arange(LONGEST_S * 48_000) / 48_000), 48_000)
    headset = open_headset("agent", "customer")
    with closing(headset.blocks()) as blocks:
        agent = sound_server.play("agent", tone)
        heard(headset, blocks, lambda count: count > 2 * SAMPLE_RATE)
        sound_server.unload("customer")
        gone = heard(headset, blocks, lambda count: count > 3 * SAMPLE_RATE)
        sound_server.load("customer")
        back = heard(headset, blocks, lambda _: len(headset.notes) == 2)
        customer = sound_server.play("customer", sentence)
        again = heard(headset, blocks, finished(customer))
        again = np.concatenate((again, heard(headset, blocks, lambda count: count > SAMPLE_RATE)))
        agent.terminate()
        agent.wait()
    pcm = np.concatenate((gone, back, again))
    assert not np.concatenate((gone, back))[:, CUSTOMER].any()
    frames = pcm[:, AGENT].reshape(-1, FRAME) / 32768.0
    np.testing.assert_allclose(np.sqrt((frames**2).mean(axis=1)), 0.3 / np.sqrt(2), rtol=0.02)
    assert match(again[:, CUSTOMER], sentence)[0] > 0.9
    device = headset.devices[Channel.CUSTOMER]
    lost, found = (note.text for note in headset.notes)
    assert lost.startswith(f"The customer's device {device} delivers nothing, so that channel is silent until it does")
    assert found.startswith(f"The customer's device {device} is heard again")
    assert [headset.health[channel].away for channel in STEREO] == [0, 1]


def test_the_sound_servers_monitors_are_offered_as_loopbacks(sound_server: SoundServer) -> None:
    devices = {device.name: device for device in list_devices() if device.api == "PulseAudio"}
    assert set(devices) == {"agent.monitor", "customer.monitor"}
    assert all(device.loopback and device.rate == 44_100 and device.channels == 2 for device in devices.values())


def recordings(server: SoundServer) -> list[str]:
    """What the server is being recorded by."""
    listing = subprocess.run(
        ["pactl", "list", "short", "source-outputs"], env=server.env, stdout=subprocess.PIPE, text=True, check=True
    )
    return listing.stdout.splitlines()


def test_stopping_ends_the_call_and_every_process(sound_server: SoundServer) -> None:
    headset = open_headset("agent", "customer")
    for count, _ in enumerate(headset.blocks()):
        if count == 0:
            assert len(recordings(sound_server)) == 2
            threading.Thread(target=headset.stop).start()
    assert recordings(sound_server) == []


LISTEN = """
from audio.sources.headset import open_headset
for block in open_headset("agent", "customer").blocks():
    print(len(block), flush=True)
"""


def test_whoever_listens_may_be_killed_and_leaves_no_process(sound_server: SoundServer) -> None:
    with subprocess.Popen([sys.executable, "-c", LISTEN], stdout=subprocess.PIPE) as listener:
        assert listener.stdout is not None
        listener.stdout.readline()
        listener.kill()
    assert any(recordings(sound_server) == [] for _ in range(100))
