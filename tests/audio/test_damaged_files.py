"""Sound files that something has happened to: heard as far as they go, or refused in one sentence. Nothing else."""

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio.errors import CalmlineError
from audio.files import open_recording

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


@st.composite
def damages(draw: st.DrawFn, data: bytes) -> bytes:
    """The data cut, with bytes changed, or with bytes too many or too few: in its header more often than elsewhere."""
    last = len(data) - 5 if draw(st.booleans()) else min(len(data) - 5, 600)
    at = draw(st.integers(0, last))
    match draw(st.sampled_from(["cut", "edge", "drop", "add", "flip"])):
        case "cut":
            return data[:at]
        case "edge":
            return data[:at] + draw(st.sampled_from(EDGES)) + data[at + 4 :]
        case "drop":
            return data[:at] + data[at + draw(st.integers(1, 200)) :]
        case "add":
            return data[:at] + draw(st.binary(min_size=1, max_size=50)) + data[at:]
    changed = bytearray(data)
    for place in draw(st.lists(st.integers(0, last), min_size=1, max_size=20)):
        changed[place] = draw(st.integers(0, 255))
    return bytes(changed)


def check(folder: Path, whole: dict[str, bytes], draw: st.DataObject) -> None:
    name = draw.draw(st.sampled_from(sorted(whole)))
    path = folder / name
    path.write_bytes(draw.draw(damages(whole[name])))
    try:
        hear(path)
    except CalmlineError as error:
        refusal = str(error)
    else:
        return
    assert str(path) in refusal or "sample rate" in refusal
    assert len(refusal.splitlines()) == 1


def hear(path: Path) -> None:
    recording = open_recording(path)
    heard_s = 0.0
    for block in recording.blocks():
        assert block.dtype == np.int16
        assert block.shape[1] == len(recording.layout)
        assert len(block) <= recording.rate // 10
        heard_s += len(block) / recording.rate
        assert heard_s < LONGEST_S


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draw=st.data())
def test_a_damaged_file_is_heard_or_refused(tmp_path: Path, whole: dict[str, bytes], draw: st.DataObject) -> None:
    check(tmp_path, whole, draw)


@pytest.mark.nightly
@settings(max_examples=10_000, suppress_health_check=list(HealthCheck))
@given(draw=st.data())
def test_ten_thousand_damaged_files_are_heard_or_refused(
    tmp_path: Path, whole: dict[str, bytes], draw: st.DataObject
) -> None:
    check(tmp_path, whole, draw)


CASES = sorted((Path(__file__).parents[3] / "shared" / "cases").glob("[0-9]*"))  # beside the checkout, where they are


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_recordings_that_went_wrong_elsewhere_are_heard(path: Path) -> None:
    recording = open_recording(path)
    assert sum(map(len, recording.blocks())) > recording.rate
