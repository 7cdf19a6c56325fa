"""Recordings that are readable whenever the process dies, and a disk that has no room."""

import errno
import wave
from pathlib import Path

import pytest

from server.store.recordings import Recording


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


def test_a_full_disk_is_reported_and_the_file_let_go() -> None:
    recording = Recording(Path("/dev/full"), 8000, 2)
    with pytest.raises(OSError, match="No space left") as caught:
        recording.write(bytes(8000))
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(OSError, match="No space left"):
        recording.close()
