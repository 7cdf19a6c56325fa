"""The shipped tone model on real voices: what it hears, what it refuses, and that gain and line do not matter."""

import shutil
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from faster_whisper.audio import decode_audio

from audio.frame import FRAME, SAMPLE_RATE, Channel, Frame, Samples, to_samples
from audio.speech.turns import TurnTracker
from audio.speech.vad import Vad, VadModel, load_vad
from models.tone.clip import read_clip, windows
from models.tone.customer_speech import CustomerSpeech
from models.tone.onnx_tone import OnnxTone, ToneWeightsError, shipped
from models.tone.types import NoReading, ToneJob, ToneReading
from models.training.data.corpora import Clip, Corpus, clips
from models.training.data.line import telephone
from models.training.data.noise import line_noise
from models.training.data.not_speech import far_crowd, music, signal_tones

NORMAL = "normal"  # the lesser of the two intensities that RAVDESS was played with


@pytest.fixture(scope="module")
def model() -> OnnxTone:
    return OnnxTone()


@pytest.fixture(scope="module")
def vad() -> VadModel:
    return load_vad()


@pytest.fixture(scope="module")
def angry_voice(data: Path) -> Samples:
    """The longest angry clip of a test speaker, about 2.5 s."""
    return audio_of(max((c for c in clips("emodb", "test") if c.emotion == "angry"), key=lambda c: c.seconds))


def audio_of(clip: Clip) -> Samples:
    samples: Samples = decode_audio(str(clip.path), sampling_rate=SAMPLE_RATE)
    return samples


def read(model: OnnxTone, samples: Samples) -> ToneReading:
    return model.read(ToneJob(at=len(samples), samples=samples))


def noise(seconds: float, rms: float) -> Samples:
    return (np.random.default_rng(0).standard_normal(to_samples(seconds)) * rms).astype(np.float32)


@pytest.mark.parametrize(("corpus", "quiet"), [("emodb", "neutral"), ("ravdess", "calm")])
def test_every_test_speaker_reads_angrier_and_more_aroused_when_angry(
    model: OnnxTone, vad: VadModel, data: Path, corpus: Corpus, quiet: str
) -> None:
    tested = clips(corpus, "test")
    for speaker in sorted({clip.speaker for clip in tested}):
        own = {
            emotion: [
                read_clip(model, vad, audio_of(clip))
                for clip in [c for c in tested if (c.speaker, c.emotion) == (speaker, emotion)][:3]
            ]
            for emotion in ("angry", quiet)
        }
        anger, arousal = (
            {emotion: np.nanmean([getattr(r, name) or np.nan for r in readings]) for emotion, readings in own.items()}
            for name in ("anger", "arousal")
        )
        assert anger["angry"] > anger[quiet] + 0.1, speaker
        assert arousal["angry"] > arousal[quiet] + 0.05, speaker


def test_a_calm_recorded_call_does_not_read_as_angry(model: OnnxTone, vad: VadModel, recorded_call: Path) -> None:
    customer = decode_audio(str(recorded_call), sampling_rate=SAMPLE_RATE, split_stereo=True)[1]
    ears, turns, speech = Vad(vad), TurnTracker(Channel.CUSTOMER), CustomerSpeech()
    readings = []
    for start in range(0, len(customer) - FRAME, FRAME):
        frame = Frame(Channel.CUSTOMER, start, customer[start : start + FRAME])
        for voice in ears.feed(frame.samples):
            turns.feed(voice)
        speech.feed(frame, turns.speaking)
        job = speech.tick(frame.end) if frame.end % to_samples(0.5) == 0 else None
        readings += [model.read(job)] if job else []
    anger = [reading.anger for reading in readings if reading.anger is not None]
    assert len(anger) > 100
    assert len(anger) > 0.9 * len(readings)
    assert median(anger) < 0.2
    assert np.quantile(anger, 0.95) < 0.65


@pytest.mark.parametrize("gain_db", [-20, -10, 6, 10])
def test_gain_does_not_change_the_reading(model: OnnxTone, angry_voice: Samples, gain_db: float) -> None:
    quiet = angry_voice * np.float32(0.3)
    usual, other = read(model, quiet), read(model, quiet * np.float32(10 ** (gain_db / 20)))
    for name in ("anger", "arousal", "valence", "confidence"):
        assert getattr(other, name) == pytest.approx(getattr(usual, name), abs=0.01)


def test_every_number_lies_between_0_and_1_and_the_posterior_sums_to_1(model: OnnxTone, angry_voice: Samples) -> None:
    heard = model.outputs(angry_voice)
    for value in (heard.anger, heard.arousal, heard.valence, heard.confidence, heard.speech):
        assert 0 <= value <= 1
    assert len(heard.posterior) == len(model.classes)
    assert heard.posterior.sum() == pytest.approx(1, abs=1e-5)
    assert heard.anger == heard.posterior[model.classes.index("angry")]


def test_any_length_from_1_to_10_seconds_is_read(model: OnnxTone, angry_voice: Samples) -> None:
    for seconds in (1.0, 1.503, 3.0, 10.0):
        assert read(model, np.resize(angry_voice, to_samples(seconds))).reason is None


def test_the_same_samples_give_the_same_reading_in_another_session(model: OnnxTone, angry_voice: Samples) -> None:
    assert read(OnnxTone(), angry_voice) == read(model, angry_voice)


def test_under_a_second_of_speech_is_too_little(model: OnnxTone, angry_voice: Samples) -> None:
    reading = read(model, angry_voice[: to_samples(0.98)])
    assert reading == ToneReading(at=to_samples(0.98), reason=NoReading.TOO_SHORT)


def test_clipped_speech_gives_no_reading(model: OnnxTone, angry_voice: Samples) -> None:
    assert read(model, np.clip(angry_voice * np.float32(30), -1, 1)).reason is NoReading.CLIPPED


def test_speech_under_loud_noise_gives_no_reading(model: OnnxTone, angry_voice: Samples) -> None:
    level = float(np.sqrt(np.mean(np.square(angry_voice))))
    buried = 0.2 * (angry_voice + noise(len(angry_voice) / SAMPLE_RATE, 2 * level))
    assert read(model, buried).reason is NoReading.NOISY


@pytest.mark.parametrize("samples", [noise(3.0, 0.0), noise(3.0, 1e-5)], ids=["digital silence", "a faint hiss"])
def test_a_silent_line_is_not_speech(model: OnnxTone, samples: Samples) -> None:
    assert read(model, samples).reason is NoReading.NOT_SPEECH


def test_a_busy_tone_is_not_speech(model: OnnxTone) -> None:
    t = np.arange(to_samples(3.0)) / SAMPLE_RATE
    tone = 0.1 * (np.sin(2 * np.pi * 480 * t) + np.sin(2 * np.pi * 620 * t)) * (t % 1 < 0.5)
    assert read(model, tone.astype(np.float32)).reason is NoReading.NOT_SPEECH


@pytest.mark.parametrize("name", ["open", "research"])
def test_both_weights_refuse_music_on_hold_a_far_crowd_and_noise(data: Path, name: str) -> None:
    tone, random = OnnxTone(shipped(name)), np.random.default_rng(3)
    voice, length = audio_of(clips("emodb", "test")[0]), to_samples(3.0)
    sounds = [music(length, random) for _ in range(4)] + [far_crowd(voice, length, random) for _ in range(4)]
    sounds += [line_noise(length, random) for _ in range(4)] + [signal_tones(length, random) for _ in range(4)]
    reasons = [read(tone, telephone(sound)).reason for sound in sounds]
    assert sum(reason in (NoReading.NOT_SPEECH, NoReading.NOISY) for reason in reasons) >= 15


@pytest.mark.parametrize(
    ("name", "corpus", "quiet"),
    [("open", "emodb", "neutral"), ("research", "emodb", "neutral"), ("research", "ravdess", "calm")],
)
def test_a_caller_who_is_angry_from_the_first_word_reads_angry(
    vad: VadModel, data: Path, name: str, corpus: Corpus, quiet: str
) -> None:
    tone, tested = OnnxTone(shipped(name)), clips(corpus, "test")
    for speaker in sorted({clip.speaker for clip in tested})[:3]:
        angry, rest = (
            np.median([read_clip(tone, vad, audio_of(c)).anger or 0 for c in chosen[:4]])
            for chosen in (
                [c for c in tested if (c.speaker, c.emotion) == (speaker, emotion) and c.intensity != NORMAL]
                or [c for c in tested if (c.speaker, c.emotion) == (speaker, emotion)]
                for emotion in ("angry", quiet)
            )
        )
        assert angry > 0.5 > rest, speaker


def test_missing_weights_are_named_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ToneWeightsError, match=r"tone-x\.onnx is missing: name tone-open"):
        OnnxTone(tmp_path / "tone-x.onnx")


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    for suffix in (".onnx", ".json"):
        shutil.copy(shipped().with_suffix(suffix), tmp_path / f"tone-open{suffix}")
    altered = tmp_path / "tone-open.onnx"
    data = bytearray(altered.read_bytes())
    data[len(data) // 2] ^= 1
    altered.write_bytes(data)
    with pytest.raises(ToneWeightsError, match=r"another SHA-256"):
        OnnxTone(altered)


@pytest.mark.parametrize("record", [b"{}", b"[]", b"null", b"not JSON", b"\xff", b"[" * 100_000])
def test_a_damaged_record_beside_a_tone_model_is_said(tmp_path: Path, record: bytes) -> None:
    own = shutil.copy(shipped(), tmp_path / "own.onnx")
    own.with_suffix(".json").write_bytes(record)
    with pytest.raises(ToneWeightsError, match=r"own\.json was expected to record its SHA-256, and does not\."):
        OnnxTone(own)


def test_a_file_that_is_no_tone_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ToneWeightsError, match="expected to be an ONNX file"):
        OnnxTone(path)


def test_a_clip_with_under_a_second_of_speech_gives_no_reading(
    model: OnnxTone, vad: VadModel, angry_voice: Samples
) -> None:
    short = np.concatenate((noise(2.0, 0.0), angry_voice[: to_samples(0.6)], noise(2.0, 0.0)))
    assert read_clip(model, vad, short) == ToneReading(at=len(short), reason=NoReading.TOO_SHORT)


def test_a_silent_or_empty_clip_is_not_speech(model: OnnxTone, vad: VadModel) -> None:
    for seconds in (0.0, 5.0):
        assert read_clip(model, vad, noise(seconds, 0.0)).reason is NoReading.NOT_SPEECH


def test_long_silence_in_a_clip_hardly_changes_it(model: OnnxTone, vad: VadModel, angry_voice: Samples) -> None:
    faint = noise(6.0, 1e-4)
    plain = read_clip(model, vad, np.concatenate((faint[:8000], angry_voice, faint[:8000])))
    padded = read_clip(model, vad, np.concatenate((faint, angry_voice, faint)))
    assert plain.anger is not None
    assert padded.anger == pytest.approx(plain.anger, abs=0.15)


def test_a_long_clip_is_cut_into_windows_of_about_3_seconds_that_hold_all_of_it() -> None:
    for seconds in (0.5, 3.0, 4.4, 4.6, 20.0):
        samples = noise(seconds, 0.1)
        cut = windows(samples)
        np.testing.assert_array_equal(np.concatenate(cut), samples)
        assert all(len(window) <= to_samples(4.5) for window in cut)
        assert seconds < 3 or all(len(window) >= to_samples(2.2) for window in cut)
