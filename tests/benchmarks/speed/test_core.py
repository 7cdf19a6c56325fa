"""The core benchmark measures what it says, on a few seconds of a call."""

from importlib.util import find_spec

import numpy as np
import pytest

from audio.frame import SAMPLE_RATE, to_samples
from benchmarks.calls import DEMO_CALL, Call, load_call
from benchmarks.machine import spread
from benchmarks.speed.core import bench_core
from benchmarks.speed.prosody_peers import LIBROSA, OPENSMILE
from benchmarks.speed.stages import mel_share
from coach.rules import load_rules
from models.tone.onnx_tone import shipped
from server.loading import load_models
from server.settings import Settings


def test_every_frame_and_every_reading_is_timed() -> None:
    call = load_call(DEMO_CALL)
    short = Call("short", {channel: samples[: to_samples(12)] for channel, samples in call.channels.items()})
    result = bench_core(short, load_models(Settings().models), load_rules(), shipped())
    assert result.audio_s == 12
    assert result.frame_ms.count == 12 * 50
    assert result.tone_ms.count >= 2
    assert result.rtf_per_channel > result.rtf_without_tone > 0
    assert set(result.stages_us) == {"level", "vad", "turns", "prosody", "mel", "tone", "rules"}
    assert all(cost > 0 for cost in result.stages_us.values())
    assert result.peers_to_prosody[LIBROSA] > 0
    assert (OPENSMILE in result.peers_to_prosody) == (find_spec("opensmile") is not None)
    assert OPENSMILE in result.peers_us


def test_the_log_mel_is_a_small_part_of_a_tone_reading() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 2 * SAMPLE_RATE).astype(np.float32)
    assert 0.01 < mel_share(shipped(), [noise, noise]) < 0.5


def test_percentiles_of_known_values() -> None:
    measured = spread([float(value) for value in range(101)])
    assert (measured.count, measured.p50, measured.p95, measured.worst) == (101, 50, 95, 100)


def test_nothing_measured_is_no_result() -> None:
    with pytest.raises(ValueError, match="at least one measurement"):
        spread([])
