"""Devices: what this machine can hear from, and which of them are meant for the agent and the customer.

PortAudio (through sounddevice, imported only here and where it records) keeps the list it made when it was started,
so each listing starts it anew. On Linux the sound server's own list is added, because only that one has the monitors.
"""

import sys
from dataclasses import dataclass, replace
from types import ModuleType

from audio.errors import CalmlineError
from audio.sources import pulse

LOOPBACK = ("monitor", "loopback", "blackhole", "soundflower", "stereo mix", "cable output", "vb-audio")
PULSE = "PulseAudio"  # the api of what the sound server lists
THROUGH_PULSE = "pulse, ALSA"  # PortAudio's device that records from what PULSE_SOURCE names
APIS = ("Windows WASAPI", "Core Audio", PULSE, "ALSA")  # the best first, where one device is in several

INSTALL = {
    "linux": "install it with `apt install libportaudio2` (Debian, Ubuntu) or `dnf install portaudio` (Fedora)",
    "darwin": "it comes with the sounddevice wheel: `pip install --force-reinstall sounddevice`",
    "win32": "it comes with the sounddevice wheel: `pip install --force-reinstall sounddevice`",
}
LOOPBACK_HINT = {
    "linux": "each output's monitor is listed where PulseAudio or PipeWire runs (with its ALSA plugin: "
    "`apt install libasound2-plugins`)",
    "darwin": "install one, BlackHole for instance",
    "win32": "install one, VB-Cable for instance, or switch `Stereo Mix` on",
}


class DeviceError(CalmlineError):
    """A headset that cannot be used as asked."""


@dataclass(frozen=True, slots=True)
class Device:
    """Something that can be recorded from."""

    index: int  # in this listing
    name: str
    api: str  # PortAudio's name of the sound system behind it
    channels: int
    rate: int  # Hz, its own
    loopback: bool  # carries what the machine plays: the other side of the call
    default: bool  # what the system takes by itself, as a microphone or as an output

    def __str__(self) -> str:
        return f"{self.name} ({self.api})"


def portaudio() -> ModuleType:
    """The sounddevice module. Raises DeviceError that names the package to install where PortAudio is missing."""
    try:
        import sounddevice
    except OSError as error:
        how = INSTALL.get(sys.platform, "install your system's package of that name")
        raise DeviceError(f"PortAudio is missing, and a headset needs it: {how}.") from error
    module: ModuleType = sounddevice
    return module


def list_devices() -> list[Device]:
    """Every device that can be recorded from, right now. Restarts PortAudio: never while a stream runs."""
    sounddevice = portaudio()
    sounddevice._terminate()
    sounddevice._initialize()
    apis = sounddevice.query_hostapis()
    default = sounddevice.default.device[0]
    found = [
        Device(
            index=0,
            name=info["name"],
            api=apis[info["hostapi"]]["name"],
            channels=info["max_input_channels"],
            rate=round(info["default_samplerate"]),
            loopback=any(word in info["name"].lower() for word in LOOPBACK),
            default=index == default,
        )
        for index, info in enumerate(sounddevice.query_devices())
        if info["max_input_channels"] > 0
    ]
    if any(f"{device.name}, {device.api}" == THROUGH_PULSE for device in found):
        found += [Device(0, s.name, PULSE, s.channels, s.rate, s.monitor, s.default) for s in pulse.sources()]
    return [replace(device, index=index) for index, device in enumerate(found)]


def choose(devices: list[Device], agent: str | None, customer: str | None) -> tuple[Device, Device]:
    """The two devices of a call, each by its number or (part of) its name; by default microphone and loopback.

    Raises DeviceError where a name fits none or several, or where there is nothing to choose from.
    """
    if not devices:
        raise DeviceError("No input device was found: plug a headset in, or let this program use the microphone.")
    heard_agent = _named(devices, agent) if agent is not None else _microphone(devices)
    heard_customer = _named(devices, customer) if customer is not None else _loopback(devices)
    if heard_agent == heard_customer:
        raise DeviceError(f"Agent and customer must be two devices, but {heard_agent} was chosen for both.")
    return heard_agent, heard_customer


def _named(devices: list[Device], wanted: str) -> Device:
    if wanted.isdigit() and int(wanted) < len(devices):
        return devices[int(wanted)]
    fitting = [device for device in devices if wanted in (device.name, str(device))]
    fitting = fitting or [device for device in devices if wanted.lower() in str(device).lower()]
    if not fitting:
        raise DeviceError(f"There is no input device {wanted!r}; there are: {_listed(devices)}.")
    if len({device.name for device in fitting}) > 1:
        raise DeviceError(f"Several input devices fit {wanted!r}: {_listed(fitting)}.")
    return min(fitting, key=_preference)


def _microphone(devices: list[Device]) -> Device:
    microphones = [device for device in devices if not device.loopback]
    if not microphones:
        raise DeviceError(f"No microphone was found for the agent; name another device of: {_listed(devices)}.")
    return min(microphones, key=lambda device: (not device.default, _preference(device)))


def _loopback(devices: list[Device]) -> Device:
    loopbacks = [device for device in devices if device.loopback]
    usual = [device for device in loopbacks if device.default] or loopbacks
    if not usual:
        hint = LOOPBACK_HINT.get(sys.platform, "install one")
        raise DeviceError(
            f"No loopback was found that carries the customer's voice: {hint}; or name a device of: {_listed(devices)}."
        )
    if len({device.name for device in usual}) > 1:
        raise DeviceError(f"Several loopbacks could carry the customer's voice, name one of: {_listed(usual)}.")
    return min(usual, key=_preference)


def _preference(device: Device) -> int:
    return APIS.index(device.api) if device.api in APIS else len(APIS)


def _listed(devices: list[Device]) -> str:
    return ", ".join(f"{device.index} {device}" for device in devices)
