"""A batch: every file gets its line, whatever is wrong with it, with its name, with the disk or with us."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import pytest
import soundfile
from sounds import hear

from audio.frame import SAMPLE_RATE, Samples, to_samples
from audio.speech.vad import load_vad
from coach.rules import load_rules
from models.tone.types import ToneModel
from server.demo import DEMO_CALL
from server.live.registry import Engine
from server.offline.batch import Batch, Outcome, analyze_files
from server.offline.clips import read_files
from server.pipeline.core import CoreSettings
from server.pipeline.models import Models
from server.store.store import Store

NAMES = [b"K\xfcndigung.wav", b"line\nbreak.wav", b"\x1b[2J.wav", b"  .wav", b"a" * 240 + b".wav", "電話.wav".encode()]


def written(path: Path) -> Path:
    soundfile.write(
        os.fsencode(path),
        np.random.default_rng(0).normal(0, 0.1, (SAMPLE_RATE, 2)).clip(-1, 1),
        SAMPLE_RATE,
        format="WAV",
    )
    return path


def run(engine: Engine, store: Store, batch: Batch) -> list[Outcome]:
    said: list[object] = []
    outcomes = list(analyze_files(engine, store, batch, said.append))
    for outcome in outcomes:
        assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome
    for text in said:
        assert len(str(text).splitlines()) == 1
        str(text).encode()
    return outcomes


def test_file_names_of_any_bytes_are_analysed_and_their_calls_can_be_listed(
    tmp_path: Path, engine: Engine, store: Store
) -> None:
    (tmp_path / "calls").mkdir()
    for name in NAMES:
        written(tmp_path / "calls" / os.fsdecode(name))
    outcomes = run(engine, store, Batch([tmp_path / "calls"], tmp_path / "out", "Kim"))
    assert [outcome.status for outcome in outcomes] == ["ok"] * len(NAMES)
    titles = [call.title or "" for call in store.calls(50)]
    assert len(titles) == len(NAMES)
    assert {"Kündigung", "line break", "電話", "a" * 200} <= set(titles)
    assert all(title.strip() and title.isprintable() for title in titles)


BAD: list[tuple[str, Callable[[Path], object]]] = [
    ("gone.wav", lambda path: None),
    ("text.wav", lambda path: path.write_text("not audio")),
    ("empty.wav", lambda path: path.touch()),
    ("a" * 300, lambda path: None),
    ("folder", lambda path: (path.mkdir(), (path / "notes.txt").touch())),
    ("cut.flac", lambda path: path.write_bytes(written(path).read_bytes()[:40])),
    ("blocked.wav", lambda path: (written(path), (path.parent / "out").mkdir(), (path.parent / "out/blocked").touch())),
]


@pytest.mark.parametrize(("name", "make"), BAD, ids=[name[:12] for name, _ in BAD])
def test_the_batch_goes_on_after_a_bad_file(
    tmp_path: Path, engine: Engine, store: Store, name: str, make: Callable[[Path], object]
) -> None:
    make(tmp_path / name)
    good = written(tmp_path / "good.wav")
    bad, after = run(engine, store, Batch([tmp_path / name, good], tmp_path / "out", "Kim"))
    assert bad.status.endswith(".")
    assert after.status == "ok"


@pytest.fixture
def speech(tmp_path: Path) -> list[Path]:
    """The first words of the demo call's customer, twice."""
    both: Samples = np.stack([channel[: to_samples(12)] for channel in hear(DEMO_CALL)], axis=1)
    paths = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for path in paths:
        soundfile.write(path, both, SAMPLE_RATE)
    return paths


NO_TONE = cast(ToneModel, None)  # a bug: whoever reads it fails with an AttributeError


def test_a_bug_costs_one_file_and_the_log_has_its_traceback(
    tmp_path: Path, store: Store, speech: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    engine = Engine(Models(load_vad(), NO_TONE, None), load_rules(), CoreSettings())
    outcomes = run(engine, store, Batch(speech, tmp_path / "out", "Kim"))
    for path, outcome in zip(speech, outcomes, strict=True):
        assert outcome.status == (
            f"{path} could not be heard for a fault in Calmline (AttributeError); the log says where."
        )
    assert caplog.text.count("Traceback") == 2


def test_a_bug_costs_one_clip(speech: list[Path]) -> None:
    read = list(read_files(NO_TONE, load_vad(), speech))
    assert ["for a fault in Calmline (AttributeError)" in tone.status for tone in read] == [True, True]


def test_files_of_one_name_have_results_of_their_own(tmp_path: Path, engine: Engine, store: Store) -> None:
    files = [tmp_path / name for name in ("a/call.wav", "b/Call.wav", "a/call-2.wav")]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        written(file)
    outcomes = run(engine, store, Batch(files, tmp_path / "out", "Kim"))
    assert len({(outcome.result or "").lower() for outcome in outcomes}) == 3
    assert all(Path(outcome.result or "").is_file() for outcome in outcomes)
