"""The tone of one recording as a whole, for a clip rather than a call.

In: 16 kHz float32 of one speaker, any length. Out: one `ToneReading`. Voice activity finds the speech, long silences
are cut out, what remains is read in consecutive windows of about 3 s, and the readings are pooled, the surer ones
counting more. Voice activity is more generous than in a call and short pauses stay: a clip is given as speech, and
shouting over a telephone is often taken for noise.
"""

from collections.abc import Sequence

import numpy as np

from audio.frame import Channel, Samples, to_samples
from audio.speech.turns import Turn, TurnEnded, TurnSettings, TurnTracker
from audio.speech.vad import Vad, VadModel
from models.tone.types import NoReading, ToneJob, ToneModel, ToneReading

TURNS = TurnSettings(onset=0.2, offset=0.1)
MARGIN_S = 0.4  # seconds kept around speech: how far a voice stands out of the room tells its effort
SHORTEST_S = 1.0  # seconds of speech
WINDOW_S = 3.0  # seconds that one reading rests on


def read_clip(model: ToneModel, vad: VadModel, samples: Samples) -> ToneReading:
    """One reading of a whole clip; `at` is its end. No reading where no window of it gives one."""
    turns = _turns(vad, samples)
    if sum(turn.duration for turn in turns) < to_samples(SHORTEST_S):
        return ToneReading(len(samples), NoReading.TOO_SHORT if turns else NoReading.NOT_SPEECH)
    readings = [model.read(ToneJob(len(samples), window)) for window in windows(_around(turns, samples))]
    sure = [reading for reading in readings if reading.reason is None]
    return _pooled(sure) if sure else readings[0]


def windows(speech: Samples) -> list[Samples]:
    """Consecutive windows of about 3 s, of one length; a single shorter one where there is less."""
    return np.array_split(speech, max(1, round(len(speech) / to_samples(WINDOW_S))))


def _turns(vad: VadModel, samples: Samples) -> list[Turn]:
    activity, tracker = Vad(vad), TurnTracker(Channel.CUSTOMER, TURNS)
    events = [event for voice in activity.feed(samples) for event in tracker.feed(voice)]
    return [event.turn for event in [*events, *tracker.flush(len(samples))] if isinstance(event, TurnEnded)]


def _around(turns: Sequence[Turn], samples: Samples) -> Samples:
    """The speech with its margins, joined."""
    kept = np.zeros(len(samples), dtype=bool)
    margin = to_samples(MARGIN_S)
    for turn in turns:
        kept[max(0, turn.start - margin) : turn.end + margin] = True
    return samples[kept]


def _pooled(readings: Sequence[ToneReading]) -> ToneReading:
    """Means weighted by confidence; of anger, the mean of its logits."""
    table = np.array([(r.anger, r.arousal, r.valence, r.confidence) for r in readings], dtype=np.float64)
    odds = np.clip(table[:, 0], 1e-6, 1 - 1e-6)
    table[:, 0] = np.log(odds / (1 - odds))
    anger, *others = (float(mean) for mean in np.average(table, axis=0, weights=table[:, 3]))
    return ToneReading(readings[0].at, None, float(1 / (1 + np.exp(-anger))), *others)
