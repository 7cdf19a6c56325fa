import ctypes.util
import re
import sys

import pytest

from audio.sources.devices import Device, DeviceError, choose, portaudio


def device(index: int, name: str, api: str = "ALSA", *, loopback: bool = False, default: bool = False) -> Device:
    return Device(index, name, api, channels=2, rate=48_000, loopback=loopback, default=default)


HEADSET = device(0, "USB Headset", default=True)
WEBCAM = device(1, "Webcam")
MONITOR = device(2, "headset.monitor", "PulseAudio", loopback=True, default=True)
HDMI = device(3, "hdmi.monitor", "PulseAudio", loopback=True)
DESK = [HEADSET, WEBCAM, MONITOR, HDMI]
LISTED = "0 USB Headset (ALSA), 1 Webcam (ALSA), 2 headset.monitor (PulseAudio), 3 hdmi.monitor (PulseAudio)"


def refusal(devices: list[Device], agent: str | None = None, customer: str | None = None) -> str:
    with pytest.raises(DeviceError) as refused:
        choose(devices, agent, customer)
    return str(refused.value)


def test_by_default_the_agent_is_the_microphone_and_the_customer_what_the_machine_plays() -> None:
    assert choose(DESK, None, None) == (HEADSET, MONITOR)


@pytest.mark.parametrize("named", ["3", "hdmi.monitor", "hdmi.monitor (PulseAudio)", "HDMI"])
def test_a_device_is_named_by_number_name_or_part_of_it(named: str) -> None:
    assert choose(DESK, "webcam", named) == (WEBCAM, HDMI)


def test_a_full_name_wins_over_names_that_contain_it() -> None:
    customer, monitor = device(0, "customer"), device(1, "customer.monitor", "PulseAudio", loopback=True)
    assert choose([customer, monitor, WEBCAM], "Webcam", "customer") == (WEBCAM, customer)


def test_of_one_device_behind_several_sound_systems_the_best_is_taken() -> None:
    systems = [device(k, "Jabra", api) for k, api in enumerate(("MME", "Windows DirectSound", "Windows WASAPI"))]
    loopback = device(3, "Speakers [Loopback]", "Windows WASAPI", loopback=True)
    assert choose([*systems, loopback], "jabra", None) == (systems[2], loopback)


def test_no_device_is_one_sentence() -> None:
    assert refusal([]) == "No input device was found: plug a headset in, or let this program use the microphone."


def test_an_unknown_name_lists_what_there_is() -> None:
    assert refusal(DESK, agent="Jabra") == f"There is no input device 'Jabra'; there are: {LISTED}."
    assert refusal(DESK, agent="17") == f"There is no input device '17'; there are: {LISTED}."


def test_a_name_that_fits_several_lists_them() -> None:
    several = "2 headset.monitor (PulseAudio), 3 hdmi.monitor (PulseAudio)"
    assert refusal(DESK, customer="monitor") == f"Several input devices fit 'monitor': {several}."
    undecided = [HEADSET, device(2, "a.monitor", loopback=True), device(3, "b.monitor", loopback=True)]
    assert refusal(undecided).startswith("Several loopbacks could carry the customer's voice, name one of: 2 a.monitor")


def test_one_device_cannot_be_both() -> None:
    expected = "Agent and customer must be two devices, but Webcam (ALSA) was chosen for both."
    assert refusal(DESK, "Webcam", "Webcam") == expected


def test_without_a_loopback_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for platform, hint in (("linux", "libasound2-plugins"), ("darwin", "BlackHole"), ("win32", "VB-Cable")):
        monkeypatch.setattr(sys, "platform", platform)
        sentence = refusal([HEADSET, WEBCAM])
        assert hint in sentence
        assert sentence.startswith("No loopback was found that carries the customer's voice: ")
        assert sentence.endswith("; or name a device of: 0 USB Headset (ALSA), 1 Webcam (ALSA).")


def test_without_a_microphone_it_says_so() -> None:
    assert refusal([MONITOR]).startswith("No microphone was found for the agent; name another device of: 2 headset")


def test_where_portaudio_is_missing_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(
        DeviceError, match=re.escape("PortAudio is missing, and a headset needs it: install it with")
    ) as no:
        portaudio()
    assert "apt install libportaudio2" in str(no.value)
