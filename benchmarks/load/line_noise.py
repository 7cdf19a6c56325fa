"""The lines over which laid out calls come: as recorded, G.711, and a bad one.

In: the customer's channel, 16 kHz float32 [shape=(n,)], exactly zero where nobody speaks. Out: the same, as it would
arrive. One gain for a whole call, so an angry voice stays louder than a calm one; behind a bad line's voice people talk
without a pause, as loud as they were when the customer was calm.
"""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from audio.frame import Samples
from models.training.data.augment import BAD_LINE, BAD_SNR_DB
from models.training.data.line import carried, root_mean_square, telephone
from models.training.data.noise import babble, mixed

HEADROOM = np.float32(0.5)  # on a call as recorded: raised voices stay below full scale


class Line(StrEnum):
    CLEAN = "as recorded"
    MU_LAW = "mu-law"
    BAD = "mu-law, 2 % loss, 15 dB babble"


def over_line(
    line: Line, samples: Samples, usual: Samples, crowd: Sequence[Samples], random: np.random.Generator
) -> Samples:
    """`samples` at the far end of the line.

    `crowd` are the voices that babble is made of. It is 15 dB under the voice as in `usual`, and as loud to the end.
    """
    if line is Line.CLEAN:
        return HEADROOM * samples
    if line is Line.MU_LAW:
        return telephone(samples)
    louder_db = 20 * np.log10(root_mean_square(samples) / root_mean_square(usual[usual != 0]))
    behind = babble(crowd, len(samples), random)
    return carried(mixed(samples, behind, BAD_SNR_DB + louder_db), BAD_LINE, random)
