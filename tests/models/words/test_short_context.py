"""The short context: loops are found, decoded again and never shown."""

from pathlib import Path

import numpy as np
import pytest
from sounds import hear
from utterances import whole

from audio.frame import SAMPLE_RATE
from models.words import short_context
from models.words.short_context import loop_start
from models.words.whisper import Whisper


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("And so my fellow Americans. And so my fellow Americans. And so", 5),
        ("well I said call me back, call me back", 6),
        ("kids are talking by the door", None),
        ("no no no no", None),  # people say so
        ("thank you thank you", None),
        ("", None),
    ],
)
def test_a_phrase_said_twice_in_a_row_is_a_loop(text: str, start: int | None) -> None:
    assert loop_start(text.split()) == start


def test_a_phrase_may_be_allowed_twice() -> None:
    assert loop_start(["call", "me", "back"] * 2, times=3) is None
    assert loop_start(["call", "me", "back"] * 3, times=3) == 3


def test_a_loop_is_decoded_again_with_the_full_context(
    data: Path, whisper: Whisper, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = whole(hear(data / "jfk.flac")[0][: int(2.44 * SAMPLE_RATE)])
    monkeypatch.setattr(short_context, "SHORTEST", 0)  # tight enough for the decoder to run in circles
    monkeypatch.setattr(short_context, "STEP", 4)
    (looped,) = whisper._decoder._decode([job.samples], 444)
    assert not looped.complete or loop_start(looped.text.split()) is not None
    text = whisper.transcribe(job).text
    assert text.endswith("fellow Americans.")
    assert len(text.split()) <= 6


def test_more_than_the_model_hears_at_once_is_refused(whisper: Whisper) -> None:
    with pytest.raises(ValueError, match="480000 samples at once, and 480001 came"):
        whisper.transcribe(whole(np.zeros(480_001, np.float32)))
