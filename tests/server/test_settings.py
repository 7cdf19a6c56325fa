"""Settings: file, environment, flags; and one sentence for each way in which they can be wrong."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.settings import Settings, SettingsError, default_file, read_settings

NONE: dict[str, str] = {}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "calmline.toml"
    path.write_text("[server]\nport = 1\nhost = 'file'\nkeep_audio = true\n[audio.turns]\nhangover_s = 1\n")
    return path


def values(section: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting by its name, found in the values rather than in the types."""
    for field in dataclasses.fields(section):
        value = getattr(section, field.name)
        if dataclasses.is_dataclass(value):
            yield from values(value, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name, value


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
    known = [name for name, _ in values(Settings())]
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
        ("server.port = 65536", "server.port = 65536 cannot be used: expected a whole number from 0 to 65535"),
        ("server.token = ''", "server.token = '' cannot be used: expected a text of length >= 16"),
        ("server.token = 'secret'", "server.token = (hidden) cannot be used: expected a text of length >= 16"),
        ("models.tone.shortest_s = true", "models.tone.shortest_s = True cannot be used: expected a number"),
        ("audio.turns.longest_s = 30", "audio.turns.longest_s = 30 cannot be used: expected a number from 1 to 29"),
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


NUMBERS = {name: value for name, value in values(Settings()) if type(value) in (int, float)}
STRANGE = ["nan", "inf", "-inf", "-1", "0", "1e308", "-1e308", str(10**30), "1e400", "9" * 5000, "-0.0", "1e-320"]


@pytest.mark.parametrize("value", STRANGE, ids=lambda value: value[:8])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_in_its_range_or_refused_with_name_value_and_range(tmp_path: Path, name: str, value: str) -> None:
    lowest, highest = limits(name)
    path = tmp_path / "calmline.toml"
    path.write_text(f"{name} = {value}")
    variable = f"CALMLINE_{name.replace('.', '_').upper()}"
    for file, environment in ((path, NONE), (None, {variable: value})):
        try:
            settings = read_settings(file, environment)
        except SettingsError as error:
            said = str(error)
        else:
            assert lowest <= dict(values(settings))[name] <= highest
            continue
        assert len(said.splitlines()) == 1
        assert len(said) < 400
        together = f"of {name.rpartition('.')[0]} cannot be used together: expected "
        assert "TOML" in said or together in said or (name in said and f" from {lowest:g} to {highest:g}." in said)


def test_every_number_has_both_ends_and_its_default_lies_between() -> None:
    for name, value in NUMBERS.items():
        lowest, highest = limits(name)
        assert lowest <= value <= highest


def limits(name: str) -> tuple[float, float]:
    """The range that a setting's type declares."""
    *path, last = name.split(".")
    section: Any = Settings
    for part in path:
        section = get_type_hints(section)[part]
    (meta,) = get_args(get_type_hints(section, include_extras=True)[last])[1:]
    assert meta.ge is not None
    assert meta.le is not None
    return meta.ge, meta.le


LONG = "a" * 16  # enough for a token
TEXTS = [name for name, value in values(Settings()) if value is None or isinstance(value, str | tuple)]


@pytest.mark.parametrize("value", ["\\u0000b", "\\nb", "\\n", "\\u001b[2J"])
@pytest.mark.parametrize("name", sorted({*TEXTS} - {"server.live.overload_policy"}))
def test_a_text_with_control_characters_is_refused(tmp_path: Path, name: str, value: str) -> None:
    path = tmp_path / "calmline.toml"
    path.write_text(f'{name} = ["{LONG}{value}"]' if name == "server.allowed_origins" else f'{name} = "{LONG}{value}"')
    with pytest.raises(SettingsError, match=f"{name} = .* cannot be used: expected a text on one line"):
        read_settings(path, NONE)


@pytest.mark.parametrize(
    ("text", "section"),
    [
        ("audio.turns.offset = 0.6", "audio.turns"),
        ("audio.turns.longest_s = 3", "audio.turns"),
        ("models.partial_words.longest_s = 1", "models.partial_words"),
        ("coach.escalation.direction.calmed = 0.7", "coach.escalation.direction"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(tmp_path: Path, text: str, section: str) -> None:
    path = tmp_path / "calmline.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=f"The settings of {section} cannot be used together: expected "):
        read_settings(path, NONE)


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("CALMLINE_SERVER_PROT", "CALMLINE_SERVER_PORT"),
        ("CALMLINE_PORT", None),
        ("CALMLINE_COACH_RULE", "CALMLINE_COACH_RULES"),
    ],
)
def test_a_misspelt_variable_is_refused_with_the_nearest_name(variable: str, meant: str | None) -> None:
    with pytest.raises(SettingsError) as told:
        read_settings(environment={variable: "1"})
    assert f"there is {variable}, but there is no such setting" in str(told.value)
    assert meant is None or f"perhaps {meant} was meant" in str(told.value)


def test_variables_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert read_settings(environment={"CALMLINE_DATA": "/speech", "CALMLINER": "1", "PORT": "1"}) == Settings()


@given(st.binary() | st.text(alphabet="[]{}=.\"'\n#serv port0123 audio_turns-einfa").map(str.encode))
@example(b"a = " + b"[" * 100_000)
@example(b"a = " + b"9" * 5000)
@example(b"\xff")
def test_any_file_is_settings_or_one_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    try:
        read_settings(path, NONE)
    except SettingsError as error:
        said = str(error)
    else:
        return
    assert str(path) in said
    assert len(said.splitlines()) == 1
