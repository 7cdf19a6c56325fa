import re

import numpy as np
import pytest
from sounds import buzz, hear, over_a_phone

from audio.frame import SAMPLE_RATE, Samples
from audio.prosody.blocks import Prosody
from models.training.data.corpora import clips

RAVDESS_SYLLABLES = 7  # "Kids are talking by the door", "Dogs are sitting by the door"


def count(samples: Samples) -> int:
    prosody = Prosody()
    return sum(int(block.syllable.sum()) for block in prosody.feed(samples) + prosody.flush())


@pytest.mark.parametrize("rate", [2, 4, 6])
def test_each_swell_of_a_voice_is_a_syllable(rate: int) -> None:
    swell = 0.55 - 0.45 * np.cos(2 * np.pi * rate * np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE)
    assert abs(count((buzz(150, 3.0) * swell).astype(np.float32)) - 3 * rate) <= 1


def test_swells_of_noise_and_a_steady_voice_are_none() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * SAMPLE_RATE)
    swell = 0.55 - 0.45 * np.cos(2 * np.pi * 4 * np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE)
    assert count((noise * swell).astype(np.float32)) <= 1
    assert count(buzz(150, 3.0)) <= 1


def test_they_agree_with_transcripts_in_two_languages_and_over_a_phone() -> None:
    polish = [(hear(clip.path)[0], vowels(clip.text)) for clip in clips("nemo", "test")[::25]]
    english = [(hear(clip.path)[0], RAVDESS_SYLLABLES) for clip in clips("ravdess", "test")[::7]]
    if not polish or not english:
        pytest.skip("the real speech is absent: set CALMLINE_DATA to the folder that holds emotion.csv")
    for said in (polish, english):
        for line in (np.asarray, over_a_phone):
            found = [count(line(samples)) for samples, _ in said]
            true = [syllables for _, syllables in said]
            assert sum(found) == pytest.approx(sum(true), rel=0.15)
            assert np.median(np.abs(np.divide(found, true) - 1)) <= 0.15


def vowels(polish: str) -> int:
    """Syllables of a Polish sentence: its vowels, but for an "i" that only softens the consonant before another."""
    return len(re.findall("i(?![aeouyąęó])|[aeouyąęó]", polish.lower()))
