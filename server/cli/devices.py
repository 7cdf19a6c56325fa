"""`calmline devices`: what this machine can hear from, and who would be heard where if nobody chose.

In: the devices of this moment. Out: `Listed` rows, and what is in the way of a choice, if anything is. Stateless.
"""

from msgspec import Struct

from audio.frame import STEREO, Channel
from audio.sources.devices import Device, DeviceError, choose

COLUMNS = (" number", "device", " channels", " rate", "kind", "heard as")


class Listed(Struct, frozen=True):
    number: int
    name: str
    api: str  # the sound system behind it
    channels: int
    rate: int  # Hz
    loopback: bool  # carries what the machine plays
    heard_as: Channel | None  # by default


def listed(devices: list[Device]) -> tuple[list[Listed], str]:
    """The devices; and why they cannot be taken without being named, empty if they can.

    Raises
    ------
    DeviceError
        If there are none.
    """
    heard, reason = dict[Device, Channel](), ""
    try:
        heard = dict(zip(choose(devices, None, None), STEREO, strict=True))
    except DeviceError as error:
        if not devices:
            raise
        reason = str(error)
    return [Listed(d.index, d.name, d.api, d.channels, d.rate, d.loopback, heard.get(d)) for d in devices], reason


def row(it: Listed) -> tuple[str, ...]:
    kind = "loopback" if it.loopback else "microphone"
    return (str(it.number), f"{it.name} ({it.api})", str(it.channels), f"{it.rate} Hz", kind, it.heard_as or "")
