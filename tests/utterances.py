"""Words jobs as calls make them: samples through voice activity, turns and both stages that cut jobs."""

import numpy as np

from audio.frame import FRAME, Channel, Samples
from audio.speech.history import History
from audio.speech.turns import Turn, TurnEnded, TurnStarted, TurnTracker
from audio.speech.vad import Vad, load_vad
from models.words.decode_requests import DecodeRequests
from models.words.partial_words import PartialWords, PartialWordsSettings
from models.words.types import WordsJob

ROOM = 3_200  # samples, 0.2 s


def jobs_of(samples: Samples, frame: int = FRAME) -> list[WordsJob]:
    """Every job that one channel's samples lead to, fed `frame` samples at a time."""
    vad, tracker, history = Vad(load_vad()), TurnTracker(Channel.MIXED), History(25)
    requests, partials, jobs = DecodeRequests(history), PartialWords(PartialWordsSettings(), history), list[WordsJob]()
    for start in range(0, len(samples), frame):
        history.append(samples[start : start + frame])
        events = [event for voice in vad.feed(samples[start : start + frame]) for event in tracker.feed(voice)]
        partials.feed(events)
        jobs += [requests.feed(event) for event in events if isinstance(event, TurnEnded)]
        jobs += partials.due(history.end)
    return jobs + [requests.feed(event) for event in tracker.flush(len(samples)) if isinstance(event, TurnEnded)]


def whole(samples: Samples, start: int = 0) -> WordsJob:
    """A final job for samples that are one turn with room around it, whatever is in them."""
    turn = Turn(Channel.MIXED, 0, start + ROOM, start + len(samples) - ROOM)
    return WordsJob(turn.end, turn, True, samples, start)


def ramp(samples: int) -> History:
    """A history in which every sample tells its own stream time."""
    history = History(25)
    history.append(np.arange(samples, dtype=np.float32))
    return history


def covers(job: WordsJob) -> tuple[int, int]:
    """The stream time that the samples of a job over a ramp come from."""
    assert np.array_equal(job.samples, np.arange(job.samples_start, job.samples_start + len(job.samples)))
    return job.samples_start, job.samples_start + len(job.samples)


def started(start: int, index: int = 0) -> TurnStarted:
    return TurnStarted(start + 1_600, Channel.CUSTOMER, index, start)


def ended(start: int, end: int, index: int = 0, cut: bool = False) -> TurnEnded:
    return TurnEnded(end + 9_600, Turn(Channel.CUSTOMER, index, start, end), cut)
