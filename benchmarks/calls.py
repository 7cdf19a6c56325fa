"""The calls that benchmarks run on: real recordings where they are at hand, the demo call elsewhere."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio.frame import Channel, Samples
from audio.intake import Intake
from audio.sources.files import open_recording
from models.training.data.corpora import data_folder

DEMO_CALL = Path(__file__).resolve().parents[1] / "server" / "demo" / "billing_call.opus"


@dataclass(frozen=True, slots=True)
class Call:
    """A whole call in memory, 16 kHz, every channel [shape=(n,)]."""

    name: str
    channels: dict[Channel, Samples]
    onset: int | None = None  # stream time at which the customer's anger begins, where that is known

    @property
    def length(self) -> int:
        return min(map(len, self.channels.values()))


def load_call(path: Path) -> Call:
    """A recording as the live pipeline would hear it. Raises FileError."""
    recording = open_recording(path)
    intake = Intake(recording.rate, recording.layout)
    pieces: dict[Channel, list[Samples]] = {channel: [] for channel in recording.layout}
    for block in recording.blocks():
        for channel, samples in intake.feed(block):
            pieces[channel].append(samples)
    for channel, samples in intake.flush():
        pieces[channel].append(samples)
    return Call(path.stem, {channel: np.concatenate(parts) for channel, parts in pieces.items()})


def recorded_call() -> Path | None:
    """The recorded support call, in which nobody escalates; None where the real data is absent."""
    folder = data_folder()
    return folder / "calls" / "auto_repairs_40.flac" if folder else None


def real_call() -> Path:
    """The recorded support call, or the demo call where the real data is absent."""
    return recorded_call() or DEMO_CALL
