"""The peaks of recordings whose peaks are known."""

import wave
from pathlib import Path

import numpy as np
import pytest

from server.store.waveforms import COARSER, FINEST_HZ, LEVELS, peaks_path, read_peaks, remove_peaks


def a_wav(path: Path, samples: np.ndarray, rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((samples.shape[1], 2, rate, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("rate", [8000, 11025, 44100])
def test_a_click_is_in_its_bin_and_channel_at_its_height(tmp_path: Path, rate: int) -> None:
    samples = np.zeros((rate * 70, 2))
    samples[int(rate * 61.05), 1] = -(2**15)
    samples[int(rate * 3.21), 0] = 2**13
    peaks = read_peaks(a_wav(tmp_path / "call.wav", samples, rate), 0)
    assert peaks.shape == (70 * FINEST_HZ, 2)
    assert np.argwhere(peaks).tolist() == [[160, 0], [3052, 1]]
    assert peaks[160, 0] == round(255 * np.sqrt(1 / 4))
    assert peaks[3052, 1] == 255


def test_coarser_levels_keep_every_peak(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(-(2**15), 2**15, (8000 * 11, 2))
    audio = a_wav(tmp_path / "call.wav", noise, 8000)
    finest = read_peaks(audio, 0)
    for level in range(1, LEVELS):
        wide = COARSER**level
        expected = [finest[k : k + wide].max(axis=0) for k in range(0, len(finest), wide)]
        np.testing.assert_array_equal(read_peaks(audio, level), expected)


def test_a_last_bin_that_is_not_full_counts(tmp_path: Path) -> None:
    peaks = read_peaks(a_wav(tmp_path / "call.wav", np.full((8000 + 1, 1), 2**15 - 1), 8000), 0)
    assert len(peaks) == FINEST_HZ + 1
    assert peaks[-1, 0] == 255


def test_a_call_without_a_sample_has_no_peaks(tmp_path: Path) -> None:
    audio = a_wav(tmp_path / "call.wav", np.zeros((0, 2)), 8000)
    assert [read_peaks(audio, level).shape for level in range(LEVELS)] == [(0, 2)] * LEVELS


def test_peaks_are_kept_and_found_again_even_where_writing_them_was_broken_off(tmp_path: Path) -> None:
    audio = a_wav(tmp_path / "call.wav", np.full((8000, 2), 2**13), 8000)
    first = read_peaks(audio, 0)
    np.testing.assert_array_equal(read_peaks(audio, 0), first)
    whole = peaks_path(audio).read_bytes()
    for rest in (b"", whole[:20], whole[:-10]):
        peaks_path(audio).write_bytes(rest)
        np.testing.assert_array_equal(read_peaks(audio, 0), first)
    assert peaks_path(audio).read_bytes() == whole


def test_peaks_are_put_in_place_whole_and_go_with_their_audio(tmp_path: Path) -> None:
    audio = a_wav(tmp_path / "call.wav", np.full((8000, 2), 2**13), 8000)
    read_peaks(audio, 0)
    before = peaks_path(audio).stat().st_ino
    peaks_path(audio).write_bytes(peaks_path(audio).read_bytes()[:-10])  # as a full disk leaves it
    with peaks_path(audio).open("rb") as reader:
        old = reader.read()
        read_peaks(audio, 0)
        reader.seek(0)
        assert reader.read() == old  # whoever reads the old ones is not cut off
    assert peaks_path(audio).stat().st_ino != before
    (tmp_path / "call.peaks.npy.abc.part").touch()  # as a server leaves it that is killed meanwhile
    (tmp_path / "call2.peaks.npy").touch()
    remove_peaks(audio)
    assert {path.name for path in tmp_path.iterdir()} == {"call.wav", "call2.peaks.npy"}
