"""The shipped rules, and faulty files, each refused with its file, key and reason."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audio.frame import to_samples
from coach.rule_engine import RuleEngine
from coach.rules import RulesError, load_rules
from coach.signals import SIGNALS
from coach.types import Kind, Signal

GOOD = {
    "id": '"quiet"',
    "signal": '"dead_air"',
    "kind": '"warn"',
    "onset": "8",
    "clear": "1",
    "say": '"Speak."',
    "advice": '"Say what you do."',
    "evidence": '["silence"]',
}


def written(folder: Path, *rules: dict[str, str]) -> Path:
    path = folder / "team.toml"
    path.write_text(toml(rules), encoding="utf-8")
    return path


def toml(rules: Iterable[dict[str, str]]) -> str:
    blocks = ["[[rule]]\n" + "".join(f"{key} = {value}\n" for key, value in rule.items()) for rule in rules]
    return "\n".join(blocks)


def test_the_shipped_rules_are_those_the_product_promises():
    rules = {rule.id: rule for rule in load_rules()}
    assert set(rules) == {
        "customer_escalating", "customer_calming", "fast_pace", "talking_over", "long_monologue", "dead_air",
        "long_hold", "feeling_not_acknowledged", "say_it_positively",
    }  # fmt: skip
    assert [rule.id for rule in rules.values() if rule.kind is Kind.CREDIT] == ["customer_calming"]
    assert {rule.cooldown_s for rule in rules.values()} == {90.0}
    assert {rule.signal for rule in rules.values()} == set(SIGNALS)


@pytest.mark.parametrize(
    ("rule", "signal", "onset", "clear"),
    [("fast_pace", "agent_pace", 190, 170), ("talking_over", "talk_over", 2, 1), ("long_monologue", "monologue", 60, 5),
     ("dead_air", "dead_air", 8, 1), ("long_hold", "hold", 120, 1)],
)  # fmt: skip
def test_the_shipped_thresholds_are_those_of_the_literature(rule, signal, onset, clear):
    [found] = [one for one in load_rules() if one.id == rule]
    assert (found.signal, found.onset, found.clear) == (signal, onset, clear)


def test_a_team_may_bring_its_own_rules(tmp_path):
    [rule] = load_rules(written(tmp_path, GOOD | {"say": '"Talk to me."', "hold_s": "0.5"}))
    assert (rule.say, rule.hold_s, rule.cooldown_s) == ("Talk to me.", 0.5, 90.0)


@pytest.mark.parametrize(
    ("changed", "key", "reason"),
    [
        ({"onset": '"eight"'}, "rule 1, key 'onset'", "expected 'float', got 'str'"),
        ({"volume": "11"}, "rule 1, key 'volume'", "expected no such key"),
        ({"kind": '"shout"'}, "rule 1, key 'kind'", "invalid enum value 'shout'"),
        ({"say": '""'}, "rule 1, key 'say'", "expected 'str' of length >= 1"),
        ({"hold_s": "-1"}, "rule 1, key 'hold_s'", "expected 'float' >= 0.0"),
        (
            {"id": '"Dead Air"'},
            "rule 1, key 'id'",
            "expected up to 64 lower-case letters, digits and '_', a letter first",
        ),
        (
            {"id": r'"quiet\n"'},
            "rule 1, key 'id'",
            "expected up to 64 lower-case letters, digits and '_', a letter first",
        ),
        ({"say": r'"a\nb"'}, "rule 1, key 'say'", "expected one line of text"),
        ({"advice": '"  "'}, "rule 1, key 'advice'", "expected one line of text"),
        ({"hold_s": "nan"}, "rule 1, key 'hold_s'", "expected 'float' >= 0.0"),
        ({"cooldown_s": "inf"}, "rule 1, key 'cooldown_s'", "expected 'float' <= 86400.0"),
        ({"onset": "inf"}, "rule 1, key 'onset'", "expected 'float' <= 1000000.0"),
        ({"clear": "-inf"}, "rule 1, key 'clear'", "expected 'float' >= -1000000.0"),
        ({"onset": "1" + "0" * 400}, "rule 1, key 'onset'", "number out of range"),
        ({"clear": "8"}, "rule 1 (quiet), key 'onset'", "expected more than clear (8), got 8"),
        ({"signal": '"mood"'}, "rule 1 (quiet), key 'signal'", f"expected one of {', '.join(SIGNALS)}; got 'mood'"),
        ({"evidence": '["tone"]'}, "rule 1 (quiet), key 'evidence'", "expected some of silence; got 'tone'"),
        ({"onset": "nan"}, "rule 1, key 'onset'", "expected 'float' >= -1000000.0"),
    ],
)
def test_a_faulty_rule_is_refused_with_file_key_and_reason(tmp_path, changed, key, reason):
    path = written(tmp_path, GOOD | changed)
    with pytest.raises(RulesError) as refused:
        load_rules(path)
    assert (refused.value.path, refused.value.key, refused.value.reason) == (path, key, reason)
    assert str(refused.value) == f"Rules file {path}, {key}: {reason}."


def test_a_missing_key_is_named(tmp_path):
    with pytest.raises(RulesError, match=r"rule 2, key 'advice': expected it, but it is missing\.$"):
        load_rules(written(tmp_path, GOOD, {key: value for key, value in GOOD.items() if key != "advice"}))


def test_an_id_may_be_used_once(tmp_path):
    with pytest.raises(RulesError, match=r"rule 2 \(quiet\), key 'id': expected an id that no other rule has"):
        load_rules(written(tmp_path, GOOD, GOOD))


def test_an_unknown_table_is_refused(tmp_path):
    path = written(tmp_path, GOOD)
    path.write_text(path.read_text(encoding="utf-8") + "\n[rules]\nx = 1\n", encoding="utf-8")
    with pytest.raises(RulesError, match=r"key 'rules': expected no such key\.$"):
        load_rules(path)


def test_a_file_that_is_not_toml_is_refused(tmp_path):
    path = tmp_path / "team.toml"
    path.write_text("[[rule]\n", encoding="utf-8")
    with pytest.raises(RulesError, match=r"the file: .*line 1"):
        load_rules(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RulesError, match=r"could not be read \(No such file or directory\)\.$"):
        load_rules(tmp_path / "none.toml")


FILES = st.binary() | st.text(alphabet="[]{}=.\"'\n#rule idonsetclear0123-+einfa_").map(str.encode)
RULES = st.dictionaries(
    st.sampled_from([*GOOD, "hold_s", "cooldown_s", "volume"]),
    st.floats().map(str)
    | st.integers().map(str)
    | st.sampled_from(["nan", "[]", "{}", "true", '"a"', '"agent_pace"', "[[]]"]),
)


@given(FILES | RULES.map(lambda changed: toml([GOOD | changed]).encode()))
@example(b"rule = " + b"[" * 100_000)
@example(b"rule = " + b"9" * 5000)
@example(b"\xff")
def test_any_file_is_rules_that_can_be_watched_or_one_sentence(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "team.toml"
    path.write_bytes(content)
    try:
        rules = load_rules(path)
    except RulesError as error:
        said = str(error)
    else:
        for rule in rules:
            high, low = Signal(rule.onset), Signal(rule.clear)
            engine = RuleEngine([rule])
            assert (
                len(engine.feed(0, {rule.signal: high}) + engine.feed(to_samples(rule.hold_s), {rule.signal: high}))
                == 1
            )
            assert engine.feed(to_samples(rule.hold_s) + 1, {rule.signal: low}) == []
        return
    assert str(path) in said
    assert len(said.splitlines()) == 1
