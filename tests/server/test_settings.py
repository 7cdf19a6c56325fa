"""Settings: file, environment, flags; and one sentence for each way in which they can be wrong."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.settings import Settings, SettingsError, default_file, read_settings

NONE: dict[str, str] = {}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "calmline.toml"
    path.write_text("[server]\nport = 1\nhost = 'file'\nkeep_audio = true\n[audio.turns]\nhangover_s = 1\n")
    return path


def names(section: Any, prefix: str = "") -> Iterator[str]:
    """Every setting, found in the values rather than in the types."""
    for field in dataclasses.fields(section):
        value = getattr(section, field.name)
        if dataclasses.is_dataclass(value):
            yield from names(value, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name


def test_what_comes_later_counts_more(file: Path) -> None:
    environment = {"CALMLINE_SERVER_PORT": "2", "CALMLINE_SERVER_HOST": "environment"}
    settings = read_settings(file, environment, {"server.port": 3, "server.host": None})
    assert (settings.server.port, settings.server.host, settings.server.keep_audio) == (3, "environment", True)
    assert settings.core.analyzer.turns.hangover_s == 1.0


def test_nothing_given_means_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert read_settings(environment={"CALMLINE_SERVER_PORT": ""}) == Settings()


def test_the_users_own_file_is_read_if_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("server.settings.user_config_path", lambda *_, **__: tmp_path)
    default_file().write_text("server.port = 4")
    assert read_settings(environment=NONE).server.port == 4


def test_every_setting_has_a_variable_of_its_own() -> None:
    known = list(names(Settings()))
    assert len({name.replace(".", "_") for name in known}) == len(known) > 40


def test_a_list_in_the_environment_is_separated_by_commas() -> None:
    environment = {"CALMLINE_SERVER_ALLOWED_ORIGINS": "https://a.example, https://b.example"}
    assert read_settings(environment=environment).server.allowed_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("server.prot = 1", "there is server.prot = 1, but there is no such setting; perhaps server.port was meant"),
        ("server = 1", "there is server = 1, but there is no such setting"),
        ("server.port = 'x'", "server.port = 'x' cannot be used: expected a whole number"),
        ("server.port = 65536", "server.port = 65536 cannot be used: expected a whole number <= 65535"),
        ("server.token = ''", "server.token = '' cannot be used: expected a text of length >= 16"),
        ("models.tone.shortest_s = true", "models.tone.shortest_s = True cannot be used: expected a number"),
        ("audio.turns.longest_s = 30", "audio.turns.longest_s = 30 cannot be used: expected a number <= 29"),
        ("server.port =", "was expected to be TOML and is not"),
    ],
)
def test_a_fault_in_the_file_is_told_with_file_key_and_value(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "calmline.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as told:
        read_settings(path, NONE)
    assert str(path) in str(told.value)
    assert reason in str(told.value)
    assert "\n" not in str(told.value)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"could not be read: No such file"):
        read_settings(tmp_path / "none.toml", NONE)


def test_a_fault_in_the_environment_is_told_with_the_variable() -> None:
    with pytest.raises(SettingsError, match=r"^In the environment variable CALMLINE_SERVER_PORT server.port = 'high' "):
        read_settings(environment={"CALMLINE_SERVER_PORT": "high"})


def test_a_fault_in_a_flag_is_told_too() -> None:
    with pytest.raises(SettingsError, match=r"^On the command line server.port = -1 cannot be used: expected a whole "):
        read_settings(environment=NONE, flags={"server.port": -1})
