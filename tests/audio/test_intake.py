import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audio.frame import MONO, SAMPLE_RATE, STEREO, Channel, Samples
from audio.intake import Intake, RateError
from audio.sources.source import Pcm

RATES = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000]
NOISE = np.random.default_rng(1).integers(-9_000, 9_000, (12_000, 2), np.int16)


def taken_in(rate: int, pcm: Pcm, cuts: list[int] | None = None) -> dict[Channel, Samples]:
    """Everything that comes out of `pcm`, cut at the places given."""
    layout = STEREO if pcm.shape[1] == 2 else MONO
    intake = Intake(rate, layout)
    return collect(layout, [intake.feed(part) for part in np.split(pcm, sorted(cuts or []))] + [intake.flush()])


def collect(layout: tuple[Channel, ...], heard: list[list[tuple[Channel, Samples]]]) -> dict[Channel, Samples]:
    parts = [part for output in heard for part in output]
    return {c: np.concatenate([np.zeros(0, np.float32), *(s for channel, s in parts if channel is c)]) for c in layout}


def tone(rate: int, hz: float, duration_s: float, amplitude: float = 0.5) -> Pcm:
    wave = amplitude * np.sin(2 * np.pi * hz * np.arange(round(rate * duration_s)) / rate)
    return np.round(wave * 32767).astype(np.int16)[:, None]


def spectrum_db(samples: Samples) -> NDArray[np.float64]:
    """One bin a hertz over the one second given, 0 dB for a full-scale sine."""
    window = np.blackman(len(samples))
    lines: NDArray[np.float64] = 20 * np.log10(np.abs(np.fft.rfft(samples * window)) / window.sum() * 2 + 1e-12)
    return lines


@pytest.mark.parametrize("rate", RATES)
@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, len(NOISE)), max_size=40))
def test_any_cut_gives_the_same_samples_to_the_bit(rate: int, cuts: list[int]) -> None:
    whole, cut = taken_in(rate, NOISE), taken_in(rate, NOISE, cuts)
    for channel in STEREO:
        np.testing.assert_array_equal(cut[channel], whole[channel])


def test_16_khz_passes_through() -> None:
    heard = taken_in(SAMPLE_RATE, NOISE)
    np.testing.assert_array_equal(heard[Channel.AGENT] * 32768, NOISE[:, 0])
    np.testing.assert_array_equal(heard[Channel.CUSTOMER] * 32768, NOISE[:, 1])


@pytest.mark.parametrize("rate", RATES)
def test_the_length_is_kept(rate: int) -> None:
    for count in (1, 7, rate // 100, rate + 1):
        heard = taken_in(rate, np.zeros((count, 1), np.int16))[Channel.MIXED]
        assert abs(len(heard) - count * SAMPLE_RATE / rate) <= 2


@pytest.mark.parametrize("rate", RATES)
def test_an_impulse_stays_at_its_stream_time(rate: int) -> None:
    pcm = np.zeros((2 * rate, 1), np.int16)
    pcm[rate] = 30_000
    heard = taken_in(rate, pcm)[Channel.MIXED]
    assert abs(int(np.argmax(np.abs(heard))) - SAMPLE_RATE) <= 2


@pytest.mark.parametrize("rate", RATES)
def test_a_sine_cut_in_20_ms_blocks_has_no_clicks(rate: int) -> None:
    heard = taken_in(rate, tone(rate, 1_000, 3), list(range(0, 3 * rate, rate // 50)))[Channel.MIXED]
    lines = spectrum_db(heard[SAMPLE_RATE : 2 * SAMPLE_RATE])
    assert lines[1_000] == pytest.approx(20 * np.log10(0.5), abs=0.1)
    assert np.delete(lines, range(995, 1006)).max() < -90


@pytest.mark.parametrize("rate", [24_000, 44_100, 48_000, 192_000])
def test_what_16_khz_cannot_hold_is_not_folded_back(rate: int) -> None:
    heard = taken_in(rate, tone(rate, 9_000, 3))[Channel.MIXED]
    assert spectrum_db(heard[SAMPLE_RATE : 2 * SAMPLE_RATE]).max() < -90


@pytest.mark.parametrize("rate", RATES)
def test_sound_lags_behind_by_less_than_35_ms(rate: int) -> None:
    intake = Intake(rate, MONO)
    heard = collect(MONO, [intake.feed(tone(rate, 500, 0.02)) for _ in range(50)])
    assert SAMPLE_RATE - len(heard[Channel.MIXED]) < 0.035 * SAMPLE_RATE


def test_channels_never_leak_into_each_other() -> None:
    pcm = np.hstack((tone(8_000, 700, 1), np.zeros((8_000, 1), np.int16)))
    heard = taken_in(8_000, pcm)
    assert np.abs(heard[Channel.AGENT]).max() > 0.4
    assert not heard[Channel.CUSTOMER].any()


def test_nothing_in_nothing_out() -> None:
    intake = Intake(8_000, MONO)
    assert intake.feed(np.zeros((0, 1), np.int16)) == []
    assert intake.flush() == []


@pytest.mark.parametrize("rate", [0, -8_000, 4_000, 7_999, 192_001])
def test_a_silly_rate_is_refused_in_one_sentence(rate: int) -> None:
    with pytest.raises(RateError, match=f"^A sample rate of 8000 to 192000 Hz was expected, but {rate} Hz came.$"):
        Intake(rate, STEREO)


def test_blocks_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected int16 of shape \(n, 2\), got \(5, 1\)"):
        Intake(8_000, STEREO).feed(np.zeros((5, 1), np.int16))
