"""Cues found in what is said, with the time of the words."""

import pytest

from audio.frame import Channel, to_samples
from audio.speech.turns import Turn
from models.text_cues import CueKind, PhrasebookError, TextCues, shipped_cues
from models.words.types import Transcript, Word


def said(channel: Channel, text: str) -> Transcript:
    """A turn whose words take half a second each."""
    texts = text.split()
    words = [Word(word, to_samples(k / 2), to_samples((k + 1) / 2), 0.9) for k, word in enumerate(texts)]
    return Transcript(0, Turn(channel, 0, 0, to_samples(len(texts) / 2)), True, tuple(words))


def found(channel: Channel, text: str) -> list[tuple[CueKind, str]]:
    return [(cue.kind, cue.phrase) for cue in shipped_cues().find(said(channel, text))]


@pytest.mark.parametrize(
    ("text", "kind", "phrase"),
    [
        ("I want to cancel my contract, right now", CueKind.LEAVE, "cancel"),
        ("Then close my account.", CueKind.LEAVE, "close my account"),
        ("I'm switching to another provider!", CueKind.LEAVE, "switching to another provider"),
        ("This is the THIRD time, I call about this", CueKind.REPETITION, "THIRD time"),
        ("again and again", CueKind.REPETITION, "again and again"),
        ("I've told you about it", CueKind.REPETITION, "I've told you"),
        ("I want to speak to a manager!", CueKind.MANAGER, "a manager"),
        ("That is ridiculous!", CueKind.FEELING, "ridiculous"),
        ("I am so frustrated", CueKind.FEELING, "frustrated"),
        ("I\u2019m not happy with it", CueKind.FEELING, "not happy"),
        ("I'm a bit worried about the light", CueKind.FEELING, "worried"),
        ("Okay. Thank you so much, Daniel.", CueKind.CALMING, "Thank you"),
        ("That helps, yes", CueKind.CALMING, "That helps"),
    ],
)
def test_what_customers_say(text, kind, phrase):
    assert (kind, phrase) in found(Channel.CUSTOMER, text)


@pytest.mark.parametrize(
    ("text", "kind", "phrase"),
    [
        ("I understand.", CueKind.ACKNOWLEDGEMENT, "I understand"),
        ("I can imagine how frustrating that must be.", CueKind.ACKNOWLEDGEMENT, "I can imagine"),
        ("You're right, and I am", CueKind.ACKNOWLEDGEMENT, "You're right"),
        ("and I'm sorry.", CueKind.APOLOGY, "I'm sorry"),
        ("We do apologize, my apologies", CueKind.APOLOGY, "my apologies"),
        ("What I can do is refund it", CueKind.OFFER, "What I can do"),
        ("One moment, please", CueKind.HOLD, "One moment"),
        ("no problem let me check that", CueKind.HOLD, "let me check"),
        ("Bear with me", CueKind.HOLD, "Bear with me"),
        ("you should've told us", CueKind.NEGATIVE, "you should've"),
        ("That's not possible.", CueKind.NEGATIVE, "That's not possible"),
        ("Sorry, that isn't possible, it can't", CueKind.NEGATIVE, "that isn't possible"),
        ("that's our policy,", CueKind.NEGATIVE, "our policy"),
        ("Calm down, sir", CueKind.NEGATIVE, "Calm down"),
        ("Okay. What happened then?", CueKind.OPEN_QUESTION, "What"),
        ("Could you tell me more?", CueKind.OPEN_QUESTION, "Could you tell me"),
    ],
)
def test_what_agents_say(text, kind, phrase):
    assert (kind, phrase) in found(Channel.AGENT, text)


@pytest.mark.parametrize(
    "text",
    [
        "I am not frustrated",
        "I'm not at all frustrated",
        "there's no need to cancel it",
        "I don't want to cancel",
        "I never said ridiculous",
        "I'm not going to cancel",
    ],
)
def test_what_is_negated_does_not_count(text):
    assert found(Channel.CUSTOMER, text) == []


@pytest.mark.parametrize("text", ["No, I want to cancel!", "It's not working. Cancel it.", "not now, cancel it"])
def test_a_negation_carries_no_further_than_its_clause(text):
    assert [kind for kind, _ in found(Channel.CUSTOMER, text)] == [CueKind.LEAVE]


@pytest.mark.parametrize("text", ["the managers", "a cancer scan", "my thanksgiving", "the scampi"])
def test_parts_of_words_are_no_cues(text):
    assert found(Channel.CUSTOMER, text) == []


def test_each_speaker_has_cues_of_their_own():
    assert found(Channel.AGENT, "cancel it, that is ridiculous") == []
    assert found(Channel.CUSTOMER, "one moment, let me check") == []


def test_a_mixed_channel_has_none():
    assert found(Channel.MIXED, "I want to cancel, I understand, one moment") == []


def test_a_question_word_counts_only_where_a_clause_begins():
    assert found(Channel.AGENT, "I know what you mean") == []


def test_a_longer_phrase_goes_before_the_shorter_ones_in_it():
    assert found(Channel.AGENT, "I'm so sorry about that") == [(CueKind.APOLOGY, "I'm so sorry")]


def test_a_cue_carries_the_time_and_the_least_probability_of_its_words():
    transcript = said(Channel.CUSTOMER, "please close my account now")
    unsure = tuple(Word(w.text, w.start, w.end, 0.4 if w.text == "my" else 0.9) for w in transcript.words)
    [cue] = shipped_cues().find(Transcript(0, transcript.turn, True, unsure))
    assert (cue.start, cue.end) == (to_samples(0.5), to_samples(2.0))
    assert cue.probability == 0.4
    assert cue.weight > 0


def test_what_is_to_be_said_positively_comes_with_how():
    cues = shipped_cues().find(said(Channel.AGENT, "calm down, it's our policy, you should have called"))
    assert [cue.kind for cue in cues] == [CueKind.NEGATIVE] * 3
    assert len({cue.instead for cue in cues}) == 3
    assert all(cue.instead for cue in cues)


def test_no_words_no_cues():
    assert found(Channel.CUSTOMER, "") == []
    assert found(Channel.CUSTOMER, "... '' -") == []


GROUP = 'negations = ["not"]\n[[group]]\nkind = "leave"\nspeaker = "customer"\nphrases = ["go*/leave now"]\n'


def test_a_team_may_bring_its_own_phrasebook(tmp_path):
    path = tmp_path / "phrases.toml"
    path.write_text(GROUP, encoding="utf-8")
    cues = TextCues(path).find(said(Channel.CUSTOMER, "going now or leave now or go later"))
    assert [cue.phrase for cue in cues] == ["going now", "leave now"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GROUP.replace("leave", "flee", 1), "Invalid enum value 'flee' - at 'group[0].kind'"),
        (GROUP + "loud = true\n", "Object contains unknown field 'loud' - at 'group[0]'"),
        (GROUP.replace("go*", "g*o"), "expected words, 'a/b' or 'word*' in a phrase, got 'g*o/leave now'"),
        (GROUP.replace("go*/leave now", " "), "expected words, 'a/b' or 'word*' in a phrase, got ' '"),
        (GROUP.replace("[[", "["), "Expected 'array', got 'object' - at 'group'"),
    ],
)
def test_a_faulty_phrasebook_is_refused(tmp_path, text, reason):
    path = tmp_path / "phrases.toml"
    path.write_text(text.replace("]]", "]") if "Expected 'array'" in reason else text, encoding="utf-8")
    with pytest.raises(PhrasebookError) as refused:
        TextCues(path)
    assert refused.value.reason == reason
    assert str(path) in str(refused.value)


def test_a_phrasebook_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PhrasebookError, match=r"could not be read \(No such file or directory\)\.$"):
        TextCues(tmp_path / "none.toml")
