"""A JSON schema from a workflow's registration as a tree of fields that a template can draw.

What cannot be drawn, or would be too much, becomes a field for JSON. Nothing here trusts the schema: it may refer to
itself, have any shape, and be large. `schema_check` checks an input against it.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from executions.services import text

SCHEMA_LIMIT = 256 * 1024
"""Bytes of a schema that is looked at."""
DEPTHS = (6, 3, 1)
"""Levels of fields inside fields, deepest first; a shallower one is tried where the fields would be too many."""
FIELD_LIMIT = 200
CHOICE_LIMIT = 100
VALUE_LIMIT = 10_000
"""Characters of a default that is filled in, and of all the values that a field chooses from."""
FORM_LIMIT = 300_000
"""Characters of all that the fields start with and choose from: a reference may repeat a large value many times."""
HOPS = 20
"""References, one leading to the next, that are followed."""
INPUT_TYPES = {"date": "date", "date-time": "datetime-local"}
INPUT_MODES = {"email": "email", "idn-email": "email", "uri": "url", "iri": "url", "uri-reference": "url"}
LONG_TEXT = 200
"""A text that may have more characters than this gets several lines."""


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
        return _json(self.key)

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


def _closed(schema: dict[str, Any]) -> bool:
    """Whether a schema without properties is one of "nothing", which workers write in two ways."""
    return schema.get("additionalProperties") is False or schema.get("properties") == {}


class _Drawer:
    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self.numbers: Iterator[int] = itertools.count(1)
        self.left = FORM_LIMIT

    def root(self, depth: int) -> Node | None:
        found, _ = self.resolve(self.schema)
        if _kind(found) != "object" and found.get("type") != "object":
            return None
        node = Node("object", "field-0", required=True, closed=_closed(found))
        self.properties(node, found, depth)
        return node

    def resolve(self, schema: Any) -> tuple[dict[str, Any], bool]:
        """The schema with references and wrappers of one taken away, and whether null is allowed beside it."""
        nullable, found = False, schema
        for _ in range(HOPS):
            if not isinstance(found, dict):
                return {}, nullable
            inner, or_null = self.unwrap(found)
            nullable = nullable or or_null
            if inner is None:
                return found, nullable
            # What stands beside a reference, such as a description, is about this place.
            about = {name: found[name] for name in ("title", "description", "default") if name in found}
            found = {**inner, **about} if isinstance(inner, dict) else inner
        return {}, nullable

    def unwrap(self, schema: dict[str, Any]) -> tuple[Any, bool]:
        """What a schema only points at, or None; and whether null is allowed beside it."""
        if "$ref" in schema:
            return self.target(schema["$ref"]), False
        if isinstance(together := schema.get("allOf"), list) and len(together) == 1 and "properties" not in schema:
            return together[0], False
        for name in ("anyOf", "oneOf"):
            if isinstance(branches := schema.get(name), list) and len(branches) <= CHOICE_LIMIT:
                others = [one for one in branches if not (isinstance(one, dict) and one.get("type") == "null")]
                or_null = len(others) < len(branches)
                if len(others) == 1:
                    return others[0], or_null
                values = [_values(one) for one in others]
                if others and all(values):
                    return {"enum": [value for some in values for value in some or ()]}, or_null
        if isinstance(types := schema.get("type"), list):
            others = [one for one in types if one != "null"]
            if len(others) == 1:
                return {**schema, "type": others[0]}, len(others) < len(types)
        return None, False

    def target(self, reference: Any) -> Any:
        """What a reference inside the schema points at; an empty schema for any other."""
        if not isinstance(reference, str) or not reference.startswith("#") or len(reference) > 1_000:
            return {}
        found: Any = self.schema
        for part in unquote(reference[1:]).split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and name.isdecimal() and len(name) < 6 and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, dict) and name in found:
                found = found[name]
            else:
                return {}
        return found

    def node(self, schema: Any, depth: int, *, key: str = "", required: bool = False, in_array: bool = False) -> Node:
        number = next(self.numbers)
        if number > FIELD_LIMIT:
            raise TooMany
        found, nullable = self.resolve(schema)
        kind = _kind(found)
        if kind in {"object", "array"} and depth <= 1:
            kind = "json"
        node = Node(kind, f"field-{number}", key, required=required, in_array=in_array)
        node.label = text.clean(key if key.strip() else repr(key), 100) if not in_array else "Item"
        node.help = text.clean(_help(found), 1_000)
        node.bounds = _bounds(found)
        self.shape(node, found, depth)
        if nullable and kind == "choice":
            node.choices.append(("null", "null"))
        default = _default(found)
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
                    node.full = _default(schema) or node.full
            case "array":
                node.item = self.node(schema["items"], depth - 1, in_array=True)
            case "choice":
                node.choices = [(_json(value), _words(value)) for value in _values(schema) or ()]
            case "integer" | "number":
                node.mode = "numeric" if node.kind == "integer" and _number(schema.get("minimum")) else "decimal"
            case "string":
                format_ = schema.get("format")
                format_ = format_ if isinstance(format_, str) else ""
                node.control = INPUT_TYPES.get(format_, "area" if _is_long(schema) else "text")
                node.mode = INPUT_MODES.get(format_, "")

    def properties(self, node: Node, schema: dict[str, Any], depth: int) -> None:
        properties = schema.get("properties")
        required = schema.get("required")
        names = {one for one in required if isinstance(one, str)} if isinstance(required, list) else set()
        for key, inner in (properties if isinstance(properties, dict) else {}).items():
            node.children.append(self.node(inner, depth, key=key, required=key in names))
        started = [f"{_json(child.key)}:{child.start}" for child in node.children if child.start]
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


def _kind(schema: dict[str, Any]) -> str:
    values, type_ = _values(schema), schema.get("type")
    if values is not None and len(values) <= CHOICE_LIMIT and len(text.encode(values)) <= VALUE_LIMIT:
        return "choice"
    if type_ == "string" or (values is None and type_ in ("integer", "number")):
        return str(type_)
    if values is not None:
        return "json"
    properties = schema.get("properties")
    if isinstance(properties, dict) and properties and type_ in (None, "object"):
        return "object"
    if type_ == "array" and isinstance(schema.get("items"), dict) and "prefixItems" not in schema:
        return "array"
    return "json"


def _values(schema: Any) -> list[Any] | None:
    """The values that a schema lists, if it lists them."""
    if not isinstance(schema, dict):
        return None
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    if isinstance(values, list) and values:
        return values
    return [True, False] if schema.get("type") == "boolean" else None


def _json(value: Any) -> str:
    return text.escaped(text.encode(value).decode())


def _words(value: Any) -> str:
    if isinstance(value, str) and value:
        return text.clean(value, 100)
    return text.one_line(value, 100) or _json(value)


def _default(schema: dict[str, Any]) -> str:
    """The default as JSON; nothing where there is none, or one that is too large to fill in."""
    if "default" not in schema:
        return ""
    found = _json(schema["default"])
    return found if len(found) <= VALUE_LIMIT else ""


def _help(schema: dict[str, Any]) -> str:
    found = schema.get("description")
    return found if isinstance(found, str) else ""


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_long(schema: dict[str, Any]) -> bool:
    """Whether a text wants several lines."""
    most, media, default = schema.get("maxLength"), schema.get("contentMediaType"), schema.get("default")
    return (
        (isinstance(most, int) and most > LONG_TEXT)
        or (isinstance(media, str) and media.startswith("text/"))
        or schema.get("format") in ("multiline", "textarea", "markdown")
        or (isinstance(default, str) and "\n" in default)
    )


_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}


def _bounds(schema: dict[str, Any]) -> str:
    """The limits in words: `at least 1, at most 10`."""
    limits = [(words, schema.get(name)) for name, words in _BOUNDS.items()]
    return ", ".join(words.format(numeral(limit)) for words, limit in limits if _number(limit))


def numeral(value: Any) -> str:
    """A limit as a person writes it."""
    return f"{value:,}" if isinstance(value, int) and abs(value) < 10**15 else text.clean(value, 40)
