"""What is confirmed of an open turn: what two hypotheses in a row agree on, and never taken back."""

from hypothesis import given
from hypothesis import strategies as st

from audio.frame import SAMPLE_RATE
from models.words.agreement import Agreement
from models.words.types import Word

S = SAMPLE_RATE


def said(text: str, start: float = 0.0) -> tuple[Word, ...]:
    """Words of 0.3 s each."""
    return tuple(
        Word(word, int((start + 0.3 * k) * S), int((start + 0.3 * (k + 1)) * S), 0.9)
        for k, word in enumerate(text.split())
    )


def shown(agreement: Agreement, *hypotheses: str) -> list[str]:
    """What is shown after each hypothesis; what is confirmed stands before the bar."""
    lines = []
    for text in hypotheses:
        words = [word.text for word in agreement.feed(said(text))]
        sure = len(agreement.confirmed)
        lines.append(" ".join([*words[:sure], "|", *words[sure:]]))
    return lines


def test_words_are_confirmed_once_two_hypotheses_agree_on_them() -> None:
    assert shown(Agreement(), "I want", "I want to", "I want two car") == [
        "| I want",
        "I want | to",
        "I want | two car",
    ]


def test_case_and_punctuation_are_no_contradiction_and_the_later_spelling_counts() -> None:
    assert shown(Agreement(), "so my friends", "So, my fellow")[1] == "So, my | fellow"


def test_a_confirmed_word_stays_where_a_later_hypothesis_has_another() -> None:
    lines = shown(Agreement(), "see you ago", "see you ago", "two weeks ago I", "two weeks ago I got")
    assert lines[1:] == ["see you ago |", "see you ago | I", "see you ago I | got"]


def test_words_heard_again_after_they_were_confirmed_are_shown_once() -> None:
    agreement = Agreement()
    agreement.feed(said("call me back"))
    agreement.feed(said("call me back"))
    again = agreement.feed(said("me back please", start=0.85))
    assert [word.text for word in again] == ["call", "me", "back", "please"]


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c"]), max_size=6), max_size=12))
def test_what_is_confirmed_only_grows(hypotheses: list[list[str]]) -> None:
    agreement, before = Agreement(), list[str]()
    for words in hypotheses:
        told = [word.text for word in agreement.feed(said(" ".join(words)))]
        sure = [word.text for word in agreement.confirmed]
        assert sure[: len(before)] == before
        assert told[: len(sure)] == sure
        before = sure
