"""Pictures of results: one for each benchmark that there are results of, the same for the same results."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.pictures import draw_all
from benchmarks.report import ReportError


def spread(p50: float, p95: float) -> dict[str, float]:
    return {"count": 9, "p50": p50, "p95": p95, "worst": 2 * p95}


def a_step(calls: int) -> dict[str, Any]:
    figures = {"cores": 0.1 * calls, "rss_mb": 300 + 9 * calls, "words_lag_s": 0.5, "shed_per_s": 0.0}
    return {"calls": calls, "tone_ms": spread(20, 40 + calls), "finals_s": spread(0.4, 0.1 * calls), **figures}


def keep(folder: Path, **results: dict[str, Any]) -> None:
    for name, result in results.items():
        machine = {"machine": {"cores": 2}, "weights": name.partition("_")[2]}
        (folder / f"{name.replace('_', '-')}.json").write_text(json.dumps(machine | result))


def test_each_benchmark_has_its_picture_and_the_same_one_again(tmp_path: Path) -> None:
    delays = [[who, "agent", "yes", 1.0, 0.3, None] for who in ("calmline", "whisper_streaming")]
    (tmp_path / "words-tiny.jsonl").write_text("\n".join(map(json.dumps, delays)))
    curve = {"stream_h": [0.1, 0.2], "rss_mb": [400.0, 401.0], "files": [20, 21], "threads": [9, 9]}
    ramp = {"carried": 8, "steps": [a_step(1), a_step(8)]}
    keep(
        tmp_path,
        capacity_base=ramp,
        capacity_tiny=ramp,
        words_tiny={},
        soak={"calls_at_once": 8, "calls": 30, "curve": curve},
    )
    drawn = draw_all(tmp_path, tmp_path / "once")
    assert [file.name for file in drawn] == ["capacity.svg", "words.svg", "soak.svg"]
    for file, again in zip(drawn, draw_all(tmp_path, tmp_path / "again"), strict=True):
        assert file.read_bytes() == again.read_bytes()
        assert b"<svg" in file.read_bytes()


def test_only_what_there_are_results_of_is_drawn(tmp_path: Path) -> None:
    keep(tmp_path, capacity={"carried": 1, "steps": [a_step(1)]})
    assert [file.name for file in draw_all(tmp_path, tmp_path)] == ["capacity.svg"]


def test_a_folder_without_results_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"^Expected results of capacity, words, soak in .*; there were none\.$"):
        draw_all(tmp_path, tmp_path)
    (tmp_path / "words.json").write_text("{")
    with pytest.raises(ReportError, match="cannot be read"):
        draw_all(tmp_path, tmp_path)
