"""Rules as data: what makes a cue, read from TOML, so that a team can reword or retune them.

In: a TOML file with a `[[rule]]` for each cue. Out: `Rule`s in the file's order. A rule says which signal it looks
at, where it fires (`onset`) and where it may fire again (`clear`), what it says and what reasons it gives. A
file with a fault is refused whole, with the file, the key and the reason.
"""

import re
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from audio.errors import CalmlineError
from audio.ranges import Wait
from coach.signals import SIGNALS
from coach.types import Kind

SHIPPED = Path(__file__).with_name("rules.toml")

_ID = r"^[a-z][a-z0-9_]{0,63}$(?!\n)"  # `$` alone also matches before a newline at the end

Id = Annotated[str, Meta(pattern=_ID)]
Line = Annotated[str, Meta(min_length=1, max_length=160, pattern=r"^(?=.*\S)[^\x00-\x1f\x7f-\x9f]+$(?!\n)")]
Level = Annotated[float, Meta(ge=-1_000_000, le=1_000_000)]  # of a signal: some are shares, some are seconds or words


class RulesError(CalmlineError):
    """A rules file that cannot be used."""

    def __init__(self, path: Path, key: str, reason: str) -> None:
        super().__init__(f"Rules file {path}, {key}: {reason}.")
        self.path, self.key, self.reason = path, key, reason


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When to say what."""

    id: Id
    signal: str  # one of SIGNALS
    kind: Kind
    onset: Level  # fires where the signal has reached this ...
    clear: Level  # ... and again only after it has fallen to this
    say: Line  # the cue
    advice: Line  # what to do now
    evidence: tuple[str, ...]  # the reasons to give, by name, in this order
    hold_s: Wait = 0.0  # seconds for which the signal must stay at its onset
    cooldown_s: Wait = 90.0  # seconds between two cues of this rule on the screen


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: tuple[Rule, ...]


def load_rules(path: Path = SHIPPED) -> tuple[Rule, ...]:
    """The rules of a file, by default those that come with Calmline.

    Raises
    ------
    RulesError
        If the file cannot be read, is not TOML, or any rule has a fault.
    """
    try:
        rules = msgspec.toml.decode(path.read_bytes(), type=_File).rule
    except OSError as error:
        raise RulesError(path, "the file", f"could not be read ({error.strerror})") from error
    except msgspec.DecodeError as error:
        raise RulesError(path, *_key_and_reason(str(error))) from error
    except (ValueError, RecursionError) as error:  # bytes that are not UTF-8; numbers and nesting without end
        raise RulesError(path, "the file", f"was expected to be TOML and is not ({error})") from error
    seen: set[str] = set()
    for number, rule in enumerate(rules, 1):
        fault = _fault(rule, seen)
        if fault:
            raise RulesError(path, f"rule {number} ({rule.id}), key '{fault[0]}'", fault[1])
        seen.add(rule.id)
    return rules


def _fault(rule: Rule, seen: set[str]) -> tuple[str, str] | None:
    """The key and the reason of the first fault that types cannot show."""
    if rule.id in seen:
        return "id", f"expected an id that no other rule has, got '{rule.id}' again"
    if rule.signal not in SIGNALS:
        return "signal", f"expected one of {', '.join(SIGNALS)}; got '{rule.signal}'"
    if not rule.onset > rule.clear:
        return "onset", f"expected more than clear ({rule.clear:g}), got {rule.onset:g}"
    reasons = SIGNALS[rule.signal]
    strange = [name for name in rule.evidence if name not in reasons]
    if strange:
        return "evidence", f"expected some of {', '.join(reasons)}; got '{strange[0]}'"
    return None


def _key_and_reason(error: str) -> tuple[str, str]:
    """msgspec's sentence, "Expected `str`, got `int` - at `$.rule[2].say`", as a key and a reason for people."""
    reason, _, path = error.partition(" - at `$.")
    unknown = re.fullmatch(r"Object (contains unknown|missing required) field `(\w+)`", reason)
    if unknown:
        kind, name = unknown.groups()
        path = ".".join(part for part in (path.rstrip("`"), name) if part)
        reason = "expected no such key" if kind == "contains unknown" else "expected it, but it is missing"
    place = re.match(r"rule\[(\d+)\]\.?(.*)", path.rstrip("`"))
    if place:
        return f"rule {int(place[1]) + 1}, key '{place[2]}'", _lower(reason)
    return (f"key '{path.rstrip('`')}'" if path else "the file"), _lower(reason)


def _lower(reason: str) -> str:
    if repr(_ID) in reason:
        return "expected up to 64 lower-case letters, digits and '_', a letter first"
    if "matching regex" in reason:
        return "expected one line of text"
    return reason[:1].lower() + reason[1:].replace("`", "'")
