"""A JSON schema from a workflow's registration as a tree of fields that a template can draw.

What cannot be drawn, or would be too much, becomes a field for JSON. Nothing here trusts the schema: it may refer to
itself, have any shape, and be large. `schema_check` checks an input against it; `schema_values` reads one schema.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from executions.services import text
from executions.services.schema_references import References
from executions.services.schema_values import (
    as_json,
    bounds_of,
    default_of,
    help_of,
    is_closed,
    is_long,
    is_number,
    kind_of,
    listed,
    words_for,
)

SCHEMA_LIMIT = 256 * 1024
"""Bytes of a schema that is looked at."""
DEPTHS = (6, 3, 1)
"""Levels of fields inside fields, deepest first; a shallower one is tried where the fields would be too many."""
FIELD_LIMIT = 200
FORM_LIMIT = 300_000
"""Characters of all that the fields start with and choose from: a reference may repeat a large value many times."""
INPUT_TYPES = {"date": "date", "date-time": "datetime-local"}
INPUT_MODES = {"email": "email", "idn-email": "email", "uri": "url", "iri": "url", "uri-reference": "url"}


class TooMany(Exception):
    """More fields than a page should have."""


@dataclass(slots=True)
class Node:
    """One field. `kind`: object, array, string, number, integer, choice, or json for what cannot be drawn."""

    kind: str
    id: str
    key: str = ""
    """The property's name, exactly; empty for what is inside an array."""
    label: str = ""
    help: str = ""
    bounds: str = ""
    required: bool = False
    in_array: bool = False
    closed: bool = False
    """Of the whole: that it has no properties at all."""
    control: str = "text"
    """Of a string: text, area, date, datetime-local."""
    mode: str = ""
    """Of a string or number: which keyboard a phone shows."""
    placeholder: str = ""
    choices: list[tuple[str, str]] = field(default_factory=list)
    """JSON and words."""
    children: list["Node"] = field(default_factory=list)
    item: "Node | None" = None
    start: str = ""
    """JSON that the field starts with: its default, or what there is no choice about; without it, it starts absent."""
    empty: str = ""
    """JSON that stands for the field when it is left empty; without it the property is left out."""
    full: str = ""
    """JSON of an object that is switched on, or of a new row of an array."""

    @property
    def name(self) -> str:
        """The property's name as JSON, for an attribute."""
        return as_json(self.key)

    @property
    def optional(self) -> bool:
        return not self.required and not self.in_array

    @property
    def described_by(self) -> str:
        return f"{self.id}-help" if self.help or self.bounds else ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A form. `start` is the JSON that it starts with: the defaults; empty where there are none."""

    fields: list[Node] = field(default_factory=list)
    start: str = ""
    note: str = ""
    """Why there are no fields, or not all."""


def draw(schema: dict[str, Any] | None) -> Drawn:
    """The fields for an input of this schema. Never fails, whatever the schema is."""
    if not schema:
        return Drawn()
    size = len(text.encode(schema))
    if not 0 < size <= SCHEMA_LIMIT:
        return Drawn(note="What the workflow declares is too large to show as a form: write the input as JSON.")
    for depth in DEPTHS:
        try:
            root = _Drawer(schema).root(depth)
        except TooMany:
            continue
        if root is None:
            return Drawn(note="What the workflow declares cannot be shown as a form: write the input as JSON.")
        # Exactly what is declared, since it is sent: not cleaned as what is only shown.
        start = text.escaped(text.indented(root.full.encode()).decode()) if root.full != "{}" else ""
        if root.children:
            note = "" if depth == DEPTHS[0] else "This input has many parts: the inner ones are written as JSON."
        else:
            note = "It takes no input." if root.closed else ""
        return Drawn(root.children, start, note)
    return Drawn(note="This input has too many fields to show as a form: write it as JSON.")


class _Drawer:
    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self.references = References(schema)
        self.numbers: Iterator[int] = itertools.count(1)
        self.left = FORM_LIMIT

    def root(self, depth: int) -> Node | None:
        found, _ = self.references.resolve(self.schema)
        if kind_of(found) != "object" and found.get("type") != "object":
            return None
        node = Node("object", "field-0", required=True, closed=is_closed(found))
        self.properties(node, found, depth)
        return node

    def node(self, schema: Any, depth: int, *, key: str = "", required: bool = False, in_array: bool = False) -> Node:
        number = next(self.numbers)
        if number > FIELD_LIMIT:
            raise TooMany
        found, nullable = self.references.resolve(schema)
        kind = kind_of(found)
        if kind in {"object", "array"} and depth <= 1:
            kind = "json"
        node = Node(kind, f"field-{number}", key, required=required, in_array=in_array)
        node.label = text.clean(key if key.strip() else repr(key), 100) if not in_array else "Item"
        node.help = text.clean(help_of(found), 1_000)
        node.bounds = bounds_of(found)
        self.shape(node, found, depth)
        if nullable and kind == "choice":
            node.choices.append(("null", "null"))
        default = default_of(found)
        if default not in {"", "null"} and kind in {"string", "integer", "number"}:
            node.placeholder = text.one_line(found["default"], 60)
        node.empty = _empty(node, default, nullable=nullable, in_array=in_array)
        node.start = default or _only(node, found, nullable=nullable)
        if kind != "object":
            node.full = "[]" if kind == "array" else default or _only(node, found, nullable=nullable) or node.empty
        self.left -= len(node.start) + len(node.full) + sum(len(value) for value, _ in node.choices)
        if self.left < 0:
            raise TooMany
        return node

    def shape(self, node: Node, schema: dict[str, Any], depth: int) -> None:
        match node.kind:
            case "object":
                self.properties(node, schema, depth - 1)
                if isinstance(schema.get("default"), dict):
                    node.full = default_of(schema) or node.full
            case "array":
                node.item = self.node(schema["items"], depth - 1, in_array=True)
            case "choice":
                node.choices = [(as_json(value), words_for(value)) for value in listed(schema) or ()]
            case "integer" | "number":
                node.mode = "numeric" if node.kind == "integer" and is_number(schema.get("minimum")) else "decimal"
            case "string":
                format_ = schema.get("format")
                format_ = format_ if isinstance(format_, str) else ""
                node.control = INPUT_TYPES.get(format_, "area" if is_long(schema) else "text")
                node.mode = INPUT_MODES.get(format_, "")

    def properties(self, node: Node, schema: dict[str, Any], depth: int) -> None:
        properties = schema.get("properties")
        required = schema.get("required")
        names = {one for one in required if isinstance(one, str)} if isinstance(required, list) else set()
        for key, inner in (properties if isinstance(properties, dict) else {}).items():
            node.children.append(self.node(inner, depth, key=key, required=key in names))
        started = [f"{as_json(child.key)}:{child.start}" for child in node.children if child.start]
        node.full = "{" + ",".join(started) + "}"


def _only(node: Node, schema: dict[str, Any], *, nullable: bool) -> str:
    """What a required field starts with where there is no choice about it."""
    if not node.required:
        return ""
    if node.kind in {"object", "array"}:
        return node.full or "[]"
    if len(node.choices) == 1 and "const" in schema:
        return node.choices[0][0]
    return "null" if nullable else ""


def _empty(node: Node, default: str, *, nullable: bool, in_array: bool) -> str:
    if in_array:
        return {"string": '""', "array": "[]"}.get(node.kind, "null")
    if nullable and (node.required or default == "null"):
        return "null"
    # What the field shows is what is sent: a text that is emptied must not become the default again.
    if node.kind == "string" and default.startswith('"'):
        return '""'
    return "[]" if node.kind == "array" and (node.required or default) else ""
