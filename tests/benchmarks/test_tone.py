"""The tone benchmark, on a few clips: each figure is what its name says."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training needs the extra `train`")

from benchmarks import tone
from benchmarks.tone import anger_auc, arousal_auc, bench_tone, corpus_figures, window_ms
from models.onnx_tone import OnnxTone, shipped
from models.tone import ToneReading
from models.training.corpora import Clip, clips
from models.training.evaluate import NoCorporaError


@pytest.fixture
def few(data: object) -> list[Clip]:
    """Angry and sad clips of a man and a woman."""
    kinds = [(speaker, emotion) for speaker in ("03", "08") for emotion in ("angry", "sad")]
    return [clip for kind in kinds for clip in [c for c in clips("emodb") if (c.speaker, c.emotion) == kind][:2]]


def read(clips: list[Clip], **figures: float) -> dict[Clip, ToneReading]:
    """Readings that are `figures` for angry clips and 0.5 for all others."""
    plain = {"anger": 0.5, "arousal": 0.5, "valence": 0.5, "confidence": 0.5}
    return {c: ToneReading(0, None, **(plain | figures if c.emotion == "angry" else plain)) for c in clips}


def test_anger_is_told_from_the_rest_fully_not_at_all_or_the_wrong_way_round(few: list[Clip]) -> None:
    assert [anger_auc(read(few, anger=anger)) for anger in (0.9, 0.5, 0.1)] == [1.0, 0.5, 0.0]


def test_arousal_leaves_out_what_is_neither_high_nor_low(few: list[Clip]) -> None:
    disgust = next(clip for clip in clips("emodb", "train") if clip.emotion == "disgust")
    assert arousal_auc(read([*few, disgust], arousal=0.9)) == 1.0


def test_one_kind_of_clip_alone_has_no_figure(few: list[Clip]) -> None:
    assert anger_auc(read([clip for clip in few if clip.emotion == "angry"])) is None


def test_a_corpus_is_read_over_three_lines_and_by_sex(few: list[Clip]) -> None:
    figures = corpus_figures(OnnxTone(shipped()), few)
    assert (figures.language, figures.clips) == ("de", len(few))
    assert figures.anger is not None
    assert figures.anger_bad_line is not None
    assert figures.bad_line_loss == pytest.approx(figures.anger - figures.anger_bad_line, abs=1e-4)
    assert figures.anger > 0.8
    assert None not in (figures.anger_women, figures.anger_men, figures.anger_mu_law, figures.arousal)


def test_every_window_is_timed() -> None:
    assert window_ms(OnnxTone(shipped()), np.ones(100, np.float32)).count == tone.TIMES


def test_without_labelled_speech_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.tone.clips", lambda corpus, split=None: ())
    with pytest.raises(NoCorporaError, match="Labelled speech was expected and there is none"):
        bench_tone("tone-open")
