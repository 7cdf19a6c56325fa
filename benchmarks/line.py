"""The lines over which laid out calls come: as recorded, G.711, and a bad one.

In: the customer's channel, 16 kHz float32 [shape=(n,)], exactly zero where nobody speaks. Out: the same, as it would
arrive. One gain for a whole call, so an angry voice stays louder than a calm one; behind a bad line's voice people talk
without a pause.
"""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from audio.frame import Samples
from models.training.augment import BAD_LINE, BAD_SNR_DB
from models.training.line import carried, telephone
from models.training.noise import babble, mixed

HEADROOM = np.float32(0.5)  # on a call as recorded: raised voices stay below full scale


class Line(StrEnum):
    CLEAN = "as recorded"
    MU_LAW = "mu-law"
    BAD = "mu-law, 2 % loss, 15 dB babble"


def over_line(line: Line, samples: Samples, crowd: Sequence[Samples], random: np.random.Generator) -> Samples:
    """`samples` at the far end of the line. `crowd` are the voices that babble is made of."""
    if line is Line.CLEAN:
        return HEADROOM * samples
    if line is Line.MU_LAW:
        return telephone(samples)
    pauses_db = 10 * np.log10(np.mean(samples != 0))  # what silence takes off the mean power of the speech
    return carried(mixed(samples, babble(crowd, len(samples), random), BAD_SNR_DB + pauses_db), BAD_LINE, random)
