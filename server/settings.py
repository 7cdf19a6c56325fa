"""Every setting of Calmline in one frozen value, a section per room, read once when a command begins.

In: a TOML file, environment variables, command-line flags; what comes later counts more. Out: `Settings`. The three are
read alike: each gives some of the settings by their names ("server.port"), and each value is checked where it came
from, so that an error can name the place, the key, the value and the range. In the environment a setting is called
CALMLINE_SERVER_PORT, and a list is separated by commas; a name there that is no setting's is refused as in the file.
"""

import dataclasses
import difflib
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

import msgspec
from platformdirs import user_config_path

from audio.errors import CalmlineError
from audio.ranges import Text
from audio.speech.turns import TurnSettings
from coach.cue_policy import CuePolicySettings
from coach.escalation.sound import EscalationSettings
from models.tone.customer_speech import CustomerSpeechSettings
from models.tone.onnx_tone import ToneSettings
from models.words.partial_words import PartialWordsSettings
from models.words.whisper import WhisperSettings
from server.app import ServerSettings
from server.pipeline.analyzers import AnalyzerSettings
from server.pipeline.core import CoreSettings

_TERMS = {"int": "a whole number", "float": "a number", "str": "a text", "bool": "true or false", "array": "a list"}

_PREFIX = "CALMLINE_"
_NOT_SETTINGS = {"CALMLINE_DATA"}  # read elsewhere: the real speech that training and tests need
_SECRETS = {"server.token"}  # errors may go to a log
_SHOWN = 80  # characters of a value in an error

Values: TypeAlias = dict[str, Any]  # by name


class SettingsError(CalmlineError):
    """A setting that cannot be used."""


@dataclass(frozen=True, slots=True)
class AudioSettings:
    agent_device: Text | None = None  # number or (part of) name, as `calmline devices` lists it; none: the microphone
    customer_device: Text | None = None  # the same; none: what the machine plays
    turns: TurnSettings = field(default_factory=TurnSettings)


@dataclass(frozen=True, slots=True)
class ModelSettings:
    tone_weights: Text = "tone-open"  # one of the weights that come with Calmline, or an ONNX file
    tone: ToneSettings = field(default_factory=ToneSettings)
    customer_speech: CustomerSpeechSettings = field(default_factory=CustomerSpeechSettings)
    whisper: WhisperSettings = field(default_factory=WhisperSettings)
    partial_words: PartialWordsSettings = field(default_factory=PartialWordsSettings)


@dataclass(frozen=True, slots=True)
class CoachSettings:
    rules: Text | None = None  # a TOML file of rules; none: those that come with Calmline
    escalation: EscalationSettings = field(default_factory=EscalationSettings)
    cue_policy: CuePolicySettings = field(default_factory=CuePolicySettings)


@dataclass(frozen=True, slots=True)
class Settings:
    audio: AudioSettings = field(default_factory=AudioSettings)
    models: ModelSettings = field(default_factory=ModelSettings)
    coach: CoachSettings = field(default_factory=CoachSettings)
    server: ServerSettings = field(default_factory=ServerSettings)

    @property
    def core(self) -> CoreSettings:
        """The sections that the core works by."""
        analyzer = AnalyzerSettings(self.audio.turns, self.models.customer_speech)
        return CoreSettings(analyzer, self.models.partial_words, self.coach.escalation, self.coach.cue_policy)


def default_file() -> Path:
    """The settings file in the user's own configuration folder. It need not exist."""
    return user_config_path("calmline", appauthor=False) / "calmline.toml"


def read_settings(
    file: Path | None = None, environment: Mapping[str, str] = os.environ, flags: Mapping[str, object] | None = None
) -> Settings:
    """The settings of this run. A flag of None was not given. Raises `SettingsError`.

    `file` must exist if it is named; without one the user's own is read if there is one.
    """
    kinds = dict(_kinds(Settings, ""))
    given = _from_file(file or default_file(), kinds, needed=file is not None)
    given |= _from_environment(environment, kinds)
    given |= _from_flags(flags or {}, kinds)
    try:
        return msgspec.convert(_nested(given), Settings)
    except msgspec.ValidationError as error:  # each value can be used, but not with another
        reason, _, place = str(error).partition(" - at `$.")
        raise SettingsError(f"The settings of {place.rstrip('`')} cannot be used together: {reason}.") from error


def _kinds(section: type, prefix: str) -> Iterator[tuple[str, Any]]:
    """The name and the type of every setting in a section and those within it."""
    for name, kind in get_type_hints(section, include_extras=True).items():
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            yield from _kinds(kind, f"{prefix}{name}.")
        else:
            yield prefix + name, kind


def _from_file(path: Path, kinds: Mapping[str, Any], needed: bool) -> Values:
    if not needed and not path.exists():
        return {}
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"The settings file {path} could not be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"The settings file {path} was expected to be TOML and is not: {error}.") from error
    where = f"In the settings file {path}"
    return {name: _checked(where, name, value, kinds[name]) for name, value in _leaves(where, table, kinds, "")}


def _leaves(where: str, table: Values, kinds: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        name = prefix + key
        if name in kinds:
            yield name, value
        elif isinstance(value, dict) and any(known.startswith(f"{name}.") for known in kinds):
            yield from _leaves(where, value, kinds, f"{name}.")
        else:
            raise SettingsError(f"{where} there is {name} = {_shown(value)}{_unknown(name, kinds)}")


def _unknown(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that begins with a name that is not known."""
    near = difflib.get_close_matches(name, known, n=1)
    return f", but there is no such setting{f'; perhaps {near[0]} was meant' if near else ''}."


def _shown(value: object) -> str:
    """A value as it was given, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _from_environment(environment: Mapping[str, str], kinds: Mapping[str, Any]) -> Values:
    """What the environment sets; an empty variable sets nothing."""
    variables = {name: f"{_PREFIX}{name.replace('.', '_').upper()}" for name in kinds}
    for variable in sorted({name for name in environment if name.startswith(_PREFIX)} - _NOT_SETTINGS):
        if environment[variable] and variable not in variables.values():
            raise SettingsError(f"In the environment there is {variable}{_unknown(variable, variables.values())}")
    return {
        name: _checked(f"In the environment variable {variable}", name, _parts(value, kinds[name]), kinds[name], False)
        for name, variable in variables.items()
        if (value := environment.get(variable))
    }


def _parts(value: str, kind: Any) -> str | list[str]:
    return [part.strip() for part in value.split(",")] if get_origin(kind) is tuple else value


def _from_flags(flags: Mapping[str, object], kinds: Mapping[str, Any]) -> Values:
    return {
        name: _checked("On the command line", name, value, kinds[name])
        for name, value in flags.items()
        if value is not None
    }


def _checked(where: str, name: str, value: object, kind: Any, strict: bool = True) -> Any:
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        expected = _range(kind) or _for_people(str(error))
        shown = "(hidden)" if name in _SECRETS and value else _shown(value)
        raise SettingsError(f"{where} {name} = {shown} cannot be used: {expected}.") from error


def _range(kind: Any) -> str | None:
    """What a number with both ends is expected to be."""
    limits = next((extra for extra in get_args(kind)[1:] if isinstance(extra, msgspec.Meta)), None)
    if limits is None or limits.ge is None or limits.le is None:
        return None
    return f"expected {_TERMS[get_args(kind)[0].__name__]} from {limits.ge:g} to {limits.le:g}"


def _for_people(error: str) -> str:
    """msgspec's sentence, "Expected `int | null`, got `str` - at `$`", without its terms."""
    expected = error.partition(", got ")[0].partition(" - at ")[0].replace(" | null", "")
    if "regex" in expected:
        return "expected a text on one line, without control characters"
    for term, words in _TERMS.items():
        expected = expected.replace(f"`{term}`", words)
    return expected[:1].lower() + expected[1:]


def _nested(values: Values) -> dict[str, Any]:
    """Settings by name as the sections that they stand in."""
    sections: dict[str, Any] = {}
    for name, value in values.items():
        *path, last = name.split(".")
        section = sections
        for key in path:
            section = section.setdefault(key, {})
        section[last] = value
    return sections
