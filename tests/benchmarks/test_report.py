"""Runs side by side: ratios of everything, verdicts only on what does not hang on the machine's speed."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.report import ReportError, Run, compare, figures, run_all


def a_run(folder: Path, **words: Any) -> Path:
    folder.mkdir()
    result = {"machine": {"cores": 2}, "call": "a", "shown_s": {"p50": 0.4}} | words
    (folder / "words.json").write_text(json.dumps(result))
    return folder


def test_figures_are_named_by_where_they_stand_and_the_machine_is_none() -> None:
    result = {"machine": {"cores": 2}, "call": "a", "steps": [{"calls": 4}, {"calls": 8}], "kept": True, "x": None}
    assert dict(figures(result)) == {"steps.1.calls": 4, "steps.2.calls": 8}


def test_slower_is_shown_and_not_judged_but_a_worse_ratio_is(tmp_path: Path) -> None:
    old = a_run(tmp_path / "old", sooner=4.0, wrong_percent={"jfk": {"words": 22, "ours": 4.0, "stock": 3.3}})
    new = a_run(
        tmp_path / "new",
        shown_s={"p50": 0.8},
        sooner=3.0,
        wrong_percent={"jfk": {"words": 22, "ours": 4.2, "stock": 3.3}},
    )
    changes = {change.name: change for change in compare(old, new)}
    assert (changes["words.shown_s.p50"].ratio, changes["words.shown_s.p50"].worse) == (2.0, False)
    assert changes["words.sooner"].worse
    assert changes["words.wrong_percent.jfk.over_stock"].judged
    assert not changes["words.wrong_percent.jfk.over_stock"].worse


def test_what_is_lost_and_what_a_call_holds_is_judged_as_it_stands(tmp_path: Path) -> None:
    old = a_run(tmp_path / "old", lost=0, rss_per_call_mb=8.0, core={"peers_to_prosody": {"openSMILE": 2.0}})
    new = a_run(tmp_path / "new", lost=1, rss_per_call_mb=10.0, core={"peers_to_prosody": {"openSMILE": 1.5}})
    worse = {change.name: change.worse for change in compare(old, new) if change.judged}
    assert worse == {
        "words.lost": True,
        "words.rss_per_call_mb": False,
        "words.core.peers_to_prosody.openSMILE": True,
    }


def test_a_run_is_no_worse_than_itself(tmp_path: Path) -> None:
    old = a_run(tmp_path / "old", sooner=4.0, taken_back=0.1)
    assert not any(change.worse for change in compare(old, old))


def test_folders_without_results_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="figures in common"):
        compare(tmp_path, tmp_path)
    (tmp_path / "core.json").write_text("{")
    with pytest.raises(ReportError, match="cannot be read"):
        compare(tmp_path, tmp_path)


def test_a_run_keeps_json_and_tables_and_names_what_failed(tmp_path: Path) -> None:
    assert run_all(tmp_path, (Run("nothing", ("nothing-of-that-name",)),)) == ["nothing"]
    assert (tmp_path / "report.md").read_text() == "# Benchmarks\n"
