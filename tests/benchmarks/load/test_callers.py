"""Calls that benchmarks put on a server: they last as long as they should, and all that is told of them is counted."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from audio.frame import SAMPLE_RATE
from audio.speech.vad import load_vad
from benchmarks.calls import DEMO_CALL, load_call
from benchmarks.load.callers import BLOCK, Load, found_by_sound, pcm_of, sent
from benchmarks.load.soak import Curve, slope
from coach.rules import load_rules
from coach.types import Kind
from models.tone.onnx_tone import OnnxTone
from models.words.types import Transcript, Word, WordsJob
from server.app import ServerSettings
from server.live.registry import Engine
from server.pipeline.core import CoreSettings
from server.pipeline.models import Models
from server.protocol.events.cues import DetectionMessage
from server.protocol.events.tone import EvidenceMessage
from server.serve import serving


class Parrot:
    """A words model that always hears the same word."""

    def transcribe(self, job: WordsJob) -> Transcript:
        return Transcript(job.at, job.turn, job.final, (Word("hello", job.turn.start, job.turn.end, 1.0),))

    def transcribe_all(self, jobs: Sequence[WordsJob]) -> list[Transcript]:
        return [self.transcribe(job) for job in jobs]


async def test_a_call_is_sent_followed_and_ended_and_no_turn_goes_without_words(tmp_path: Path) -> None:
    engine = Engine(Models(load_vad(), OnnxTone(), None), load_rules(), CoreSettings())
    engine = replace(engine, models=replace(engine.models, words=Parrot()))
    with serving(ServerSettings(port=0, data_folder=str(tmp_path)), engine) as address:
        customer = pcm_of([load_call(DEMO_CALL)])[5 * 4 * SAMPLE_RATE : 12 * 4 * SAMPLE_RATE]
        load = Load(address.replace("http", "ws", 1), customer)
        await (await load.begin(4.0))
    assert load.sent_s == pytest.approx(4.0)
    assert len(load.started) == len(load.said) == len(load.delays.finals) > 0
    assert (load.lost, load.dropped, load.delays.errors) == (0, 0, 0)
    assert load.delays.tone
    assert load.delays.partials > 0


@pytest.mark.parametrize(("at", "after"), [(0.1, 0.1), (0.12, 0.2), (0.2, 0.2), (2.5, 2.5), (2.51, 2.6)])
def test_a_sample_is_sent_with_the_block_that_it_completes(at: float, after: float) -> None:
    assert BLOCK == SAMPLE_RATE / 10
    assert sent(at) == pytest.approx(after)


def test_memory_is_judged_once_it_has_warmed_up() -> None:
    curve = Curve([0.1, 0.2, 0.5, 1.0, 1.5], [300, 380, 400, 401, 402], [9] * 5, [9] * 5)
    assert slope(curve, 0.5) == pytest.approx(2.0)
    assert slope(curve, 1.5) is None


def test_an_escalation_that_words_found_did_not_need_sound_only() -> None:
    def found(rule: str, *reasons: str) -> DetectionMessage:
        return DetectionMessage(
            1.0, rule, Kind.WARN, "", "", [EvidenceMessage(name, "", 1.0, 0.0, 1.0) for name in reasons]
        )

    assert found_by_sound(found("customer_escalating", "tone", "loudness"))
    assert found_by_sound(found("talking_over", "talk_over"))
    assert not found_by_sound(found("customer_escalating", "tone", "words"))
    assert not found_by_sound(found("dead_air", "silence"))
