"""The raw audio of a call, kept only where somebody asked for it.

In: PCM16 as it came, interleaved. Out: a WAV file whose header is right after every write, so that it plays to the
last block even if the process was killed. Not FLAC: an unfinished one cannot be sought in, and it costs processor time
during the call.
"""

import errno
import wave
from pathlib import Path

from server.store.folder import make_private_folder, private_opener

_LARGEST = 2**32 - 2**10  # bytes that a WAV file can hold


class Recording:
    """A WAV file that grows. Every method may raise `OSError`, as on a full disk."""

    def __init__(self, path: Path, rate: int, channels: int) -> None:
        make_private_folder(path.parent)
        self._file = open(path, "wb", opener=private_opener)  # noqa: SIM115 closed by `close`
        self._wave = wave.Wave_write(self._file)
        self._wave.setparams((channels, 2, rate, 0, "NONE", ""))
        self._size = 0  # bytes of audio

    def write(self, pcm: bytes) -> None:
        self._size += len(pcm)
        if self._size > _LARGEST:
            raise OSError(errno.EFBIG, "a WAV file holds 4 GiB at most")
        self._wave.writeframes(pcm)
        self._file.flush()

    def close(self) -> None:
        try:
            self._wave.close()
        finally:
            self._file.close()
