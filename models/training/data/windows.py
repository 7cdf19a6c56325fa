"""Windows of labelled speech and their features: what the heads are fitted to.

In: clips of the corpora. Out: `Windows`, the pooled features of many windows, each with its emotion and speaker. Every
clip draws from a generator seeded by its own place, so the windows depend on the seed and nothing else. About 10 ms a
window on one core.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from faster_whisper.audio import decode_audio
from numpy.typing import NDArray

from audio.frame import SAMPLE_RATE, Channel, Samples, to_samples
from audio.speech.turns import TurnTracker
from audio.speech.vad import WINDOW, Vad, VadModel
from models.training.data.augment import Augmentation, speech_window
from models.training.data.corpora import Clip
from models.training.data.not_speech import not_speech
from models.training.heads import Floats

Extractor = Callable[[Samples], Floats]


@dataclass(frozen=True, slots=True)
class WindowSettings:
    copies: int  # augmented windows of each clip
    seed: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True, slots=True)
class Windows:
    features: Floats  # [shape=(n, d)]
    emotions: NDArray[np.str_]  # [shape=(n,)]
    speakers: NDArray[np.str_]  # [shape=(n,)], "corpus speaker", as `voice_of` names them
    corpora: NDArray[np.str_]  # [shape=(n,)]
    whole: NDArray[np.bool_]  # [shape=(n,)], a clip as it is, not a changed window of it

    def where(self, chosen: NDArray[np.bool_]) -> "Windows":
        return Windows(*(getattr(self, column.name)[chosen] for column in fields(self)))

    def of(self, speakers: Collection[str]) -> "Windows":
        return self.where(np.isin(self.speakers, list(speakers)))


def voice_of(clip: Clip) -> str:
    """A speaker's name among those of all corpora."""
    return f"{clip.corpus} {clip.speaker}"


def audio_of(clip: Clip) -> Samples:
    """[shape=(n,)], 16 kHz."""
    samples: Samples = decode_audio(str(clip.path), sampling_rate=SAMPLE_RATE)
    return samples


def training_windows(
    clips: Sequence[Clip], crowd: Sequence[Samples], extract: Extractor, vad: VadModel, settings: WindowSettings
) -> Windows:
    """Each clip whole, and windows of it through augmentation, half of them with the silence cut out.

    The crowd's voices are what babble is made of.
    """
    rows = []
    for index, clip in enumerate(clips):
        random = np.random.default_rng([settings.seed, index])
        whole = audio_of(clip)
        voiced = voiced_part(vad, whole)
        voiced = voiced if len(voiced) >= to_samples(1.0) else whole
        rows.append((clip, True, extract(whole)))
        for copy in range(settings.copies):
            window = speech_window((whole, voiced)[copy % 2], crowd, random, settings.augmentation)
            rows.append((clip, False, extract(window)))
    return Windows(
        np.stack([features for _, _, features in rows]),
        np.array([clip.emotion for clip, _, _ in rows]),
        np.array([voice_of(clip) for clip, _, _ in rows]),
        np.array([clip.corpus for clip, _, _ in rows]),
        np.array([whole for _, whole, _ in rows]),
    )


def joined(parts: Sequence[Windows]) -> Windows:
    return Windows(*(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Windows)))


def voiced_part(vad: VadModel, samples: Samples) -> Samples:
    """The voiced windows of a clip, joined: what a live call gives the tone model."""
    ears, turns = Vad(vad), TurnTracker(Channel.CUSTOMER)
    speaking = []
    for voice in ears.feed(samples):
        turns.feed(voice)
        speaking.append(turns.speaking)
    blocks = samples[: len(speaking) * WINDOW].reshape(-1, WINDOW)
    voiced: Samples = blocks[np.array(speaking, dtype=bool)].reshape(-1)
    return voiced


def windows_without_speech(voices: Sequence[Samples], extract: Extractor, count: int, seed: int) -> Floats:
    """Features of noise, tones and music [shape=(count, d)]; the voices lend their spectrum to speech-shaped noise."""
    random = np.random.default_rng([seed, len(voices)])
    return np.stack([extract(not_speech(voices, random)) for _ in range(count)])


def voices_of(clips: Sequence[Clip], count: int = 20) -> list[Samples]:
    """The sound of some of the clips, evenly spread."""
    return [audio_of(clip) for clip in clips[:: max(1, len(clips) // count)]]
