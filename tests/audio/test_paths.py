"""Paths as people write them."""

from pathlib import Path

import pytest

from audio.paths import HomeError, expanded


def test_home_is_put_in_where_it_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert expanded("~/calls") == tmp_path / "calls"
    assert expanded("calls~/a") == Path("calls~/a")


def test_the_home_of_nobody_is_said() -> None:
    with pytest.raises(HomeError, match=r"^Expected a path; ~nobody-at-all/calls begins with the home of a user"):
        expanded("~nobody-at-all/calls")
