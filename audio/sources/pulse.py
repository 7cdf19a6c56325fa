"""PulseAudio, or PipeWire in its name: what it can record from, and whether it still gives us what we asked for.

Two things that PortAudio cannot do on Linux. It does not list the monitors of the outputs, which carry the customer's
voice. And when a device vanishes, the sound server moves its recording to another one without a gap or a word: the
customer's channel would go on with the agent's microphone, whose tone must never be judged. So whoever records asks
`Attachment.holds()` before each block is passed on (0.3 ms).
"""

import os
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PulseSource:
    name: str
    rate: int  # Hz
    channels: int
    monitor: bool  # of an output, rather than a microphone
    default: bool  # the microphone, or the monitor of the output, that the desktop uses


def sources() -> list[PulseSource]:
    """Everything that the running sound server can record from; nothing where none runs."""
    pulse = _connected()
    if pulse is None:
        return []
    with pulse:
        server = pulse.server_info()
        defaults = {server.default_source_name, f"{server.default_sink_name}.monitor"}
        return [
            PulseSource(
                name=source.name,
                rate=source.sample_spec.rate,
                channels=source.channel_count,
                monitor=source.proplist.get("device.class") == "monitor",
                default=source.name in defaults,
            )
            for source in pulse.source_list()
        ]


class Attachment:
    """Where the sound server records this process's one stream from, when it was made and now."""

    def __init__(self, pulse: Any, stream: int, source: int) -> None:
        self._pulse, self._stream, self._source = pulse, stream, source

    def holds(self) -> bool:
        """Whether everything recorded until this call came from the source that was asked for."""
        import pulsectl

        try:
            return bool(self._pulse.source_output_info(self._stream).source == self._source)
        except (pulsectl.PulseError, pulsectl.PulseDisconnected):
            return False


def attachment() -> Attachment | None:
    """This process's recording stream; None where it records past the sound server, or there is none."""
    pulse = _connected()
    if pulse is None:
        return None
    for stream in pulse.source_output_list():
        if stream.proplist.get("application.process.id") == str(os.getpid()):
            return Attachment(pulse, stream.index, stream.source)
    pulse.close()
    return None


def _connected() -> Any | None:
    """A connection; None where the bindings, libpulse or a running server are missing."""
    try:
        import pulsectl
    except (ImportError, OSError):
        return None
    pulse = pulsectl.Pulse("calmline", connect=False)
    try:
        pulse.connect(autospawn=False)
    except pulsectl.PulseError:
        pulse.close()
        return None
    return pulse
