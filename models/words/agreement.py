"""Agreement: which words of an open turn are confirmed, so that what is shown of them is never taken back.

In: the hypotheses of successive partial decodes of one turn, each all of its words so far. Out: the words to show, and
how many of them are confirmed: those on which two successive hypotheses agree from the left (LocalAgreement-2; Liu et
al., "Low-latency sequence-to-sequence speech recognition", Interspeech 2020). State: the confirmed words and the
last hypothesis. Pure.
"""

from collections.abc import Sequence

from audio.frame import to_samples
from models.words.types import Word

VAGUE = to_samples(0.1)  # by which the times of a word differ between decodes
MOST_AGAIN = 5  # words that may be decoded again after they were confirmed


class Agreement:
    """Of one turn. `feed` each hypothesis in the order in which it was asked for."""

    def __init__(self) -> None:
        self.confirmed: tuple[Word, ...] = ()
        self._open: tuple[Word, ...] = ()  # the last hypothesis after the confirmed words

    def feed(self, words: tuple[Word, ...]) -> tuple[Word, ...]:
        """Take a hypothesis; what is to be shown now."""
        tail = self._after_confirmed(words)
        count = agreed(tail, self._open)
        self.confirmed, self._open = self.confirmed + tail[:count], tail[count:]
        return self.confirmed + self._open

    def _after_confirmed(self, words: tuple[Word, ...]) -> tuple[Word, ...]:
        """The words that follow the confirmed ones: by their times, and where those are vague, by what they say."""
        if not self.confirmed:
            return words
        tail = tuple(word for word in words if word.start > self.confirmed[-1].end - VAGUE)
        for length in range(min(MOST_AGAIN, len(tail), len(self.confirmed)), 0, -1):
            if agreed(tail[:length], self.confirmed[-length:]) == length:
                return tail[length:]
        return tail


def agreed(one: Sequence[Word], other: Sequence[Word]) -> int:
    """How many words they share from the left, case and punctuation aside."""
    for count, (a, b) in enumerate(zip(one, other, strict=False)):
        if letters(a.text) != letters(b.text):
            return count
    return min(len(one), len(other))


def letters(text: str) -> str:
    """Lower case, letters and digits only."""
    return "".join(sign for sign in text.lower() if sign.isalnum())
