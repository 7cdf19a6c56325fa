from pathlib import Path

import numpy as np
import pytest
from sounds import hear, over_a_phone

from audio.frame import Samples, to_samples
from audio.speech.quality import clipped_share, signal_to_noise_db


@pytest.fixture(scope="module")
def speech(recorded_call: Path) -> Samples:
    """3 s of the customer's speech without pauses."""
    customer = hear(recorded_call)[1]
    loud = np.abs(customer).reshape(-1, 320).max(axis=1).repeat(320) > 0.02
    return customer[loud][to_samples(8) : to_samples(11)]


def test_the_share_of_clipped_samples_is_counted() -> None:
    assert clipped_share(np.array([1.0, -1.0, 0.5, 0.0], np.float32)) == 0.5
    assert clipped_share(np.zeros(0, np.float32)) == 0.0


def test_clipping_shows_through_a_phone_line(speech: Samples) -> None:
    assert clipped_share(over_a_phone(speech / np.abs(speech).max() * 0.9)) == 0.0
    assert clipped_share(over_a_phone(np.clip(8 * speech / np.abs(speech).max(), -1, 1))) > 0.01


@pytest.mark.parametrize("true_db", [0, 5, 10, 15])
def test_the_noise_estimate_is_within_5_db(speech: Samples, true_db: int) -> None:
    noise = np.random.default_rng(1).normal(0, np.sqrt(np.mean(speech**2)) * 10 ** (-true_db / 20), len(speech))
    assert signal_to_noise_db((speech + noise).astype(np.float32)) == pytest.approx(true_db, abs=5)


def test_clean_speech_is_far_from_noisy(speech: Samples) -> None:
    assert signal_to_noise_db(speech) > 15
