"""The heads: from pooled features to a class posterior, arousal, valence and "is this speech at all".

In: features [shape=(n, d)] with an emotion each. Out: `Heads`, one affine map that the ONNX graph carries. Linear
models with strong regularisation, because that is what transfers to voices never heard; standardisation and
temperature are folded into the weights. `Heads.read` is the numpy reference that the ONNX file is checked against.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression, Ridge

Floats = NDArray[np.float32]

# Pleasure and arousal, -1..1: Russell and Mehrabian, "Evidence for a three-factor theory of emotions", Journal of
# Research in Personality 11 (1977); "calm" is their "relaxed", neutral the origin.
PLEASURE_AROUSAL = {
    "angry": (-0.51, 0.59),
    "bored": (-0.65, -0.62),
    "calm": (0.68, -0.46),
    "disgust": (-0.60, 0.35),
    "fearful": (-0.64, 0.60),
    "happy": (0.81, 0.51),
    "neutral": (0.0, 0.0),
    "sad": (-0.63, -0.27),
    "surprised": (0.40, 0.67),
}


@dataclass(frozen=True, slots=True)
class HeadSettings:
    inverse_penalty: float = 0.001  # of the logistic regression of the classes, sklearn's C
    ridge_penalty: float = 30_000.0  # of arousal and valence, sklearn's alpha
    speech_inverse_penalty: float = 0.003
    speaker_mean: float = 0.8  # share of a speaker's own mean that is taken out in training


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the model says about each window. All [shape=(n,)] but the posterior."""

    posterior: Floats  # [shape=(n, classes)]
    anger: Floats
    arousal: Floats
    valence: Floats
    confidence: Floats
    speech: Floats


@dataclass(frozen=True, slots=True)
class Heads:
    """One affine map: the classes' logits, then arousal, valence and the logit of speech."""

    classes: tuple[str, ...]
    weight: Floats  # [shape=(d, classes + 3)]
    bias: Floats  # [shape=(classes + 3,)]

    @property
    def groups(self) -> Floats:
        """Which class belongs to angry, otherwise aroused, calm [shape=(classes, 3)]."""
        return np.eye(3, dtype=np.float32)[[group_of(name) for name in self.classes]]

    def read(self, features: Floats) -> Outputs:
        """The reference in numpy of what the ONNX graph computes."""
        results = features @ self.weight + self.bias
        count = len(self.classes)
        posterior = softmax(results[:, :count], axis=1)
        return Outputs(
            posterior=posterior,
            anger=posterior[:, self.classes.index("angry")],
            arousal=np.clip(results[:, count], 0, 1),
            valence=np.clip(results[:, count + 1], 0, 1),
            confidence=np.max(posterior @ self.groups, axis=1),
            speech=expit(results[:, count + 2]),
        )


def group_of(emotion: str) -> int:
    """0 angry, 1 otherwise aroused, 2 calm: what the confidence is about."""
    return 0 if emotion == "angry" else 1 if PLEASURE_AROUSAL[emotion][1] > 0 else 2


def fit(
    features: Floats,
    emotions: NDArray[np.str_],
    corpora: NDArray[np.str_],
    speakers: NDArray[np.str_],
    non_speech: Floats,
    settings: HeadSettings | None = None,
) -> Heads:
    """Fit all heads on windows of speech, whose emotion, corpus and speaker are known, and on windows without speech.

    Every corpus counts the same, and in a corpus every emotion. Features are standardised within each corpus, so that
    nothing is learnt of its line and room, and most of a speaker's own mean is taken out, so that little is learnt of
    the voice. A stranger is read as it comes, standardised with the corpora's mean.
    """
    settings = settings or HeadSettings()
    names = np.unique(corpora)
    means = {name: features[corpora == name].mean(axis=0) for name in names}
    deviations = {name: features[corpora == name].std(axis=0) + 1e-6 for name in names}
    x = np.empty_like(features)
    for name in names:
        x[corpora == name] = (features[corpora == name] - means[name]) / deviations[name]
    mean, deviation = (np.mean([part[name] for name in names], axis=0) for part in (means, deviations))
    _take_out_voices(x, emotions, speakers, settings.speaker_mean)
    share = _shares(emotions, corpora)
    classes = LogisticRegression(C=settings.inverse_penalty, max_iter=1000).fit(x, emotions, share)
    valence, arousal = (np.array([PLEASURE_AROUSAL[e] for e in emotions]).T + 1) / 2
    dimensions = Ridge(settings.ridge_penalty).fit(x, np.stack((arousal, valence), axis=1), share)
    both = np.concatenate(((features - mean) / deviation, (non_speech - mean) / deviation))
    is_speech = np.arange(len(both)) < len(x)
    speech = LogisticRegression(C=settings.speech_inverse_penalty, class_weight="balanced", max_iter=1000)
    speech.fit(both, is_speech)
    weight = np.concatenate((_rows(classes), dimensions.coef_, speech.coef_)).T / deviation[:, np.newaxis]
    bias = np.concatenate((_intercepts(classes), dimensions.intercept_, speech.intercept_)) - mean @ weight
    return Heads(tuple(classes.classes_), weight.astype(np.float32), bias.astype(np.float32))


def _take_out_voices(x: Floats, emotions: NDArray[np.str_], speakers: NDArray[np.str_], share: float) -> None:
    """Subtract, in place, a share of each speaker's mean, to which every emotion counts the same."""
    for speaker in np.unique(speakers):
        own = speakers == speaker
        means = [x[own & (emotions == emotion)].mean(axis=0) for emotion in np.unique(emotions[own])]
        x[own] -= share * np.mean(means, axis=0, dtype=np.float32)


def _shares(emotions: NDArray[np.str_], corpora: NDArray[np.str_]) -> NDArray[np.float64]:
    """What each window counts, 1 on average: every corpus the same, and every emotion in it."""
    cells, cell, count = np.unique(
        np.char.add(np.char.add(corpora, " "), emotions), return_inverse=True, return_counts=True
    )
    owners = np.array([name.split()[0] for name in cells])
    emotions_of = {name: np.sum(owners == name) for name in owners}
    share = np.array([1 / (emotions_of[owner] * n) for owner, n in zip(owners, count, strict=True)])[cell]
    return np.asarray(share * len(share) / share.sum())


def _rows(classes: LogisticRegression) -> NDArray[np.float64]:
    """A row of weights for each class, also of two, of which sklearn keeps one."""
    both: NDArray[np.float64] = classes.coef_
    return np.concatenate((-both, both)) / 2 if len(both) == 1 else both


def _intercepts(classes: LogisticRegression) -> NDArray[np.float64]:
    both: NDArray[np.float64] = classes.intercept_
    return np.concatenate((-both, both)) / 2 if len(both) == 1 else both


def calibrate(heads: Heads, features: Floats, emotions: NDArray[np.str_]) -> Heads:
    """Scale the classes' logits by one temperature so that the confidence is as high as its verdicts are right.

    The verdicts among angry, otherwise aroused, calm are compared with what held-out voices played.

    Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    count = len(heads.classes)
    logits = (features @ heads.weight + heads.bias)[:, :count]
    truth = np.array([group_of(emotion) for emotion in emotions])

    def surprise(log_scale: float) -> float:
        groups = softmax(logits * np.exp(log_scale), axis=1) @ heads.groups
        return -float(np.mean(np.log(groups[np.arange(len(truth)), truth] + 1e-9)))

    scale = np.ones(count + 3, np.float32)
    scale[:count] = np.exp(minimize_scalar(surprise, bounds=(-3, 3), method="bounded").x)
    return Heads(heads.classes, heads.weight * scale, heads.bias * scale)
