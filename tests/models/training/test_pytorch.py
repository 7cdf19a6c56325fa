"""The exported graph against the same network written in PyTorch: samples to features, to 1e-4.

PyTorch is needed by nothing of ours, so this is skipped where it is not installed (`pip install torch`).
"""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the check against PyTorch needs torch")
pytest.importorskip("onnx", reason="training needs the extra `train`")

import librosa
import torch
from torch.nn import functional as f

from audio.frame import HOP, SAMPLE_RATE, Samples, to_samples
from models.training.data.corpora import clips
from models.training.data.windows import audio_of
from models.training.graph.tone_graph import MELS, N_FFT, OFFSET, RANGE_DB, extractor, feature_model
from models.training.graph.whisper_encoder import encoder_weights
from models.training.heads import Floats
from models.words.published import MODEL, WeightsMissingError
from models.words.weights import find_whisper

BLOCKS = (1, 2, 3)


@pytest.mark.parametrize("seconds", [1.0, 2.0, 3.3])
def test_the_exported_features_are_pytorchs(data: Path, seconds: float) -> None:
    try:
        weights = encoder_weights(find_whisper("tiny.en") / MODEL)
    except WeightsMissingError as missing:
        pytest.skip(str(missing))
    voice = np.resize(audio_of(clips("emodb", "test")[0]), to_samples(seconds))
    exported = extractor(feature_model(weights, BLOCKS, int8=False))(voice)
    reference = pytorch_features({name: torch.tensor(value) for name, value in weights.items()}, voice)
    np.testing.assert_allclose(exported, reference, atol=1e-4, rtol=1e-4)


def pytorch_features(w: dict[str, torch.Tensor], samples: Samples) -> Floats:
    """Whisper's encoder as it is published, its first blocks, pooled. [shape=(blocks * 2 * width,)]"""
    x = log_mel(samples)[None]
    x = f.gelu(f.conv1d(x, w["conv1/weight"], w["conv1/bias"], padding=1))
    x = f.gelu(f.conv1d(x, w["conv2/weight"], w["conv2/bias"], stride=2, padding=1)).transpose(1, 2)[0]
    width = x.shape[1]
    rates = torch.exp(-np.log(10_000) / (width // 2 - 1) * torch.arange(width // 2))
    angle = torch.arange(len(x))[:, None] * rates
    x = x + torch.cat((angle.sin(), angle.cos()), dim=1)
    pooled = []
    for layer in range(max(BLOCKS)):
        x = block({name.removeprefix(f"layer_{layer}/"): value for name, value in w.items()}, x)
        pooled += [x.mean(dim=0), x.std(dim=0, correction=0)]
    features: Floats = torch.cat(pooled).numpy()
    return features


def block(w: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Attention and feed-forward, each on the normed input and added to it. [shape=(time, width)]"""
    a, b = "self_attention/", "ffn/"
    width = x.shape[1]
    normed = f.layer_norm(x, (width,), w[a + "layer_norm/gamma"], w[a + "layer_norm/beta"])
    joint = f.linear(normed, w[a + "linear_0/weight"], w[a + "linear_0/bias"])
    query, key, value = joint.view(len(x), 3, width // 64, 64).permute(1, 2, 0, 3)
    heard = f.scaled_dot_product_attention(query, key, value).transpose(0, 1).reshape(len(x), width)
    x = x + f.linear(heard, w[a + "linear_1/weight"], w[a + "linear_1/bias"])
    normed = f.layer_norm(x, (width,), w[b + "layer_norm/gamma"], w[b + "layer_norm/beta"])
    inner = f.gelu(f.linear(normed, w[b + "linear_0/weight"], w[b + "linear_0/bias"]))
    return x + f.linear(inner, w[b + "linear_1/weight"], w[b + "linear_1/bias"])


def log_mel(samples: Samples) -> torch.Tensor:
    """Log-mel of samples brought to one level, by PyTorch's own transform. [shape=(MELS, time)]"""
    window = torch.hann_window(N_FFT)
    spectrum = torch.stft(torch.tensor(samples), N_FFT, HOP, window=window, return_complex=True)[:, :-1]
    mel = torch.tensor(librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=MELS)) @ spectrum.abs() ** 2
    log = (mel / mel.sum(dim=0).mean()).clamp(min=1e-12).log10()
    return log.clamp(min=float(log.max()) - RANGE_DB / 10) / 4 + OFFSET
