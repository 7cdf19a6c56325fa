"""Writes what the wire looks like out of its definition: `python -m server.protocol.docs`.

In: the message types. Out: `docs/protocol.schema.json`, and the part of `docs/protocol.md` below its mark; what stands
above the mark is written by hand. A test holds both against the code.
"""

import json
from pathlib import Path
from typing import Any, get_args

import msgspec

from server.protocol.events import AnyDurable, AnyEphemeral
from server.protocol.messages import (
    AcceptedMessage,
    AliveMessage,
    DeletedMessage,
    FromFeed,
    FromPage,
    FromServer,
    RunningMessage,
    SnapshotMessage,
    TakenMessage,
    WaitingMessage,
)

DOCS = Path(__file__).parents[2] / "docs"
MARK = "<!-- Below this line: written by `python -m server.protocol.docs`. -->\n"

_WAYS = {"FromFeed": FromFeed, "FromPage": FromPage, "FromServer": FromServer}
_SECTIONS = {
    "A feed sends": get_args(FromFeed),
    "A page sends": get_args(FromPage),
    "The server answers": (
        AcceptedMessage,
        TakenMessage,
        SnapshotMessage,
        WaitingMessage,
        RunningMessage,
        DeletedMessage,
        AliveMessage,
    ),
    "Events of a call: numbered and stored": get_args(AnyDurable),
    "Events of the moment: only the newest counts": get_args(AnyEphemeral),
}
_LIMITS = {"minimum": "from", "maximum": "to", "minLength": "length from", "maxLength": "to", "pattern": "matches"}


def schema() -> dict[str, Any]:
    """The JSON Schema of everything that is sent as JSON."""
    _, parts = msgspec.json.schema_components(_WAYS.values(), ref_template="#/$defs/{name}")
    ways = {name: {"oneOf": [_reference(it.__name__) for it in get_args(way)]} for name, way in _WAYS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The wire protocol of Calmline",
        "anyOf": [_reference(name) for name in _WAYS],
        "$defs": ways | parts,
    }


def schema_text() -> str:
    return json.dumps(schema(), indent=2) + "\n"


def reference_text() -> str:
    """Every message and its parts, with their fields, as Markdown."""
    parts: dict[str, Any] = schema()["$defs"]
    sections = {title: [message.__name__ for message in messages] for title, messages in _SECTIONS.items()}
    shown = {*_WAYS, *(name for names in sections.values() for name in names)}
    sections["Parts of messages"] = [name for name in parts if name not in shown]
    return "".join(
        f"\n## {title}\n" + "".join(_entry(parts[name]) for name in names) for title, names in sections.items()
    )


def main() -> None:
    guide = DOCS / "protocol.md"
    by_hand, _, _ = guide.read_text("utf-8").partition(MARK)
    guide.write_text(by_hand + MARK + reference_text(), "utf-8")
    (DOCS / "protocol.schema.json").write_text(schema_text(), "utf-8")


def _entry(part: dict[str, Any]) -> str:
    """One message, object or list of values."""
    if "enum" in part:
        return f"\n### {part['title']}\n\n{_kind(part)}\n"
    fields = dict(part["properties"])
    name = fields.pop("type")["enum"][0] if "type" in fields else part["title"]
    text = f"\n### {name}\n\n{' '.join(part['description'].split())}\n"
    if fields:
        text += "\n| field | type |\n|---|---|\n"
        text += "".join(f"| `{field}` | {_kind(it)}{_default(it)} |\n" for field, it in fields.items())
    return text


def _kind(field: dict[str, Any]) -> str:
    """The type of a field in a few words."""
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if "enum" in field:
        return " · ".join(f"`{value}`" for value in field["enum"])
    if "anyOf" in field:
        return " or ".join(map(_kind, field["anyOf"]))
    if "prefixItems" in field:
        return f"({', '.join(map(_kind, field['prefixItems']))})"
    if field["type"] == "array":
        return f"list of {_kind(field['items'])}"
    limits = [f"{words} {field[key]}" for key, words in _LIMITS.items() if key in field]
    return ", ".join([str(field.get("format", field["type"])), *limits])


def _default(field: dict[str, Any]) -> str:
    return f"; `{json.dumps(field['default'])}` if left out" if "default" in field else ""


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/$defs/{name}"}


if __name__ == "__main__":
    main()
