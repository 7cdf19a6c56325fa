import os
import socket
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from numpy.typing import NDArray

from audio.sources.decode import MOST_MISSING_S, FileError, Report, decode, probe
from audio.sources.source import Pcm

RATE = 16_000
WAVE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE)


def decoded(path: Path) -> tuple[Pcm, Report]:
    report = Report()
    return np.concatenate(list(decode(path, probe(path), report))), report


def written(path: Path, samples: NDArray[np.generic], rate: int = RATE, subtype: str = "PCM_16") -> Path:
    soundfile.write(os.fsencode(path), samples, rate, subtype=subtype, format=path.suffix[1:].upper())
    return path


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_every_usual_rate_is_read(tmp_path: Path, rate: int) -> None:
    form = probe(written(tmp_path / "call.wav", WAVE, rate))
    assert (form.rate, form.channels) == (rate, 1)
    assert form.duration_s == pytest.approx(len(WAVE) / rate, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "subtype"),
    [("a.wav", "PCM_16"), ("a.wav", "PCM_24"), ("a.wav", "PCM_32"), ("a.wav", "FLOAT"), ("a.wav", "DOUBLE"),
     ("a.flac", "PCM_24")],
)  # fmt: skip
def test_every_sample_type_becomes_pcm16_within_half_a_step(tmp_path: Path, name: str, subtype: str) -> None:
    pcm, _ = decoded(written(tmp_path / name, WAVE, subtype=subtype))
    assert np.abs(pcm[:, 0] - WAVE * 32768).max() <= (1 if subtype == "PCM_16" else 0.51)


@pytest.mark.parametrize(("subtype", "noise"), [("PCM_U8", 260), ("ULAW", 700), ("ALAW", 700)])
def test_eight_bit_telephone_formats_are_read(tmp_path: Path, subtype: str, noise: float) -> None:
    pcm, _ = decoded(written(tmp_path / "a.wav", WAVE, 8_000, subtype))
    assert np.abs(pcm[:, 0] - WAVE * 32768).max() < noise


def test_floats_beyond_full_scale_saturate_and_are_counted(tmp_path: Path) -> None:
    pcm, report = decoded(written(tmp_path / "a.wav", np.array([0.5, 1.7, -1.7, -0.5]), subtype="FLOAT"))
    assert pcm[:, 0].tolist() == [16384, 32767, -32768, -16384]
    assert report.clipped == 2


def test_24_bit_at_full_scale_saturates(tmp_path: Path) -> None:
    pcm, report = decoded(written(tmp_path / "a.wav", np.array([2**31 - 1, -(2**31), 0], np.int32), subtype="PCM_24"))
    assert pcm[:, 0].tolist() == [32767, -32768, 0]
    assert report.clipped == 2


def test_samples_that_are_no_numbers_become_silence_and_are_counted(tmp_path: Path) -> None:
    pcm, report = decoded(written(tmp_path / "a.wav", np.array([np.nan, 0.5, np.inf, -np.inf]), subtype="FLOAT"))
    assert pcm[:, 0].tolist() == [0, 16384, 0, 0]
    assert report.not_finite == 3


@pytest.mark.parametrize(("name", "subtype"), [("a.wav", "PCM_16"), ("a.wav", "FLOAT"), ("a.flac", "PCM_16")])
def test_what_a_file_holds_before_it_breaks_off_is_kept_and_said(tmp_path: Path, name: str, subtype: str) -> None:
    whole = written(tmp_path / name, np.random.default_rng(0).uniform(-0.3, 0.3, 3 * RATE), subtype=subtype)
    full, _ = decoded(whole)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    pcm, report = decoded(whole)
    assert 1.4 * RATE < len(pcm) < 2 * RATE
    np.testing.assert_array_equal(pcm, full[: len(pcm)])
    (note,) = report.notes
    assert f"{whole} breaks off after 1." in note.text
    assert note.at == pytest.approx(len(pcm), abs=1)


def test_a_whole_file_has_nothing_to_say(tmp_path: Path) -> None:
    for name in ("a.wav", "a.flac"):
        _, report = decoded(written(tmp_path / name, WAVE))
        assert report == Report()


def test_sound_lost_inside_a_file_is_silence_so_that_time_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for start in [k * RATE // 10 for k in range(30) if not 10 <= k < 15]:
            frame = av.AudioFrame.from_ndarray(np.full((1, RATE // 10), 1000, np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    pcm, report = decoded(path)
    assert np.flatnonzero(pcm[:, 0] == 0).tolist() == list(range(RATE, RATE * 3 // 2))
    assert len(pcm) == 3 * RATE
    assert [note.text for note in report.notes] == [f"0.5 s of sound are missing inside {path}; they are silent."]


def test_time_stamps_that_leap_cost_no_memory_and_no_hours(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for k in range(20):
            frame = av.AudioFrame.from_ndarray(np.full((1, RATE // 10), 1000, np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = RATE, k * 599 * RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    lengths = [len(block) for block in decode(path, probe(path), Report())]
    assert max(lengths) <= RATE
    assert 599 * RATE < sum(lengths) <= (MOST_MISSING_S + 2) * RATE


@pytest.mark.parametrize("name", ["a.wav", "a.mkv", "a.mp3", "a.flac"])
def test_a_tag_that_is_not_utf_8_is_no_fault_of_the_sound(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    codec = {"a.wav": "pcm_s16le", "a.mkv": "pcm_s16le", "a.mp3": "mp3", "a.flac": "flac"}[name]
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Beschwerde Xber Rechnung"
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        stream.metadata["title"] = "Beschwerde Xber Rechnung"
        frame = av.AudioFrame.from_ndarray(np.full((1, 1152), 1000, np.int16), "s16", "mono")
        if name == "a.mp3":
            frame = av.AudioFrame.from_ndarray(np.full((1, 1152), 0.1, np.float32), "fltp", "mono")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    whole = path.read_bytes()
    assert b"Xber" in whole
    path.write_bytes(whole.replace(b"Xber", b"\xfcber"))
    pcm, _ = decoded(path)
    assert len(pcm) >= 1152


def test_a_name_that_is_not_utf_8_is_opened_and_can_be_told(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"K\xfcndigung.wav")
    pcm, _ = decoded(written(path, WAVE))
    assert len(pcm) == len(WAVE)
    path.write_bytes(b"text")
    with pytest.raises(FileError, match=r"Kündigung\.wav is not a sound file"):
        probe(path)


def test_a_playlist_leads_to_no_other_machine(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/call.ts"
        path = tmp_path / "call.wav"
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{address}\n#EXT-X-ENDLIST\n")
        with pytest.raises(FileError):
            probe(path)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def video(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))


BAD: list[tuple[str, Callable[[Path], object], str]] = [
    ("none.wav", lambda path: None, "There is no file {path}."),
    ("folder", lambda path: path.mkdir(), "{path} is a folder, but a sound file was expected."),
    ("empty.wav", lambda path: path.touch(), "{path} is empty (0 bytes), but a sound file was expected."),
    (
        "text.wav",
        lambda path: path.write_text("Dear customer,\n" * 9),
        "{path} is not a sound file that FFmpeg can read",
    ),
    ("a" * 300, lambda path: None, "{path} cannot be read: File name too long."),
    ("silent.mp4", video, "{path} has no sound in it, but a recorded call was expected."),
    ("zero.wav", lambda path: written(path, WAVE[:0]), "{path} holds no sound: it has not one sample"),
]


@pytest.mark.parametrize(("name", "make", "sentence"), BAD, ids=[name[:9] for name, _, _ in BAD])
def test_what_is_no_call_is_refused_in_one_sentence(
    tmp_path: Path, name: str, make: Callable[[Path], object], sentence: str
) -> None:
    path = tmp_path / name
    make(path)
    with pytest.raises(FileError) as refused:
        probe(path)
    assert str(refused.value).startswith(sentence.format(path=path))
