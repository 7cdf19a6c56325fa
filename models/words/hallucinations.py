"""Invented text: what Whisper says where nobody speaks, and when not to believe it.

In: the text of one decode with the model's own doubts. Out: whether to drop it. Pure functions. Measured with tiny.en
and base: over 176 s of a support call and 40 RAVDESS clips `no_speech` stayed under 0.5, partial turns included;
over silence, noise, hum, ringing and a hold tune it was above 0.57 and `logprob` under -0.5, whatever the text.
"""

from typing import Final

NO_SPEECH: Final = 0.5  # probability above which an unsure text is dropped
SURE: Final = -0.4  # mean log probability above which a text is believed all the same
NOBODY: Final = 0.85  # probability above which no text is believed: a ringing line gives a sure "bebebe" (base)
STOCK_NO_SPEECH: Final = 0.2  # stricter for the phrases below
STOCK_SURE: Final = -0.3

STOCK: Final = frozenset(  # what subtitles in Whisper's training data say over silence and credits
    {
        "amara org",
        "like and subscribe",
        "please subscribe",
        "please subscribe to my channel",
        "see you in the next video",
        "subtitles by the amara org community",
        "thank you for watching",
        "thank you so much for watching",
        "thanks for watching",
        "untertitel der amara org community",
        "untertitel im auftrag des zdf für funk 2017",
        "you",
    }
)


def is_hallucination(text: str, no_speech: float, logprob: float) -> bool:
    """Whether a turn's text is to be dropped.

    Parameters
    ----------
    no_speech
        The model's probability that there is no speech, 0..1.
    logprob
        The mean log probability of its tokens.
    """
    if plain(text) in STOCK:
        return no_speech > STOCK_NO_SPEECH or logprob < STOCK_SURE
    return no_speech > NOBODY or (no_speech > NO_SPEECH and logprob < SURE)


def plain(text: str) -> str:
    """Lower case, letters and digits only, single blanks: as phrases are compared."""
    return " ".join("".join(sign if sign.isalnum() else " " for sign in text.lower()).split())
