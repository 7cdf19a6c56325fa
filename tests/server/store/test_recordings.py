"""Recordings that are readable whenever the process dies, and a disk that has no room."""

import errno
import wave
from pathlib import Path

import pytest

from server.store.recordings import Recording
from server.store.waveforms import peaks_path


def test_a_recording_can_be_read_after_every_write(tmp_path: Path) -> None:
    path = tmp_path / "new" / "call.wav"
    recording = Recording(path, 8000, 2)
    for seconds in (1, 2, 3):
        recording.write(bytes([seconds, 0]) * 2 * 8000)
        with wave.open(str(path)) as so_far:
            assert (so_far.getframerate(), so_far.getnchannels(), so_far.getsampwidth()) == (8000, 2, 2)
            assert so_far.getnframes() == seconds * 8000
            assert so_far.readframes(24_000)[-1:-5:-1] == bytes([0, seconds, 0, seconds])
    recording.close()


@pytest.mark.parametrize("had", [0, 4000, 8000, 12_000])
def test_a_recording_goes_on_at_a_frame_and_what_is_missing_before_it_is_silence(tmp_path: Path, had: int) -> None:
    path = tmp_path / "call.wav"
    if had:
        before = Recording(path, 8000, 2)
        before.write(bytes([1, 0]) * 2 * had)
        before.close()
        peaks_path(path).touch()
    recording = Recording(path, 8000, 2, frames=8000)
    recording.write(bytes([2, 0]) * 2 * 100)
    with wave.open(str(path)) as so_far:
        assert so_far.getnframes() == 8100
        kept = min(had, 8000)
        silence = bytes(4) * (8000 - kept)
        assert so_far.readframes(10_000) == bytes([1, 0]) * 2 * kept + silence + bytes([2, 0]) * 2 * 100
    recording.close()
    assert not peaks_path(path).exists()


def test_a_full_disk_is_reported_and_the_file_let_go() -> None:
    recording = Recording(Path("/dev/full"), 8000, 2)
    with pytest.raises(OSError, match="No space left") as caught:
        recording.write(bytes(8000))
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(OSError, match="No space left"):
        recording.close()
