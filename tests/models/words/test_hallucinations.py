"""What is believed and what is not: the figures are of real decodes by tiny.en and base."""

import pytest

from models.words.hallucinations import STOCK, is_hallucination, plain


@pytest.mark.parametrize(
    ("text", "no_speech", "logprob"),
    [
        ("you", 0.99, -0.65),  # silence
        ("I'm gonna go to the left.", 0.89, -1.97),  # white noise
        ("I'm sorry.", 0.57, -1.80),  # a hold tune
        ("Wooooo!", 0.83, -1.39),  # ringing
        ("Thank you.", 0.89, -0.70),  # faint pink noise
        ("Thanks for watching!", 0.35, -0.6),
        ("Bebebebebebebebebebe", 0.89, -0.12),  # ringing, 12 s of it
        ("Subtitles by the Amara.org community", 0.1, -0.9),
    ],
)
def test_text_over_no_speech_is_invented(text: str, no_speech: float, logprob: float) -> None:
    assert is_hallucination(text, no_speech, logprob)


@pytest.mark.parametrize(
    ("text", "no_speech", "logprob"),
    [
        ("Thank you.", 0.02, -0.3),
        ("Is that anything else I can do?", 0.37, -0.60),  # a turn so far, its first 0.8 s
        ("You can support me.", 0.01, -1.34),  # mumbled, but somebody spoke
        ("you", 0.05, -0.2),
        ("I want to cancel.", 0.7, -0.2),  # the model is sure of its words
    ],
)
def test_text_that_the_voice_supports_is_kept(text: str, no_speech: float, logprob: float) -> None:
    assert not is_hallucination(text, no_speech, logprob)


def test_stock_phrases_are_written_as_they_are_compared() -> None:
    assert {plain(phrase) for phrase in STOCK} == STOCK
