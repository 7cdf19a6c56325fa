"""The tone benchmark: its figures are those of the evaluation, under plain names."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training needs the extra `train`")

from benchmarks.tone import tone
from benchmarks.tone.tone import bench_tone, figures_of, window_ms
from models.tone.onnx_tone import OnnxTone, shipped
from models.training.data.corpora import clips
from models.training.evaluate import NoCorporaError, evaluate


@pytest.mark.usefixtures("data")
def test_a_corpus_is_read_over_three_lines_and_by_sex() -> None:
    kinds = [(speaker, emotion) for speaker in ("03", "08") for emotion in ("angry", "sad")]
    few = [clip for kind in kinds for clip in [c for c in clips("emodb") if (c.speaker, c.emotion) == kind][:2]]
    figures = figures_of("emodb", "de", evaluate(shipped(), {"emodb": few}))
    assert figures.clips + figures.no_reading == len(few)
    assert figures.anger is not None
    assert figures.anger > 0.8
    assert None not in (figures.anger_women, figures.anger_men, figures.anger_mu_law, figures.arousal)


def test_what_a_bad_line_costs_is_the_difference_of_two_figures() -> None:
    clean, bad = {"clips": 4.0, "no reading": 1.0, "anger AUC": 0.9}, {"anger AUC": 0.85, "arousal AUC": 0.8}
    read = {"emodb, as recorded": clean, "emodb, telephone": {}, "emodb, bad line": bad}
    figures = figures_of("emodb", "de", read)
    assert (figures.clips, figures.no_reading, figures.bad_line_loss) == (4, 1, 0.05)
    assert (figures.anger_mu_law, figures.arousal, figures.arousal_bad_line) == (None, None, 0.8)


def test_every_window_is_timed() -> None:
    assert window_ms(OnnxTone(shipped()), np.ones(100, np.float32)).count == tone.TIMES


def test_what_was_measured_in_training_comes_from_the_record_beside_the_weights(tmp_path: Path) -> None:
    record = {"recipe": {"corpora": ["emodb", "nemo"]}, "metrics": {"grouped_folds_recall": 0.9, "test_speakers": {}}}
    (tmp_path / "own.json").write_text(json.dumps(record))
    assert tone._record(tmp_path / "own.json") == (("emodb", "nemo"), {"grouped_folds_recall": 0.9})
    assert tone._record(tmp_path / "none.json") == ((), {})


def test_without_labelled_speech_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CALMLINE_DATA", str(tmp_path))
    with pytest.raises(NoCorporaError, match="Labelled speech was expected and there is none"):
        bench_tone("tone-open")


def test_of_calibration_every_corpus_counts_the_same() -> None:
    sure_and_right = np.full(30, 0.95), np.ones(30, dtype=bool)
    sure_and_wrong = np.full(10, 0.95), np.zeros(10, dtype=bool)
    assert tone._calibration(sure_and_right, sure_and_wrong) == pytest.approx(0.45)
    assert tone._calibration(sure_and_right) == pytest.approx(0.05)
