"""Words jobs as calls make them: samples through voice activity, turns and the utterance cutter."""

from audio.frame import FRAME, Channel, Samples
from audio.history import History
from audio.turns import Turn, TurnTracker
from audio.vad import Vad, load_vad
from models.words.decode_requests import DecodeRequests, DecodeRequestSettings
from models.words.types import WordsJob

ROOM = 3_200  # samples, 0.2 s


def listen(samples: Samples, frame: int = FRAME) -> list[WordsJob]:
    """Every job that one channel's samples lead to, heard `frame` samples at a time."""
    vad, tracker, history = Vad(load_vad()), TurnTracker(Channel.MIXED), History(25)
    cutter, jobs = DecodeRequests(DecodeRequestSettings(), history), list[WordsJob]()
    for start in range(0, len(samples), frame):
        history.append(samples[start : start + frame])
        jobs += [
            job for v in vad.feed(samples[start : start + frame]) for e in tracker.feed(v) for job in cutter.feed(e)
        ]
        jobs += cutter.tick(history.end)
    return jobs + [job for event in tracker.flush(len(samples)) for job in cutter.feed(event)]


def whole(samples: Samples, start: int = 0) -> WordsJob:
    """A final job for samples that are one turn with room around it, whatever is in them."""
    turn = Turn(Channel.MIXED, 0, start + ROOM, start + len(samples) - ROOM)
    return WordsJob(turn.end, turn, True, samples, start)
