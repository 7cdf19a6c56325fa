"""Sound files that something has happened to: heard as far as they go, or refused in one sentence. Nothing else."""

from pathlib import Path
from random import Random

import av
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]

from audio.errors import CalmlineError
from audio.sources.files import open_recording

RATE = 16_000
LONGEST_S = 3700.0  # of sound out of a file that held one second: an hour of silence may be missing in it
WRITTEN = [("pcm.wav", "PCM_16"), ("float.wav", "FLOAT"), ("ulaw.wav", "ULAW"), ("a.flac", "PCM_16"),
           ("a.ogg", "VORBIS"), ("a.aiff", "PCM_24"), ("a.mp3", None),
           ("a.au", "PCM_16"), ("a.caf", "ALAC_16")]  # fmt: skip
MUXED = [
    ("a.mkv", "pcm_s16le"),
    ("a.mov", "pcm_s16le"),
    ("a.m4a", "aac"),
    ("a.webm", "libopus"),
    ("a.avi", "pcm_s16le"),
]
NAMES = [name for name, _ in (*WRITTEN, *MUXED)]
EACH = 72  # damages of each file: a thousand in all; ten times as many at night
EDGES = [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", bytes(4)]  # sizes, mostly


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A second of noise on two channels in every container, by its name."""
    folder = tmp_path_factory.mktemp("whole")
    noise = np.random.default_rng(0).normal(0, 0.1, (RATE, 2)).clip(-1, 1)
    for name, subtype in WRITTEN:
        soundfile.write(folder / name, noise, RATE, subtype=subtype)
    for name, codec in MUXED:
        mux(folder / name, codec, noise)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def mux(path: Path, codec: str, samples: np.ndarray) -> None:
    frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16).reshape(1, -1), "s16", "stereo")
    frame.sample_rate = RATE
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=48_000, layout="stereo")
        resampler = av.AudioResampler(stream.format, stream.layout, stream.rate)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            part.pts = None
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def damaged(data: bytes, chance: Random) -> bytes:
    """The data cut, with bytes changed, or with bytes too many or too few: in its header more often than elsewhere."""
    last = len(data) - 5 if chance.random() < 0.5 else min(len(data) - 5, 600)
    at = chance.randint(0, last)
    match chance.choice(["cut", "edge", "drop", "add", "flip"]):
        case "cut":
            return data[:at]
        case "edge":
            return data[:at] + chance.choice(EDGES) + data[at + 4 :]
        case "drop":
            return data[:at] + data[at + chance.randint(1, 200) :]
        case "add":
            return data[:at] + chance.randbytes(chance.randint(1, 50)) + data[at:]
    changed = bytearray(data)
    for _ in range(chance.randint(1, 20)):
        changed[chance.randint(0, last)] = chance.randint(0, 255)
    return bytes(changed)


def check(path: Path, whole: bytes, seeds: range) -> None:
    """Hear a file damaged in as many ways. What fails can be found again in the file that is left behind."""
    for seed in seeds:
        path.write_bytes(damaged(whole, Random(seed)))
        try:
            hear(path)
        except CalmlineError as error:
            assert str(path) in str(error) or "sample rate" in str(error)  # noqa: PT017 - any other exception fails
            assert len(str(error).splitlines()) == 1  # noqa: PT017


def hear(path: Path) -> None:
    recording = open_recording(path)
    heard_s = 0.0
    for block in recording.blocks():
        assert block.dtype == np.int16
        assert block.shape[1] == len(recording.layout)
        assert len(block) <= round(0.1 * recording.rate)
        heard_s += len(block) / recording.rate
        assert heard_s < LONGEST_S


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_heard_or_refused_in_one_sentence(tmp_path: Path, whole: dict[str, bytes], name: str) -> None:
    check(tmp_path / name, whole[name], range(EACH))


@pytest.mark.nightly
@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_damaged_files_are_heard_or_refused(tmp_path: Path, whole: dict[str, bytes], name: str) -> None:
    check(tmp_path / name, whole[name], range(EACH, EACH + 10_000 // len(NAMES)))


CASES = sorted((Path(__file__).parents[3] / "shared" / "cases").glob("[0-9]*"))  # beside the checkout, where they are


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_recordings_that_went_wrong_elsewhere_are_heard(path: Path) -> None:
    recording = open_recording(path)
    assert sum(map(len, recording.blocks())) > recording.rate
