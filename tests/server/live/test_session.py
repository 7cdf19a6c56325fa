"""What a session makes of a call's steps: when it ends for silence, and how it goes on where a model fails."""

from itertools import islice
from pathlib import Path

import pytest
from msgspec import structs

from audio.frame import SAMPLE_RATE, STEREO
from audio.sources.files import open_recording
from models.tone.types import ToneJob, ToneReading
from models.words.types import WordsJob
from server.live.registry import Engine
from server.live.session import LiveSession, SessionOutput
from server.live.steps import Audio, Failure, Finish, Pause
from server.pipeline.continued import Continuation, ContinuedCore
from server.pipeline.core import Core
from server.protocol.calls import CallInfo, Layout
from server.protocol.events.call import NotedMessage, PausedMessage
from server.protocol.events.errors import ErrorMessage
from server.protocol.events.turns import TurnEndedMessage, TurnStartedMessage
from server.protocol.messages import NoteMessage

RATE = 8000
FRAME = 4  # bytes: a sample of two channels
SILENCE_ENDS_S = 5


@pytest.fixture(scope="module")
def talk(recorded_call: Path) -> bytes:
    """10 s of a real call, PCM16, which end in the middle of speech."""
    return b"".join(block.astype("<i2").tobytes() for block in islice(open_recording(recorded_call).blocks(1.0), 10))


def a_session(engine: Engine, call: CallInfo) -> LiveSession:
    core = Core(STEREO, engine.settings, engine.rules, engine.models.vad, live=True)
    return LiveSession(structs.replace(call, layout=Layout.AGENT_CUSTOMER, rate=RATE), core, None, SILENCE_ENDS_S)


def until_it_ends(session: LiveSession, pcm: bytes, block: int) -> list[SessionOutput]:
    outputs = list[SessionOutput]()
    for start in range(0, len(pcm), block):
        outputs += session.feed(Audio(pcm[start : start + block]))
        if session.finished:
            return outputs
    raise AssertionError("it did not end")


@pytest.mark.parametrize("frames", [777, RATE // 10, 9 * RATE])
def test_a_call_in_which_nobody_speaks_for_long_ends_at_the_same_place_however_it_was_cut(
    engine: Engine, call: CallInfo, talk: bytes, frames: int
) -> None:
    session = a_session(engine, call)
    outputs = until_it_ends(session, talk + bytes(FRAME * RATE * 60), frames * FRAME)
    turns = [it for it in outputs if isinstance(it, TurnEndedMessage)]
    assert len(turns) > 1
    assert SILENCE_ENDS_S <= session.now - max(turn.at for turn in turns) <= SILENCE_ENDS_S + 1.1
    assert session.now == pytest.approx(16, abs=0.021)  # the same whole second for every cut
    assert session.feed(Audio(talk)) == session.feed(Pause(0)) == session.feed(Finish()) == []


def test_a_call_that_begins_with_silence_ends_too_and_one_in_which_somebody_speaks_does_not(
    engine: Engine, call: CallInfo, talk: bytes
) -> None:
    session = a_session(engine, call)
    until_it_ends(session, bytes(FRAME * RATE * 6), FRAME * RATE // 10)
    assert session.now == pytest.approx(SILENCE_ENDS_S, abs=0.021)
    session = a_session(engine, call)
    outputs = session.feed(Audio((bytes(FRAME * RATE * 4) + talk) * 3))
    assert not session.finished
    assert any(isinstance(it, TurnStartedMessage) and it.at > 30 for it in outputs)


def test_a_call_that_is_gone_on_with_after_a_restart_ends_for_silence_too(engine: Engine, call: CallInfo) -> None:
    at, none = 100 * SAMPLE_RATE, dict.fromkeys(STEREO, 0)
    before = Continuation(at, at, at, turns=none, open={}, wordless=[], quiet_until=none)
    core = ContinuedCore(Core(STEREO, engine.settings, engine.rules, engine.models.vad, live=True), before)
    session = LiveSession(structs.replace(call, layout=Layout.AGENT_CUSTOMER, rate=RATE), core, None, SILENCE_ENDS_S)
    until_it_ends(session, bytes(FRAME * RATE * 60), FRAME * RATE // 10)
    assert session.now == pytest.approx(100 + SILENCE_ENDS_S, abs=0.021)


def test_a_pause_completes_what_was_said_before_it(engine: Engine, call: CallInfo, talk: bytes) -> None:
    session = a_session(engine, call)
    before = session.feed(Audio(talk))
    started = sum(isinstance(it, TurnStartedMessage) for it in before)
    *rest, paused = session.feed(Pause(frame=10 * RATE))
    assert paused == PausedMessage(session.now, 10 * RATE)
    assert started == sum(isinstance(it, TurnEndedMessage) for it in [*before, *rest])


def test_a_note_about_what_lies_ahead_belongs_to_now(engine: Engine, call: CallInfo) -> None:
    session = a_session(engine, call)
    session.feed(Audio(bytes(FRAME * RATE)))
    assert session.feed(NoteMessage(1000.0, "hiss")) == [NotedMessage(session.now, "hiss")]


def test_a_model_that_fails_again_and_again_is_told_once_until_it_works(
    engine: Engine, call: CallInfo, talk: bytes
) -> None:
    session = a_session(engine, call)
    outputs = session.feed(Audio(talk)) + session.feed(Finish())
    jobs = [it for it in outputs if isinstance(it, ToneJob) or (isinstance(it, WordsJob) and it.final)]
    told = [it for job in jobs for it in session.feed(Failure(job, RuntimeError("broken")))]
    errors = [it.text for it in told if isinstance(it, ErrorMessage)]
    assert len(errors) == 2
    assert all("broken. The call goes on without that" in text for text in errors)


def test_a_model_that_fails_now_and_then_is_told_once_a_minute(engine: Engine, call: CallInfo, talk: bytes) -> None:
    session, errors = a_session(engine, call), list[float]()
    for _ in range(14):
        for job in session.feed(Audio(talk)):
            if isinstance(job, ToneJob):
                told = session.feed(Failure(job, RuntimeError("broken")))
                errors += [session.now for it in told if isinstance(it, ErrorMessage)]
                session.feed(ToneReading(job.at))
    assert [round(at, -1) for at in errors] == [10, 70, 130]
