from collections.abc import Iterator
from itertools import chain

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.frame import FRAME, SAMPLE_RATE, STEREO
from audio.sources.alignment import Alignment, Captured, Change
from audio.sources.source import Pcm

ORIGIN = 1_000.0  # monotonic seconds
BLOCK_S = 0.02
AGENT, CUSTOMER = STEREO


def card(
    rate: int, duration_s: float, *, ppm: float = 0.0, level: int = 0, click_every_s: float = 0.0, late_s: float = 0.0
) -> Iterator[Captured]:
    """A sound card whose clock is `ppm` fast, and whose blocks arrive up to `late_s` late."""
    true_rate, size = rate * (1 + ppm / 1e6), round(rate * BLOCK_S)
    lateness = np.random.default_rng(rate).uniform(0, late_s, round(duration_s * true_rate / size))
    for k in range(len(lateness)):
        pcm = np.full(size, level, np.int16)
        if click_every_s:
            first = k * size / true_rate
            click = round((-(-first // click_every_s) * click_every_s - first) * true_rate)
            if click < size:
                pcm[click] = 30_000
        yield Captured(ORIGIN + (k + 1) * size / true_rate + lateness[k], rate, pcm)


def aligned(agent: Iterator[Captured], customer: Iterator[Captured]) -> tuple[Pcm, list[Change]]:
    """What comes out when both cards' blocks go in by arrival."""
    alignment, pcm, changes = Alignment(ORIGIN), [np.zeros((0, 2), np.int16)], []
    arrivals = chain(((b.at, AGENT, b) for b in agent), ((b.at, CUSTOMER, b) for b in customer))
    for at, channel, block in sorted(arrivals, key=lambda arrival: arrival[0]):
        alignment.feed(channel, block)
        taken, changed = alignment.take(at)
        assert len(taken) % FRAME == 0
        pcm.append(taken)
        changes += changed
    return np.concatenate(pcm), changes


def clicks_s(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """The moments of the clicks, one at most every half second."""
    half = SAMPLE_RATE // 2
    windows = samples[: len(samples) // half * half].reshape(-1, half)
    loud = np.abs(windows).max(axis=1) > 3_000
    peaks: NDArray[np.float64] = (np.arange(len(windows)) * half + np.abs(windows).argmax(axis=1))[loud] / SAMPLE_RATE
    return peaks


@pytest.mark.parametrize("rates", [(48_000, 44_100), (8_000, 48_000), (16_000, 16_000)])
def test_two_rates_come_out_as_one_stream(rates: tuple[int, int]) -> None:
    pcm, changes = aligned(card(rates[0], 5, level=1_000), card(rates[1], 5, level=-2_000))
    assert 5 * SAMPLE_RATE - len(pcm) < 0.06 * SAMPLE_RATE
    assert np.abs(pcm[SAMPLE_RATE:] - [1_000, -2_000]).max() <= 1
    assert changes == []


def test_clocks_200_ppm_apart_stay_within_5_ms_of_true_time() -> None:
    """Uncorrected, the two would be 120 ms apart after these five minutes."""
    agent = card(16_000, 300, ppm=200, click_every_s=5.25, late_s=0.01)
    customer = card(16_000, 300, ppm=-200, click_every_s=5.25, late_s=0.01)
    pcm, changes = aligned(agent, customer)
    for column in pcm.T:
        heard = clicks_s(column)
        assert len(heard) > 50
        assert np.abs(heard - np.round(heard / 5.25) * 5.25).max() < 0.005
    assert changes == []


def without(blocks: Iterator[Captured], begin_s: float, end_s: float) -> Iterator[Captured]:
    return (b for b in blocks if not begin_s < b.at - ORIGIN <= end_s)


def test_a_device_that_stalls_is_silent_and_the_other_goes_on_unbroken() -> None:
    agent = without(card(48_000, 8, level=1_000), 3, 5)
    pcm, changes = aligned(agent, card(44_100, 8, level=2_000))
    assert np.abs(pcm[FRAME:, 1] - 2_000).max() <= 1
    times = np.flatnonzero(np.abs(pcm[FRAME:, 0]) < 10) / SAMPLE_RATE + 0.02
    assert times.min() == pytest.approx(3, abs=0.05)
    assert times.max() == pytest.approx(5, abs=0.05)
    assert len(times) == pytest.approx(2 * SAMPLE_RATE, rel=0.05)
    assert [(c.channel, c.silent) for c in changes] == [(AGENT, True), (AGENT, False)]
    assert [c.at / SAMPLE_RATE for c in changes] == pytest.approx([3, 5], abs=0.06)


def test_a_device_comes_back_where_the_clock_says() -> None:
    customer = without(card(44_100, 20, click_every_s=2.25), 5, 9)
    pcm, _ = aligned(card(48_000, 20), customer)
    heard = clicks_s(pcm[:, 1])
    assert len(heard) == 8
    assert np.abs(heard - np.round(heard / 2.25) * 2.25).max() < 0.005


def test_when_both_are_gone_time_goes_on_in_silence() -> None:
    alignment = Alignment(ORIGIN)
    pcm, changes = alignment.take(ORIGIN + 10)
    assert 10 * SAMPLE_RATE - len(pcm) < 0.3 * SAMPLE_RATE
    assert not pcm.any()
    assert changes == [Change(0, AGENT, True), Change(0, CUSTOMER, True)]


def test_lost_samples_are_silence_of_the_same_length() -> None:
    blocks = list(card(16_000, 4, click_every_s=0.75))
    blocks[50:55] = []
    kept = [b if k != 50 else Captured(b.at, b.rate, b.pcm, lost=5 * 320) for k, b in enumerate(blocks)]
    pcm, changes = aligned(iter(kept), card(16_000, 4))
    assert clicks_s(pcm[:, 0]) == pytest.approx([0, 0.75, 1.5, 2.25, 3], abs=0.001)
    assert changes == []


def test_sound_lost_without_a_word_is_made_up_for_within_two_seconds() -> None:
    pcm, changes = aligned(without(card(16_000, 8, click_every_s=0.75), 2, 2.1), card(16_000, 8))
    heard = clicks_s(pcm[:, 0])
    late = heard[heard > 4.2]
    assert np.abs(late - np.round(late / 0.75) * 0.75).max() < 0.005
    assert changes == []


def test_blocks_that_first_came_in_a_burst_end_up_within_30_ms() -> None:
    burst = [Captured(max(b.at, ORIGIN + 0.2), b.rate, b.pcm) for b in card(16_000, 8, click_every_s=0.75)]
    pcm, _ = aligned(iter(burst), card(16_000, 8))
    heard = clicks_s(pcm[:, 0])
    late = heard[heard > 1]
    assert len(late) >= 8
    assert np.abs(late - np.round(late / 0.75) * 0.75).max() < 0.03
