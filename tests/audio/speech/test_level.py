import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.frame import Channel, Samples
from audio.speech.level import SPAN, LevelMeter

NOISE = np.random.default_rng(4).normal(0, 0.2, 5 * SPAN + 99).astype(np.float32)


def meter(samples: Samples) -> list[tuple[int, float, int]]:
    return [(level.at, level.dbfs, level.clipped) for level in LevelMeter(Channel.AGENT).feed(samples)]


def test_a_full_scale_sine_is_3_db_under_full_scale() -> None:
    sine = 0.97 * np.sin(np.arange(2 * SPAN) * 0.3).astype(np.float32)
    assert meter(sine) == [(SPAN, pytest.approx(-3.27, abs=0.02), 0), (2 * SPAN, pytest.approx(-3.27, abs=0.02), 0)]


def test_digital_silence_is_at_the_floor() -> None:
    assert meter(np.zeros(SPAN, np.float32)) == [(SPAN, -120.0, 0)]


def test_clipped_samples_are_counted() -> None:
    samples = np.zeros(SPAN, np.float32)
    samples[:3] = (1.0, -1.0, 0.985)
    assert meter(samples)[0][2] == 3


@given(st.lists(st.integers(0, 3000), max_size=10))
def test_any_cut_gives_the_same_levels(cuts: list[int]) -> None:
    parts = LevelMeter(Channel.CUSTOMER)
    levels = [level for part in np.split(NOISE, np.cumsum(cuts)) for level in parts.feed(part)]
    assert levels == LevelMeter(Channel.CUSTOMER).feed(NOISE)
