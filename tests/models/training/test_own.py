"""Training on one's own labelled folder: what is wrong with the list is told in one sentence, and a model comes out."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training needs the extra `train`")

import soundfile

from audio.frame import SAMPLE_RATE, to_samples
from models.tone.onnx_tone import OnnxTone
from models.tone.types import ToneJob
from models.training.data.corpora import clips
from models.training.data.windows import audio_of
from models.training.own import LabelsError, own_clips, split_by_speaker
from models.training.train_own import train_own
from models.words.published import WeightsMissingError
from models.words.weights import find_whisper

SPEAKERS = ("03", "08", "09")


def write_labels(folder: Path, lines: list[str], head: str = "path,speaker,emotion") -> Path:
    labels = folder / "labels.csv"
    labels.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return labels


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """A folder with one second of silence, `a.wav`, that any line may name."""
    soundfile.write(tmp_path / "a.wav", np.zeros(SAMPLE_RATE), SAMPLE_RATE)
    return tmp_path


def lines_of(speakers: str, emotions: tuple[str, ...] = ("angry", "neutral")) -> list[str]:
    return [f"a.wav,{speaker},{emotion}" for speaker in speakers for emotion in emotions]


def test_a_list_is_read_in_its_order_and_split_by_speaker(sounds: Path) -> None:
    found = own_clips(write_labels(sounds, lines_of("fedcba")))
    parts = split_by_speaker(found)
    assert [clip.speaker for clip in found[::2]] == list("fedcba")
    assert [sorted({clip.speaker for clip in parts[part]}) for part in ("test", "dev", "train")] == [
        ["a", "f"],
        ["b"],
        ["c", "d", "e"],
    ]


@pytest.mark.parametrize(
    ("head", "lines", "said"),
    [
        ("path,who,emotion", lines_of("abc"), r"columns path, speaker, emotion: speaker is not there"),
        ("path,speaker,emotion", ["b.wav,a,angry"], r"line 2: there is no sound file .*b\.wav"),
        ("path,speaker,emotion", ["a.wav,a,angry", "a.wav,,angry"], r"line 3: a speaker was expected"),
        ("path,speaker,emotion", ["a.wav,a,furious"], r"line 2: an emotion was expected \(angry, .*\) and 'furious'"),
        ("path,speaker,emotion", ["a.wav"], r"line 2: a speaker was expected"),
        ("path,speaker,emotion", [], r"3 speakers or more were expected .* and 0 came"),
        ("path,speaker,emotion", lines_of("ab"), r"3 speakers or more were expected .* and 2 came"),
        ("path,speaker,emotion", lines_of("abc", ("calm", "sad")), r"Angry clips and others .* only calm, sad came"),
    ],
)
def test_what_is_wrong_with_a_list_is_one_sentence(sounds: Path, head: str, lines: list[str], said: str) -> None:
    with pytest.raises(LabelsError, match=said):
        own_clips(write_labels(sounds, lines, head))


def test_a_missing_list_and_one_that_is_no_text_are_told(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match=r"expected at .*none\.csv: No such file"):
        own_clips(tmp_path / "none.csv")
    (tmp_path / "sound.csv").write_bytes(b"path,speaker,emotion\n\xff\xfe\n")
    with pytest.raises(LabelsError, match=r"CSV in UTF-8"):
        own_clips(tmp_path / "sound.csv")


def test_a_folder_of_ones_own_becomes_a_model_that_hears_anger(data: Path, tmp_path: Path) -> None:
    try:
        find_whisper("tiny.en")
    except WeightsMissingError as missing:
        pytest.skip(str(missing))
    few = [
        clip
        for speaker in SPEAKERS
        for emotion in ("angry", "neutral", "sad")
        for clip in [c for c in clips("emodb", "train") if (c.speaker, c.emotion) == (speaker, emotion)][:3]
    ]
    path = train_own(write_labels(tmp_path, [f"{c.path},{c.speaker},{c.emotion}" for c in few]), tmp_path, copies=1)
    model, record = OnnxTone(path), json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    tested = [c for c in few if c.speaker == SPEAKERS[0]]
    anger = {c: model.read(ToneJob(0, np.resize(audio_of(c), to_samples(3)))).anger for c in tested}
    loud, rest = (
        np.mean([anger[c] or 0 for c in tested if (c.emotion == "angry") is angry]) for angry in (True, False)
    )
    assert model.classes == ("angry", "neutral", "sad")
    assert loud > rest + 0.3
    assert record["speakers"] == {"train": ["own 09"], "dev": ["own 08"]}
    assert record["metrics"]["test_speakers"]["own, as recorded"]["anger AUC"] > 0.9
