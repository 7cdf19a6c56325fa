"""What known feature extractors cost for the same audio as our prosody: openSMILE's eGeMAPSv02 and librosa.

Each hears a whole channel at once, which is their best case: ours hears 20 ms at a time. Not the same features:
openSMILE gives 25 low-level descriptors a hop (pitch, loudness, jitter, formants and more), librosa is asked for the
nearest to ours (pYIN's pitch and voicing, RMS, spectral centroid). openSMILE's licence allows research and evaluation
only, so it comes with the extra `bench`, and nothing that Calmline does needs it.
"""

from collections.abc import Callable
from importlib.util import find_spec
from time import process_time

import librosa

from audio.frame import FRAME, HOP, SAMPLE_RATE, Samples
from audio.prosody.pitch import HIGHEST, LOWEST, NFFT

OPENSMILE = "openSMILE eGeMAPSv02"
LIBROSA = "librosa pYIN, RMS, centroid"
ABSENT = "not installed: pip install 'calmline[bench]'"


def peer_costs(samples: Samples) -> dict[str, float | str]:
    """Microseconds of processor time per 20 ms of one channel [shape=(n,)], or why there is no figure."""
    costs: dict[str, float | str] = {LIBROSA: _cost(_librosa, samples)}
    costs[OPENSMILE] = _cost(_opensmile(), samples) if find_spec("opensmile") else ABSENT
    return costs


def _cost(extract: Callable[[Samples], object], samples: Samples) -> float:
    extract(samples[:SAMPLE_RATE])  # compiles, loads
    began = process_time()
    extract(samples)
    return round(1e6 * (process_time() - began) * FRAME / len(samples), 1)


def _librosa(samples: Samples) -> None:
    librosa.pyin(samples, fmin=LOWEST, fmax=HIGHEST, sr=SAMPLE_RATE, frame_length=NFFT, hop_length=HOP)
    librosa.feature.rms(y=samples, frame_length=NFFT, hop_length=HOP)
    librosa.feature.spectral_centroid(y=samples, sr=SAMPLE_RATE, n_fft=NFFT, hop_length=HOP)


def _opensmile() -> Callable[[Samples], object]:
    import opensmile

    levels = opensmile.FeatureLevel.LowLevelDescriptors
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, levels)
    return lambda samples: smile.process_signal(samples, SAMPLE_RATE)
