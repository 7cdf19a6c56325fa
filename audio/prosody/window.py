"""The prosody of the last seconds of speech, summed up.

In: the samples of one channel, with whether its speaker is speaking. Out: a `ProsodySummary` when asked for, every half
second of a call, and so it must be. Only then is anything measured, and only around speech: customers are silent most
of the time. State: what came since it was last asked, and the blocks of the last three seconds of speech. Pure.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audio.frame import SAMPLE_RATE, Samples, to_samples
from audio.prosody.blocks import BLOCK, LATE, Prosody, ProsodyBlock
from audio.prosody.pitch import Floats


@dataclass(frozen=True, slots=True)
class ProsodySummary:
    """What the last seconds of one speaker's speech sounded like. Medians over voiced hops."""

    speech: int  # samples of speech it rests on
    f0_hz: float  # median, 0 where nothing was voiced
    f0_range_st: float  # 10th to 90th percentile, semitones
    loudness_db: float  # median over speech, dB re full scale
    tilt_db: float
    harmonicity_db: float
    syllables_per_s: float  # of speech


@dataclass(frozen=True, slots=True)
class ProsodyWindowSettings:
    longest_s: float = 3.0  # seconds of speech summed up at most
    shortest_s: float = 1.0  # seconds of speech under which there is no summary
    memory_s: float = 10.0  # seconds of stream time after which speech is forgotten


class ProsodyWindow:
    """The last seconds of one speaker's speech, summed up when asked."""

    def __init__(self, settings: ProsodyWindowSettings | None = None) -> None:
        self._settings = settings or ProsodyWindowSettings()
        self._prosody = Prosody()
        self._waiting: list[Samples] = []  # since it was last asked
        self._fed = 0  # stream time
        self._end = 0  # stream time up to which it is known whether blocks are speech
        self._spoken: set[int] = set()  # where those of them begin that are, and are not measured yet
        self._summed: tuple[tuple[int, int], ProsodySummary] | None = None  # of the blocks from and to these starts
        self._blocks: deque[ProsodyBlock] = deque(maxlen=to_samples(self._settings.longest_s) // BLOCK)

    def feed(self, samples: Samples, speaking: bool) -> None:
        """Take the next samples, and whether the speaker is speaking at their end."""
        self._waiting.append(samples)
        self._fed += len(samples)
        while self._end + BLOCK + LATE <= self._fed:
            if speaking:
                self._spoken.add(self._end)
            self._end += BLOCK

    def summary(self) -> ProsodySummary | None:
        """The last speech, None where there was too little of it lately."""
        self._measure()
        oldest = self._end - to_samples(self._settings.memory_s)
        blocks = [block for block in self._blocks if block.start >= oldest]
        if len(blocks) * BLOCK < to_samples(self._settings.shortest_s):
            return None
        if self._summed is None or (blocks[0].start, blocks[-1].start) != self._summed[0]:
            self._summed = (blocks[0].start, blocks[-1].start), summarise(blocks)
        return self._summed[1]

    def _measure(self) -> None:
        samples, self._waiting = np.concatenate((*self._waiting, np.zeros(0, np.float32))), []
        if self._spoken:
            self._blocks += (block for block in self._prosody.feed(samples) if block.start in self._spoken)
            self._spoken.clear()
        else:
            self._prosody.pass_over(samples)


def summarise(blocks: Sequence[ProsodyBlock]) -> ProsodySummary:
    """Medians over blocks of one speaker's speech; at least one block."""
    f0, loudness, tilt, harmonicity = (
        np.concatenate([getattr(block, name) for block in blocks]) for name in ("f0", "loudness", "tilt", "harmonicity")
    )
    voiced = f0 > 0
    middle, f0_range = _pitch_range(f0[voiced])
    speech = len(blocks) * BLOCK
    return ProsodySummary(
        speech=speech,
        f0_hz=middle,
        f0_range_st=f0_range,
        loudness_db=float(np.median(loudness)),
        tilt_db=_median(tilt[voiced]),
        harmonicity_db=_median(harmonicity[voiced]),
        syllables_per_s=sum(int(block.syllable.sum()) for block in blocks) * SAMPLE_RATE / speech,
    )


def _pitch_range(f0: Floats) -> tuple[float, float]:
    """Median in Hz and 10th to 90th percentile in semitones, zeros where nothing was voiced.

    What lies outside 0.75 x the lower to 2.5 x the upper quartile is taken for an octave error: De Looze and Hirst's
    limits for a second pass over expressive speech ("Detecting changes in key and range", Speech Prosody 2008).
    """
    if not len(f0):
        return 0.0, 0.0
    lower, upper = np.percentile(f0, (25, 75))
    low, middle, high = np.percentile(f0[(f0 >= 0.75 * lower) & (f0 <= 2.5 * upper)], (10, 50, 90))
    return float(middle), float(12 * np.log2(high / low))


def _median(values: Floats) -> float:
    return float(np.median(values)) if len(values) else 0.0
