"""The core benchmark measures what it says, on a few seconds of a call."""

import pytest

from audio.frame import to_samples
from benchmarks.calls import DEMO_CALL, Call, load_call
from benchmarks.core import bench_core
from benchmarks.machine import spread
from coach.rules import load_rules
from server.models import load_models
from server.settings import Settings


def test_every_frame_and_every_reading_is_timed() -> None:
    call = load_call(DEMO_CALL)
    short = Call("short", {channel: samples[: to_samples(12)] for channel, samples in call.channels.items()})
    result = bench_core(short, load_models(Settings().models), load_rules())
    assert result.audio_s == 12
    assert result.frame_ms.count == 12 * 50
    assert result.tone_ms.count >= 2
    assert result.rtf_per_channel > result.rtf_without_tone > 0
    assert set(result.stages_us) == {"level", "vad", "turns", "prosody"}


def test_percentiles_of_known_values() -> None:
    measured = spread([float(value) for value in range(101)])
    assert (measured.count, measured.p50, measured.p95, measured.worst) == (101, 50, 95, 100)


def test_nothing_measured_is_no_result() -> None:
    with pytest.raises(ValueError, match="at least one measurement"):
        spread([])
