"""Text cues: phrases that tell something, found in the words of a turn, with the time at which they were said.

In: a `Transcript`. Out: `TextCue`s in the order said. State: the phrasebook (`text_cues.toml`), read once. Pure after
that. Both sides are brought to the same plain words first (lower case, no punctuation, "you're" as "you are"), then
matched word by word, so "cancel" is not found in "cancelled" unless the phrasebook says `cancel*`. Cheap and
explainable, and deaf to irony: a cue is a hint with its evidence, never a verdict.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from audio.errors import CalmlineError
from audio.frame import Channel
from models.words.types import Transcript, Word

SHIPPED = Path(__file__).with_name("text_cues.toml")
REACH = 3  # words over which a negation carries
SHORT_FORMS = {
    "can't": "can not",
    "cannot": "can not",
    "won't": "will not",
    "let's": "let us",
    "gonna": "going to",
    "wanna": "want to",
    "n't": " not",
    "'re": " are",
    "'m": " am",
    "'ll": " will",
    "'ve": " have",
    "'d": " would",
    "'s": " is",
}


class CueKind(StrEnum):
    LEAVE = "leave"  # the customer wants to go
    REPETITION = "repetition"  # not the first time
    MANAGER = "manager"  # wants somebody else
    FEELING = "feeling"  # the customer voices one
    CALMING = "calming"  # thanks, relief
    ACKNOWLEDGEMENT = "acknowledgement"  # the agent names the feeling
    APOLOGY = "apology"
    OFFER = "offer"  # a solution
    HOLD = "hold"  # asks the customer to wait
    NEGATIVE = "negative"  # blame or refusal
    OPEN_QUESTION = "open_question"


class PhrasebookError(CalmlineError):
    """A phrasebook that cannot be used."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"Phrasebook {path}: {reason}.")
        self.path, self.reason = path, reason


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Phrases that mean the same. `a/b` is either word, `cancel*` any word that begins so."""

    kind: CueKind
    speaker: Channel
    phrases: Annotated[tuple[str, ...], Meta(min_length=1)]
    weight: float = 0.0  # log-odds it adds to the customer's trend
    negatable: bool = False  # "not frustrated" is none
    opening: bool = False  # counts at the start of a sentence only
    instead: str = ""  # what to say in its place


class _Book(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    negations: tuple[str, ...]
    group: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class TextCue:
    kind: CueKind
    phrase: str  # as it was said
    start: int  # stream time
    end: int
    probability: float  # of its least sure word, 0..1
    weight: float
    instead: str


@dataclass(frozen=True, slots=True)
class _Token:
    """One plain word, and the spoken word that it is part of."""

    text: str
    index: int
    opens: bool  # begins a clause: nothing before it carries over


_Pattern = tuple[re.Pattern[str], ...]


class TextCues:
    """Finds the cues of a phrasebook.

    Raises
    ------
    PhrasebookError
        If the file cannot be read, is not TOML, or has a fault.
    """

    def __init__(self, path: Path = SHIPPED) -> None:
        book = _read(path)
        self._negations = [_pattern(path, phrase) for phrase in book.negations]
        # longer phrases first, so that "I am so sorry" is not taken for "sorry"
        self._phrases = sorted(
            ((_pattern(path, phrase), group) for group in book.group for phrase in group.phrases),
            key=lambda entry: -len(entry[0]),
        )

    def find(self, transcript: Transcript) -> tuple[TextCue, ...]:
        """The cues of a turn. A word belongs to one cue of a kind at most; a mixed channel has none."""
        tokens = list(_tokens(transcript.words))
        taken: set[tuple[CueKind, int]] = set()
        found = []
        for pattern, group in self._phrases:
            if group.speaker is not transcript.channel:
                continue
            for at in _places(pattern, tokens):
                span = range(at, at + len(pattern))
                if taken.isdisjoint((group.kind, k) for k in span) and self._counts(group, tokens, at):
                    taken.update((group.kind, k) for k in span)
                    found.append(_cue(group, transcript.words[tokens[at].index : tokens[span[-1]].index + 1]))
        return tuple(sorted(found, key=lambda cue: (cue.start, cue.end)))

    def _counts(self, group: Group, tokens: Sequence[_Token], at: int) -> bool:
        if group.opening and not tokens[at].opens:
            return False
        return not (group.negatable and self._negated(tokens, at))

    def _negated(self, tokens: Sequence[_Token], at: int) -> bool:
        """Whether a negation in the same clause reaches the word at `at`."""
        first = at
        while first > 0 and at - first < REACH and not tokens[first].opens:
            first -= 1
        return any(
            place + len(negation) <= at
            for negation in self._negations
            for place in _places(negation, tokens)
            if place >= first
        )


@cache
def shipped_cues() -> TextCues:
    """The phrasebook that comes with Calmline, read once."""
    return TextCues()


def _read(path: Path) -> _Book:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=_Book)
    except OSError as error:
        raise PhrasebookError(path, f"could not be read ({error.strerror})") from error
    except msgspec.DecodeError as error:
        raise PhrasebookError(path, str(error).replace("`", "'").replace("$.", "")) from error


def _pattern(path: Path, phrase: str) -> _Pattern:
    """A phrase as one expression a word."""
    words = [word for part in phrase.lower().split() for word in _plain(part)]
    if not words or not all(re.fullmatch(r"[a-z0-9']+\*?(/[a-z0-9']+\*?)*", word) for word in words):
        raise PhrasebookError(path, f"expected words, 'a/b' or 'word*' in a phrase, got '{phrase}'")
    return tuple(re.compile(word.replace("*", "[a-z0-9']*").replace("/", "|")) for word in words)


def _tokens(words: Sequence[Word]) -> Iterator[_Token]:
    opens = True
    for index, word in enumerate(words):
        for part in _plain(re.sub(r"[^a-z0-9' ]", " ", word.text.lower().replace("\u2019", "'"))):
            yield _Token(part, index, opens)
            opens = False
        opens |= word.text[-1:] in ",.;:!?"


def _plain(text: str) -> list[str]:
    """One spoken word as plain ones: short forms written out, quotes around it gone."""
    words = []
    for word in text.split():
        bare = word.strip("'")
        for short, full in SHORT_FORMS.items():
            if bare == short or (short[0] in "n'" and bare.endswith(short)):
                bare = bare[: -len(short)] + full
                break
        words += bare.split()
    return words


def _places(pattern: _Pattern, tokens: Sequence[_Token]) -> Iterator[int]:
    for at in range(len(tokens) - len(pattern) + 1):
        if all(word.fullmatch(tokens[at + k].text) for k, word in enumerate(pattern)):
            yield at


def _cue(group: Group, words: Sequence[Word]) -> TextCue:
    return TextCue(
        kind=group.kind,
        phrase=" ".join(word.text for word in words).strip(",.;:!?\"'"),
        start=words[0].start,
        end=words[-1].end,
        probability=min(word.probability for word in words),
        weight=group.weight,
        instead=group.instead,
    )
