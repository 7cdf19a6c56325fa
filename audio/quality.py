"""Quality: whether a stretch of speech is good enough to be read. Pure functions on arrays.

In: 16 kHz float32 speech of a second or more. Out: the share of clipped samples, and a signal-to-noise estimate in dB.
"""

import numpy as np

from audio.frame import FRAME, Samples

FULL_SCALE = 0.98  # G.711 mu-law, the tightest of our sources, ends at 32124 / 32768


def clipped_share(samples: Samples) -> float:
    """Share of samples at full scale, 0..1; 0 for no samples."""
    return float(np.mean(np.abs(samples) >= FULL_SCALE)) if len(samples) else 0.0


def signal_to_noise_db(samples: Samples) -> float:
    """Loud frames against faint ones."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    power_db = 10 * np.log10(np.mean(np.square(frames), axis=1) + 1e-12)
    faint, loud = np.percentile(power_db, (10, 90))
    return float(loud - faint)
