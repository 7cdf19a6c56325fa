"""Quality: whether a stretch of speech is good enough to be read.

In: 16 kHz float32 speech, silence cut out. Out: the share of clipped samples, and an estimate of the signal-to-noise
ratio in dB. Pure functions on arrays, 0.3 ms for 3 s.
"""

import numpy as np

from audio.frame import FRAME, Samples

FULL_SCALE = 0.98  # G.711 mu-law, the tightest of our sources, ends at 32124 / 32768
LEAST_POWER = 1e-12  # -120 dB re full scale


def clipped_share(samples: Samples) -> float:
    """Share of samples at full scale, 0..1; 0 for no samples."""
    return float(np.mean(np.abs(samples) >= FULL_SCALE)) if len(samples) else 0.0


def signal_to_noise_db(samples: Samples) -> float:
    """Signal-to-noise ratio of a second of speech or more, within 4 dB up to 15 dB; above that it only says "good".

    Noise fills the faint moments of speech, so its level shows in how far the loud frames stand above the faint ones
    (as in NIST's STNR, from 20 ms frames). The line from that to dB was fitted on the training speakers of EmoDB and
    RAVDESS, 3 s each, in white, brown and babble noise at 0 to 20 dB, wide band and through an 8 kHz mu-law line.
    """
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    level_db = 10 * np.log10(np.maximum(np.mean(np.square(frames), axis=1), LEAST_POWER))
    faint, loud = np.percentile(level_db, (10, 90))
    return float(1.5 * (loud - faint) - 10.5)
