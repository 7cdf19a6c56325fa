import os

from hypothesis import given
from hypothesis import strategies as st

from audio.errors import CalmlineError
from audio.text import printable

ANY = st.text(st.characters(exclude_categories=[]))  # lone surrogates too


def test_a_name_in_latin_1_is_read_as_such() -> None:
    assert printable(os.fsdecode("Müller, 5 €.wav".encode("cp1252"))) == "Müller, 5 €.wav"


def test_a_name_in_utf_8_stays_as_it_is() -> None:
    assert printable("Müller  电话 🎧.wav") == "Müller  电话 🎧.wav"


@given(ANY)
def test_any_text_becomes_one_line_that_can_be_encoded(text: str) -> None:
    fit = printable(text)
    fit.encode()
    assert len(fit) == len(text)
    assert len(fit.splitlines()) <= 1
    assert printable(fit) == fit


@given(ANY)
def test_an_error_is_one_sentence_whatever_is_in_it(text: str) -> None:
    assert str(CalmlineError(f"{text} was not expected.")) == f"{printable(text)} was not expected."
