"""The core by its two doors: what it keeps, what it tells at the end, and that arrival changes only what is shown."""

from collections.abc import Sequence

import pytest
from sounds import hear

from audio.frame import FRAME, MONO, STEREO, Channel, Samples, to_samples
from audio.speech.turns import Overlap, TurnEnded
from audio.speech.vad import load_vad
from coach.rules import load_rules
from coach.types import Cue, Detection, Dynamics, JudgedTrend, ShownTrend
from models.tone.onnx_tone import OnnxTone
from models.tone.types import ToneJob
from models.words.types import Transcript, Word, WordsJob
from server.demo import DEMO_CALL
from server.pipeline.core import Core, CoreSettings, Output

ANGRY = "this is ridiculous I want to cancel get me a manager"


@pytest.fixture(scope="module")
def sound() -> Sequence[Samples]:
    """The first minute of the demo call, agent and customer."""
    return [channel[: to_samples(60)] for channel in hear(DEMO_CALL)]


def a_core(layout: tuple[Channel, ...] = STEREO, live: bool = True) -> Core:
    return Core(layout, CoreSettings(), load_rules(), load_vad(), live)


def said(job: WordsJob, text: str = ANGRY) -> Transcript:
    """Every turn says the same."""
    words = text.split()
    each = job.turn.duration // len(words)
    start = job.turn.start
    spoken = tuple(Word(word, start + k * each, start + (k + 1) * each, 0.9) for k, word in enumerate(words))
    return Transcript(job.at, job.turn, job.final, spoken)


def followed(sound: Sequence[Samples], words_after: int) -> list[Output]:
    """All outputs of a live call whose words come `words_after` blocks of half a second after they were asked for."""
    core, tone, outputs, waiting = a_core(), OnnxTone(), list[Output](), list[tuple[int, WordsJob]]()

    def take(new: list[Output]) -> None:
        outputs.extend(new)
        for job in new:
            if isinstance(job, ToneJob):
                take(core.answer(tone.read(job)))
            elif isinstance(job, WordsJob) and job.final:
                waiting.append((block + words_after, job))

    for block in range(0, len(sound[0]) // to_samples(0.5)):
        for channel, samples in zip(STEREO, sound, strict=True):
            take(core.feed(channel, samples[block * to_samples(0.5) : (block + 1) * to_samples(0.5)]))
        while waiting and waiting[0][0] <= block:
            take(core.answer(said(waiting.pop(0)[1])))
    take(core.flush())
    while waiting:
        take(core.answer(said(waiting.pop(0)[1])))
    assert core.waiting == 0
    return outputs


def test_what_is_stored_does_not_depend_on_when_words_come_and_what_was_shown_stands_beside_it(
    sound: Sequence[Samples],
) -> None:
    at_once, late = followed(sound, 0), followed(sound, 20)

    def trends(outputs: list[Output]) -> list[JudgedTrend]:
        return [it for it in outputs if isinstance(it, JudgedTrend)]

    assert [it.trend for it in trends(at_once)] == [it.trend for it in trends(late)]
    assert sorted((it.at, it.rule) for it in at_once if isinstance(it, Detection)) == sorted(
        (it.at, it.rule) for it in late if isinstance(it, Detection)
    )
    shown = [it.trend for it in late if isinstance(it, ShownTrend)]
    assert [it.shown for it in trends(late)] == shown
    assert [it.shown for it in trends(at_once)] != shown  # ten seconds without words look different


def test_without_anybody_watching_cues_belong_to_the_stream_time_of_their_detections(sound: Sequence[Samples]) -> None:
    core, tone = a_core(live=False), OnnxTone()
    outputs: list[Output] = []
    for channel, samples in zip(STEREO, sound, strict=True):
        outputs += core.feed(channel, samples)
    outputs += core.flush()
    assert not [job for job in outputs if isinstance(job, WordsJob) and not job.final]
    for job in [job for job in outputs if isinstance(job, WordsJob)]:
        outputs += core.answer(said(job))
    for job in [job for job in outputs if isinstance(job, ToneJob)]:
        outputs += core.answer(tone.read(job))
    cues = [it for it in outputs if isinstance(it, Cue)]
    assert cues
    assert [cue.at for cue in cues] == sorted(cue.detection.at for cue in cues)
    assert not [it for it in outputs if isinstance(it, ShownTrend)]


def test_a_mixed_call_keeps_no_transcript(sound: Sequence[Samples]) -> None:
    core = a_core(MONO)
    finals = [job for job in core.feed(Channel.MIXED, sound[0]) if isinstance(job, WordsJob) and job.final]
    assert len(finals) > 2
    for job in finals:
        assert [type(it) for it in core.answer(said(job))] == [Transcript]
    assert core.waiting == 0
    assert core.held == 0


def test_a_talk_over_that_is_open_when_the_call_ends_is_told(sound: Sequence[Samples]) -> None:
    agent, outputs, core = sound[0], list[Output](), a_core()
    talk = max((agent[k : k + to_samples(2)] for k in range(0, to_samples(50), FRAME)), key=lambda it: abs(it).sum())
    for channel in STEREO:
        outputs += core.feed(channel, talk)
    before = [it for it in outputs if isinstance(it, Overlap)]
    outputs = core.flush()
    (overlap,) = [it for it in outputs if isinstance(it, Overlap)]
    assert not before
    assert overlap.end <= core.now
    assert len([it for it in outputs if isinstance(it, TurnEnded)]) == 2
    assert isinstance([it for it in outputs if isinstance(it, Overlap | Dynamics)][-1], Dynamics)
