"""Admission: how many calls one machine follows with words, and what happens to those beyond.

Words are by far the most of a call's work, so the number follows from the time of one decode, measured on this machine
when the server starts; a setting may say otherwise. Sound, tone and alerts cost a thirtieth of a core and go on where
words cannot.
"""

import os
from enum import StrEnum
from time import perf_counter

import numpy as np

from audio.frame import Channel, to_samples
from audio.speech.turns import Turn
from models.words.types import WordsJob, WordsModel

# Set somewhat below what `calmline bench capacity` found on two cores, 16 calls with tiny.en and 12 with base: about 14
# and 8, since a machine has slower hours.
TURNS_PER_S = 0.26  # final decodes a second of a call, as in a support call of 245 s; as many where both speak 45 %
WITH_TEXT = 3.3  # processor time of words against final decodes of silence: those with text take 2.7 times as long
SOUND = 0.035  # cores for the rest of a call, its messages and its page included
SHARE = 0.95  # of the machine that calls may take


class OverloadPolicy(StrEnum):
    """What becomes of a new call where as many run as the machine carries."""

    REFUSE = "refuse"
    TONE_ONLY = "tone_only"


def measured_capacity(words: WordsModel) -> int:
    """How many calls with words this machine carries: final words in time, partial ones as there is room."""
    silence = np.zeros(to_samples(4), np.float32)
    job = WordsJob(len(silence), Turn(Channel.AGENT, 0, 0, len(silence)), True, silence, 0)
    decode = WITH_TEXT * min(_seconds(words, job) for _ in range(2))
    return max(1, int(SHARE * (os.cpu_count() or 1) / (TURNS_PER_S * decode + SOUND)))


def _seconds(words: WordsModel, job: WordsJob) -> float:
    began = perf_counter()
    words.transcribe(job)
    return perf_counter() - began
