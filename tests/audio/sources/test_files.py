import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]
from numpy.typing import NDArray

from audio.frame import MONO, STEREO
from audio.intake import RateError
from audio.sources.decode import FileError
from audio.sources.files import open_recording
from audio.sources.source import Pcm, Source

RATE = 8_000
SPEECH = np.random.default_rng(2).normal(0, 0.1, (4 * RATE, 2)).clip(-0.9, 0.9)  # two voices, if only as noise


def written(path: Path, samples: NDArray[np.float64], rate: int = RATE, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def drawn(recording: Source) -> Pcm:
    return np.concatenate(list(recording.blocks()))


def texts(recording: Source) -> list[str]:
    return [note.text for note in recording.notes]


def test_left_is_the_agent_and_right_the_customer(tmp_path: Path) -> None:
    recording = open_recording(written(tmp_path / "call.wav", SPEECH))
    assert (recording.rate, recording.layout, recording.duration_s) == (RATE, STEREO, 4.0)
    np.testing.assert_allclose(drawn(recording), SPEECH * 32768, atol=1)
    assert texts(recording) == []


def test_swap_turns_the_channels_round(tmp_path: Path) -> None:
    recording = open_recording(written(tmp_path / "call.wav", SPEECH), swap=True)
    np.testing.assert_allclose(drawn(recording), SPEECH[:, ::-1] * 32768, atol=1)


def test_blocks_have_the_length_asked_for_and_the_last_one_the_rest(tmp_path: Path) -> None:
    recording = open_recording(written(tmp_path / "call.wav", SPEECH[: RATE + 5]))
    assert [len(block) for block in recording.blocks(0.25)] == [2_000] * 4 + [5]


def test_one_channel_is_mixed_and_says_so(tmp_path: Path) -> None:
    path = written(tmp_path / "call.wav", SPEECH[:, :1])
    recording = open_recording(path)
    assert recording.layout == MONO
    assert drawn(recording).shape == (4 * RATE, 1)
    assert texts(recording) == [f"{path} has one channel: the call is taken as mixed, nobody can be told apart."]


@pytest.mark.parametrize(("name", "subtype"), [("call.wav", "PCM_16"), ("call.ogg", "VORBIS")])
def test_one_channel_copied_to_both_sides_is_mixed_and_says_so(tmp_path: Path, name: str, subtype: str) -> None:
    copied = np.vstack((np.zeros((RATE, 2)), SPEECH[:, [0, 0]]))
    path = written(tmp_path / name, copied, subtype=subtype)
    recording = open_recording(path)
    assert recording.layout == MONO
    assert len(drawn(recording)) == 5 * RATE
    assert texts(recording)[0] == f"Both channels of {path} are the same: the call is taken as one mixed channel."


@pytest.mark.parametrize("silent", [0, 1])
def test_a_channel_of_silence_is_a_channel(tmp_path: Path, silent: int) -> None:
    speech = SPEECH.copy()
    speech[:, silent] = 0
    recording = open_recording(written(tmp_path / "call.wav", speech))
    assert recording.layout == STEREO
    assert not drawn(recording)[:, silent].any()


def test_a_call_of_silence_stays_two_channels(tmp_path: Path) -> None:
    assert open_recording(written(tmp_path / "call.wav", 0 * SPEECH)).layout == STEREO


def test_two_files_are_agent_and_customer_and_the_shorter_is_padded(tmp_path: Path) -> None:
    agent = written(tmp_path / "agent.wav", SPEECH[: 2 * RATE + 3, 0])
    customer = written(tmp_path / "customer.wav", SPEECH[:, 1])
    recording = open_recording(agent, customer)
    assert (recording.layout, recording.duration_s) == (STEREO, 4.0)
    pcm = drawn(recording)
    np.testing.assert_allclose(pcm[: 2 * RATE + 3, 0], SPEECH[: 2 * RATE + 3, 0] * 32768, atol=1)
    assert not pcm[2 * RATE + 3 :, 0].any()
    np.testing.assert_allclose(pcm[:, 1], SPEECH[:, 1] * 32768, atol=1)
    np.testing.assert_array_equal(drawn(open_recording(agent, customer, swap=True)), pcm[:, ::-1])


def test_two_files_of_different_rates_keep_time(tmp_path: Path) -> None:
    def tone(rate: int) -> NDArray[np.float64]:
        return 0.5 * np.sin(2 * np.pi * 300 * np.arange(2 * rate) / rate)

    recording = open_recording(
        written(tmp_path / "agent.wav", tone(44_100), 44_100), written(tmp_path / "customer.wav", tone(8_000))
    )
    assert recording.rate == 44_100
    agent, customer = drawn(recording).T / 32768
    np.testing.assert_allclose(customer[4_410:-4_410], agent[4_410:-4_410], atol=1e-3)


def test_of_two_files_each_must_have_one_channel(tmp_path: Path) -> None:
    mono, stereo = written(tmp_path / "a.wav", SPEECH[:, 0]), written(tmp_path / "b.wav", SPEECH)
    with pytest.raises(FileError, match=r"b.wav has 2 channels, but of two files each must have one\.$"):
        open_recording(mono, stereo)


def test_more_than_two_channels_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "room.wav", np.hstack((SPEECH, SPEECH)))
    with pytest.raises(
        FileError, match=r"has 4 channels, but one \(mixed\) or two \(agent, customer\) were expected\.$"
    ):
        open_recording(path)


def test_a_rate_that_nobody_speaks_at_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RateError, match="4000 Hz came"):
        open_recording(written(tmp_path / "slow.wav", SPEECH, 4_000))


def test_defects_are_counted_and_said_when_the_call_is_through(tmp_path: Path) -> None:
    speech = SPEECH.copy()
    speech[100:103, 0] = np.nan
    speech[200:205, 1] = 1.5
    recording = open_recording(written(tmp_path / "call.wav", speech, subtype="FLOAT"))
    drawn(recording)
    assert (recording.report.not_finite, recording.report.clipped) == (3, 5)
    assert texts(recording) == [
        "3 samples were no numbers (NaN or infinite); they are silent.",
        "5 samples are clipped (at full scale).",
    ]


def test_a_real_call_has_two_voices(recorded_call: Path) -> None:
    recording = open_recording(recorded_call)
    assert (recording.rate, recording.layout) == (8_000, STEREO)
    assert recording.duration_s == pytest.approx(245, abs=1)


# VmHWM, and not getrusage: what that calls the peak is inherited from the process that started this one.
DRAIN = """
import sys
from pathlib import Path
from audio.sources.files import open_recording
peak = lambda: int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
peaks, seconds = [], 0.0
for block in open_recording(Path(sys.argv[1])).blocks():
    seconds += len(block) / 8000
    if seconds > 600 and not peaks:
        peaks.append(peak())
print(round(seconds), peaks[0], peak())
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="only Linux tells a process's peak memory here")
def test_three_hours_take_no_more_memory_than_ten_minutes(tmp_path: Path) -> None:
    path, size = tmp_path / "long.wav", 3 * 3600 * 8_000 * 4
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, 8_000, 32_000, 4, 16)
    path.write_bytes(struct.pack("<4sI4s", b"RIFF", size + 36, b"WAVE") + form + struct.pack("<4sI", b"data", size))
    with path.open("r+b") as sparse:
        sparse.truncate(44 + size)
    ran = subprocess.run([sys.executable, "-c", DRAIN, str(path)], capture_output=True, text=True, check=True)
    seconds, early_kib, late_kib = map(int, ran.stdout.split())
    assert seconds == 3 * 3600
    assert late_kib - early_kib < 10_000
    assert late_kib < 300_000
