"""Training: each part against a known answer, and the ONNX graph against the numbers it was built from."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="training needs the extra `train`")

import ctranslate2
from faster_whisper.feature_extractor import FeatureExtractor
from sklearn.metrics import roc_auc_score

from audio.errors import CalmlineError
from audio.frame import SAMPLE_RATE, Samples, to_samples
from audio.speech.quality import signal_to_noise_db
from audio.speech.vad import load_vad
from models.tone.onnx_tone import OnnxTone, shipped
from models.training import heads
from models.training.data.augment import CODECS, Augmentation, over_a_bad_line, speech_window
from models.training.data.corpora import clips
from models.training.data.line import Codec, Line, carried, levelled, root_mean_square, telephone, with_lost_packets
from models.training.data.noise import babble, in_a_room, line_noise, mixed
from models.training.data.not_speech import not_speech
from models.training.data.windows import (
    WindowSettings,
    audio_of,
    training_windows,
    voice_of,
    voices_of,
    windows_without_speech,
)
from models.training.evaluate import NoCorporaError, calibration_error, clips_to_test
from models.training.folds import fit_windows
from models.training.graph.onnx_builder import Builder
from models.training.graph.tone_graph import encode, extractor, feature_model, log_mel, tone_model
from models.training.graph.whisper_encoder import Weights, encoder_weights
from models.words.published import MODEL, WeightsMissingError
from models.words.weights import find_whisper

BLOCKS = (1, 2)


@pytest.fixture(scope="module")
def weights() -> Weights:
    try:
        return encoder_weights(find_whisper("tiny.en") / MODEL)
    except WeightsMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def voice(data: Path) -> Samples:
    return audio_of(clips("emodb", "test")[0])[: to_samples(2.0)]


def level_db(samples: Samples) -> float:
    return 20 * float(np.log10(root_mean_square(samples)))


def random_heads(width: int) -> heads.Heads:
    random = np.random.default_rng(0)
    classes = ("angry", "bored", "happy", "neutral")
    weight = random.normal(0, 0.05, (width, len(classes) + 3)).astype(np.float32)
    return heads.Heads(classes, weight, random.normal(0, 0.1, len(classes) + 3).astype(np.float32))


def test_log_mel_is_whispers_but_for_the_level(voice: Samples) -> None:
    g = Builder()
    mel = extractor(g.model(mel=(log_mel(g, "samples"), ["time", 80])))(voice)
    whispers = FeatureExtractor()(voice, padding=0).T
    difference = mel - whispers
    assert mel.shape == whispers.shape
    np.testing.assert_allclose(difference, difference.mean(), atol=1e-4)


def test_the_encoder_is_whispers(weights: Weights, voice: Samples) -> None:
    g = Builder()
    mel = log_mel(g, "samples")
    last = encode(g, mel, weights, depth=4)[-1]
    scale, shift = (g.constant(weights[f"layer_norm/{name}"]) for name in ("gamma", "beta"))
    normed = g.op("LayerNormalization", last, scale, shift, axis=-1, epsilon=1e-5)
    ours = extractor(g.model(encoded=(normed, ["time", "width"])))(voice)
    g.nodes.clear()
    mels = extractor(g.model(mel=(log_mel(g, "samples"), ["time", 80])))(voice).T
    whisper = ctranslate2.models.Whisper(str(find_whisper("tiny.en")), compute_type="float32", intra_threads=1)
    theirs = np.array(whisper.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(mels[np.newaxis]))))[0]
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).mean() < 2e-3  # CTranslate2 approximates GELU


def test_the_onnx_graph_equals_numpy_on_the_same_features(weights: Weights, voice: Samples, tmp_path: Path) -> None:
    features = extractor(feature_model(weights, BLOCKS))(voice)
    reference = random_heads(len(features))
    path = tmp_path / "tone.onnx"
    path.write_bytes(tone_model(weights, BLOCKS, reference).SerializeToString())
    model = OnnxTone(path)
    heard, expected = model.outputs(voice), reference.read(features[np.newaxis])
    assert model.classes == reference.classes
    np.testing.assert_allclose(heard.posterior, expected.posterior[0], atol=1e-4)
    for name in ("anger", "arousal", "valence", "confidence", "speech"):
        assert getattr(heard, name) == pytest.approx(getattr(expected, name)[0], abs=1e-4), name


def test_features_do_not_depend_on_the_gain(weights: Weights, voice: Samples) -> None:
    extract = extractor(feature_model(weights, BLOCKS))
    usual = extract(voice)
    for gain_db in (-20, 10):
        np.testing.assert_allclose(extract(voice * np.float32(10 ** (gain_db / 20))), usual, atol=0.02)


@pytest.mark.parametrize("name", ["open", "research"])
def test_the_shipped_file_carries_the_record_beside_it(name: str) -> None:
    record = json.loads(shipped(name).with_suffix(".json").read_text(encoding="utf-8"))
    assert shipped(name).stat().st_size < 15_000_000
    assert list(OnnxTone(shipped(name)).classes) == record["classes"]
    assert record["metrics"]["development_calibration_error"] <= 0.05


def test_windows_depend_on_the_seed_alone(weights: Weights, data: Path) -> None:
    extract, vad, some = extractor(feature_model(weights, (1,))), load_vad(), clips("emodb", "dev")[:3]
    crowd = [audio_of(clip) for clip in some]
    first = training_windows(some, crowd, extract, vad, WindowSettings(2, seed=1))
    again = training_windows(some, crowd, extract, vad, WindowSettings(2, seed=1))
    other = training_windows(some, crowd, extract, vad, WindowSettings(2, seed=2))
    np.testing.assert_array_equal(first.features, again.features)
    assert not np.array_equal(first.features, other.features)
    assert len(first.features) == len(some) * 3
    assert set(first.speakers) == {"emodb 13"}
    assert first.whole.tolist() == [True, False, False] * len(some)


def test_a_telephone_line_carries_300_to_3400_hz_at_its_own_level(voice: Samples) -> None:
    heard = telephone(voice, level_db=-30)
    power = np.abs(np.fft.rfft(heard)) ** 2
    frequency = np.fft.rfftfreq(len(heard), 1 / SAMPLE_RATE)
    assert power[frequency > 4000].sum() < 1e-3 * power.sum()
    assert level_db(heard) == pytest.approx(-30, abs=1)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("gain_control", [False, True])
def test_every_line_gives_back_as_many_samples_at_its_own_level(
    voice: Samples, codec: Codec, gain_control: bool
) -> None:
    heard = carried(voice, Line(codec, -30, gain_control, bit_rate=24_000), np.random.default_rng(0))
    assert heard.dtype == np.float32
    assert len(heard) == len(voice)
    assert level_db(heard) == pytest.approx(-30, abs=2)


@pytest.mark.parametrize("codec", ["mu-law", "a-law"])
def test_g711_keeps_a_tone_37_db_above_its_own_noise(codec: Codec) -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE) / SAMPLE_RATE + 0.1).astype(np.float32)
    for level in (-10.0, -30.0):
        sent, got = (carried(tone, Line(c, level), np.random.default_rng(0)) for c in ("none", codec))
        inner = slice(2000, -2000)
        spectrum = np.abs(np.fft.rfft(got[inner] * np.hanning(len(got[inner])))) ** 2
        peak = int(spectrum.argmax())
        tonal = spectrum[peak - 3 : peak + 4].sum()
        assert level_db(got[inner]) == pytest.approx(level_db(sent[inner]), abs=1)
        assert 10 * np.log10(tonal / (spectrum.sum() - tonal)) > 36


def test_gain_control_draws_loud_and_faint_together() -> None:
    loud = np.random.default_rng(0).standard_normal(SAMPLE_RATE * 4).astype(np.float32)
    heard = np.asarray(levelled(np.concatenate((loud, 0.1 * loud)), SAMPLE_RATE), np.float32)
    halves = [level_db(heard[start : start + SAMPLE_RATE]) for start in (3 * SAMPLE_RATE, 7 * SAMPLE_RATE)]
    assert halves[0] - halves[1] == pytest.approx(10, abs=1.5)


def test_packets_are_lost_in_the_share_that_is_asked_for() -> None:
    sound = np.ones(20 * 50_000, np.float32)
    heard = with_lost_packets(sound, 1000, 0.05, np.random.default_rng(0)).reshape(-1, 20)
    lost = heard[:, 0] < 1
    assert lost.mean() == pytest.approx(0.05, abs=0.005)
    assert lost.sum() / np.sum(lost[1:] & ~lost[:-1]) == pytest.approx(1.5, abs=0.1)


def test_noise_is_mixed_at_the_ratio_that_is_asked_for(voice: Samples) -> None:
    random = np.random.default_rng(0)
    for noise in (babble([voice, voice[::-1]], len(voice), random), line_noise(len(voice), random)):
        added = mixed(voice, noise, 15.0) - voice
        assert level_db(voice) - level_db(added) == pytest.approx(15, abs=0.01)


def test_a_room_adds_an_echo_that_dies_within_a_second() -> None:
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[100] = 1
    heard = in_a_room(click, np.random.default_rng(0))
    assert not heard[:100].any() or np.abs(heard[:100]).max() < 1e-6
    assert heard[100] == pytest.approx(1, abs=1e-5)
    assert -16 < level_db(heard[101:]) - level_db(heard[:101] * np.sqrt(101 / (len(heard) - 101))) < -2
    assert np.abs(heard[-4000:]).max() < 1e-3


def test_a_training_window_is_1_to_5_seconds_of_finite_samples(voice: Samples) -> None:
    random = np.random.default_rng(0)
    for _ in range(30):
        window = speech_window(np.resize(voice, to_samples(8.0)), [voice], random, Augmentation())
        assert 0.85 <= len(window) / SAMPLE_RATE <= 5.7
        assert window.dtype == np.float32
        assert np.isfinite(window).all()


def test_a_bad_line_is_the_same_for_the_same_seed(voice: Samples) -> None:
    once, again, other = (over_a_bad_line(voice, [voice], np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)


def test_the_shipped_model_takes_neither_noise_nor_music_for_speech(data: Path) -> None:
    model, random = OnnxTone(), np.random.default_rng(7)
    voices = [audio_of(clip) for clip in clips("emodb", "test")[:5]]
    empty = [not_speech(voices, random) for _ in range(40)]
    taken = [model.outputs(sound).speech > 0.5 for sound in empty]
    refused = [model.outputs(voice).speech < 0.5 or signal_to_noise_db(voice) < 6 for voice in voices]
    assert sum(taken) <= 1
    assert not any(refused)


def test_heads_tell_apart_what_can_be_told_apart() -> None:
    random = np.random.default_rng(0)
    emotions = np.repeat(["angry", "happy", "neutral"], 60)
    features = (np.repeat(np.eye(3), 60, axis=0) * 3 + random.normal(0, 1, (180, 3))).astype(np.float32)
    settings = heads.HeadSettings(inverse_penalty=1.0, ridge_penalty=1.0)
    one = np.full(180, "one")
    fitted = heads.fit(features, emotions, one, one, features - 10, settings)
    outputs = fitted.read(features)
    said = np.array(fitted.classes)[outputs.posterior.argmax(axis=1)]
    assert np.mean(said == emotions) > 0.9
    assert outputs.arousal[emotions == "angry"].mean() > outputs.arousal[emotions == "neutral"].mean() + 0.2
    assert outputs.valence[emotions == "happy"].mean() > outputs.valence[emotions == "angry"].mean() + 0.4
    assert outputs.speech.min() > 0.5 > fitted.read(features - 10).speech.max()


def test_calibration_makes_a_model_as_sure_as_it_is_right() -> None:
    random = np.random.default_rng(1)
    truth = random.choice(["angry", "neutral"], 2000)
    shown = np.where(random.random(2000) < 0.7, truth, np.where(truth == "angry", "neutral", "angry"))
    features = np.stack((shown == "angry", shown == "neutral"), axis=1).astype(np.float32)
    weight = np.concatenate((np.eye(2) * 9, np.zeros((2, 3))), axis=1, dtype=np.float32)
    overbearing = heads.Heads(("angry", "neutral"), weight, np.zeros(5, np.float32))
    calibrated = heads.calibrate(overbearing, features, truth)
    right = shown == truth
    assert calibration_error(overbearing.read(features).confidence, right) > 0.25
    assert calibration_error(calibrated.read(features).confidence, right) < 0.03


def test_calibration_error_is_the_gap_between_confidence_and_success() -> None:
    assert calibration_error([0.75] * 4, [1, 1, 1, 0]) == pytest.approx(0)
    assert calibration_error([1.0, 1.0, 0.55, 0.55], [1, 0, 1, 0]) == pytest.approx(0.275)


def test_heads_on_frozen_blocks_hear_anger_in_voices_never_heard(weights: Weights, data: Path) -> None:
    extract, vad = extractor(feature_model(weights, (1,))), load_vad()
    learnt = training_windows(clips("emodb", "train")[::6], [], extract, vad, WindowSettings(0))
    strangers = training_windows(clips("emodb", "test")[::6], [], extract, vad, WindowSettings(0))
    empty = windows_without_speech(voices_of(clips("emodb", "train")), extract, count=10, seed=0)
    anger = fit_windows(learnt, empty, heads.HeadSettings()).read(strangers.features).anger
    angry = strangers.emotions == "angry"
    assert roc_auc_score(angry, anger) > 0.9


@pytest.mark.parametrize("name", ["open", "research"])
def test_the_shipped_weights_never_heard_a_test_speaker(data: Path, name: str) -> None:
    record = json.loads(shipped(name).with_suffix(".json").read_text(encoding="utf-8"))
    heard = {*record["speakers"]["train"], *record["speakers"]["dev"]}
    assert heard
    tested = {voice_of(clip) for corpus in record["recipe"]["corpora"] for clip in clips(corpus, "test")}
    assert not heard & tested


def test_windows_without_speech_lend_only_the_spectrum(weights: Weights, data: Path) -> None:
    extract = extractor(feature_model(weights, (1,)))
    empty = windows_without_speech(voices_of(clips("emodb", "train")), extract, count=3, seed=0)
    assert empty.shape == (3, 2 * 384)
    assert np.isfinite(empty).all()


def test_without_corpora_evaluation_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALMLINE_DATA", str(tmp_path))
    with pytest.raises(NoCorporaError, match="CALMLINE_DATA"):
        clips_to_test()
    assert issubclass(NoCorporaError, CalmlineError)


def test_run_time_needs_neither_pytorch_nor_the_training_libraries() -> None:
    program = (
        "import sys, models.tone.onnx_tone, models.tone.clip, models.tone.customer_speech;"
        "print([name for name in ('torch', 'onnx', 'sklearn', 'librosa') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
