"""The raw audio of a call, kept only where somebody asked for it.

In: PCM16 as it came, interleaved. Out: a WAV file whose header is right after every write, so that it plays to the
last block even if the process was killed. Not FLAC: an unfinished one cannot be sought in, and it costs processor time
during the call.
"""

import errno
import struct
from pathlib import Path

from server.store.folder import make_private_folder, private_opener
from server.store.waveforms import peaks_path

_LARGEST = 2**32 - 2**10  # bytes that a WAV file can hold
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


class Recording:
    """A WAV file that grows. Every method may raise `OSError`, as on a full disk."""

    def __init__(self, path: Path, rate: int, channels: int, frames: int = 0) -> None:
        """Goes on after the first `frames` frames of what is there, if that is not 0. What is missing is silence."""
        self._rate, self._channels = rate, channels
        make_private_folder(path.parent)
        peaks_path(path).unlink(missing_ok=True)  # of what was there
        self._size = frames * 2 * channels  # bytes of audio
        how = "r+b" if frames and path.exists() else "wb"
        self._file = open(path, how, opener=private_opener)  # noqa: SIM115 closed by `close`
        if frames:
            self._file.truncate(_HEADER.size + self._size)
            self._write_header()

    def write(self, pcm: bytes) -> None:
        if self._size + len(pcm) > _LARGEST:
            raise OSError(errno.EFBIG, "a WAV file holds 4 GiB at most")
        self._file.seek(_HEADER.size + self._size)
        self._file.write(pcm)
        self._size += len(pcm)
        self._write_header()

    def close(self) -> None:
        try:
            self._write_header()
        finally:
            self._file.close()

    def _write_header(self) -> None:
        frame = 2 * self._channels
        form = (16, 1, self._channels, self._rate, self._rate * frame, frame, 16)
        size = self._size
        self._file.seek(0)
        self._file.write(_HEADER.pack(b"RIFF", 36 + size, b"WAVE", b"fmt ", *form, b"data", size))
        self._file.flush()
