"""Levels: how loud a channel is right now, ten times a second, for meters. Never decides anything."""

from dataclasses import dataclass

from audio.frame import Channel


@dataclass(frozen=True, slots=True)
class Level:
    at: int  # stream time at the end of the 100 ms it covers
    channel: Channel
    dbfs: float  # RMS, dB re full scale, -120 for digital silence
    clipped: int  # samples at full scale
