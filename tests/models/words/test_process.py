"""Words in a process of their own: the same words, from a process that comes back, steps back and goes in time."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from sounds import hear
from utterances import jobs_of

import models.words.process as words_process
from audio.frame import SAMPLE_RATE
from models.words.process import STEP_BACK, WordsProcess
from models.words.published import WeightsMissingError
from models.words.types import WordsJob
from models.words.whisper import Whisper, WhisperError, WhisperSettings

HANG_S = 6.0  # besides twice the audio's length; enough for a decode on a busy machine

PROGRAM = """
from models.words.whisper import WhisperSettings
import models.words.process as words_process
from models.words.process import WordsProcess

if __name__ == "__main__":
    words = WordsProcess(WhisperSettings(model="tiny.en"))
    print(words.pid, flush=True)
    input()
"""


@pytest.fixture(scope="module")
def process(whisper: Whisper) -> WordsProcess:
    return WordsProcess(WhisperSettings(model="tiny.en"))


@pytest.fixture(scope="module")
def jobs(recorded_call: Path) -> list[WordsJob]:
    return jobs_of(hear(recorded_call)[1][: 20 * SAMPLE_RATE])[:8]


def test_it_gives_the_words_that_the_model_gives_here_whichever_thread_asks(
    whisper: Whisper, process: WordsProcess, jobs: list[WordsJob]
) -> None:
    here = [whisper.transcribe(job) for job in jobs]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(process.transcribe, jobs)) == here
    finals = [job for job in jobs if job.final]
    assert process.transcribe_all(finals) == [told for told in here if told.final]
    assert any(told.text for told in here)


def test_where_it_dies_it_is_begun_again_and_no_words_are_lost(process: WordsProcess, jobs: list[WordsJob]) -> None:
    before, pid = process.transcribe(jobs[-1]), process.pid
    psutil.Process(pid).kill()
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(process.transcribe, [jobs[-1]] * 4)) == [before] * 4
    assert process.pid != pid


@pytest.mark.usefixtures("whisper")
def test_where_it_hangs_it_is_killed_and_begun_again_and_no_words_are_lost(jobs: list[WordsJob]) -> None:
    process = WordsProcess(WhisperSettings(model="tiny.en", hang_s=HANG_S))
    final = next(job for job in jobs if job.final)
    before, hung = process.transcribe(final), process.pid
    os.kill(hung, signal.SIGSTOP)
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(process.transcribe, [final] * 3)) == [before] * 3
    assert process.pid != hung
    assert not psutil.pid_exists(hung) or psutil.Process(hung).status() == psutil.STATUS_ZOMBIE
    process.close()


@pytest.mark.usefixtures("whisper")
def test_a_job_that_hangs_it_twice_is_given_up_and_costs_the_next_one_nothing(
    jobs: list[WordsJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = WordsProcess(WhisperSettings(model="tiny.en", hang_s=HANG_S))
    final = min((job for job in jobs if job.final), key=lambda job: len(job.samples))
    before, answer = process.transcribe(final), words_process._answer

    def hanging(running: words_process._Running, question: Callable[[Any], Any], patience_s: float) -> Any:
        os.kill(running.process.pid, signal.SIGSTOP)
        return answer(running, question, patience_s)

    with monkeypatch.context() as patched:
        patched.setattr(words_process, "_answer", hanging)
        with pytest.raises(WhisperError, match="hung or ended again and again over one turn"):
            process.transcribe(final)
    assert process.transcribe(final) == before
    process.close()


@pytest.mark.usefixtures("whisper")
def test_where_it_is_killed_while_it_begins_again_and_over_the_same_job_no_words_are_lost(
    process: WordsProcess, jobs: list[WordsJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    final = min((job for job in jobs if job.final), key=lambda job: len(job.samples))
    before, answer, taken_over = process.transcribe(final), words_process._answer, words_process._taken_over
    over_the_job, beginning = iter([True, True]), iter([True, False, True, True])

    def answer_or_die(running: words_process._Running, question: Callable[[Any], Any], patience_s: float) -> Any:
        if next(over_the_job, False):
            running.process.kill()
        return answer(running, question, patience_s)

    def begin_or_die(manager: Any) -> Any:
        begun, end = taken_over(manager)
        if next(beginning, False):
            begun.kill()
        return begun, end

    monkeypatch.setattr(words_process, "_answer", answer_or_die)
    monkeypatch.setattr(words_process, "_taken_over", begin_or_die)
    assert process.transcribe(final) == before
    assert next(over_the_job, None) is None
    assert next(beginning, None) is None


@pytest.mark.usefixtures("whisper")
def test_closing_it_waits_for_nothing_and_tells_whoever_waits(jobs: list[WordsJob]) -> None:
    process = WordsProcess(WhisperSettings(model="tiny.en"))
    os.kill(process.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(process.transcribe, jobs[-1])
        process.close()
        with pytest.raises(WhisperError, match="closed"):
            asked.result()


@pytest.mark.skipif(not hasattr(os, "nice"), reason="processes are not nice here")
def test_ctrl_c_while_it_begins_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    before = {child.pid for child in multiprocessing.active_children()}
    monkeypatch.setattr(words_process, "_taken_over", interrupted)
    with pytest.raises(KeyboardInterrupt):
        WordsProcess(WhisperSettings(model="tiny.en"))
    assert {child.pid for child in multiprocessing.active_children()} <= before


def test_it_gives_way_to_sound_and_tone(process: WordsProcess) -> None:
    assert psutil.Process(process.pid).nice() == min(psutil.Process().nice() + STEP_BACK, 19)


def test_what_is_wrong_with_the_weights_is_said_as_it_is_said_here(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match=r"expected in .*model.bin is not there"):
        WordsProcess(WhisperSettings(model=str(tmp_path)))


@pytest.mark.usefixtures("whisper")
def test_a_language_that_the_weights_do_not_know_is_refused() -> None:
    with pytest.raises(WhisperError, match="know only en, and 'de' was asked for"):
        WordsProcess(WhisperSettings(model="tiny.en", language="de"))


@pytest.mark.usefixtures("whisper")
def test_it_ends_where_its_program_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, program], text=True, env=environment, **pipes) as running:
        assert running.stdout
        words = psutil.Process(int(running.stdout.readline()))
        running.send_signal(signal.SIGKILL)
    words.wait(30)
    assert not words.is_running()
