"""A schema as fields: what each kind becomes, what it starts with, and that no schema is too much."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from executions.services import schemas
from executions.services.schemas import Node
from tests.executions.services import hostile

KEYWORDS = [
    *(
        "type",
        "properties",
        "required",
        "items",
        "enum",
        "const",
        "default",
        "$ref",
        "$defs",
        "anyOf",
        "oneOf",
        "allOf",
    ),
    *("format", "minimum", "maxLength", "description", "string", "object", "array", "null", "#", "#/$defs/a", "a"),
]


def one(schema: Any, **more: Any) -> Node:
    """The field of a property."""
    (node,) = schemas.draw({"type": "object", "properties": {"a": schema}, **more}).fields
    return node


def walk(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from walk(node.children)
        yield from walk([node.item] if node.item else [])


@pytest.mark.parametrize(
    ("schema", "kind", "control", "mode"),
    [
        ({"type": "string"}, "string", "text", ""),
        ({"type": "string", "maxLength": 100}, "string", "text", ""),
        ({"type": "string", "maxLength": 1000}, "string", "area", ""),
        ({"type": "string", "contentMediaType": "text/markdown"}, "string", "area", ""),
        ({"type": "string", "default": "a\nb"}, "string", "area", ""),
        ({"type": "string", "format": "date"}, "string", "date", ""),
        ({"type": "string", "format": "date-time"}, "string", "datetime-local", ""),
        ({"type": "string", "format": "email"}, "string", "text", "email"),
        ({"type": "string", "format": "uri"}, "string", "text", "url"),
        ({"type": "string", "format": "of our own"}, "string", "text", ""),
        ({"type": "integer", "minimum": 0}, "integer", "text", "numeric"),
        ({"type": "integer"}, "integer", "text", "decimal"),
        ({"type": "number"}, "number", "text", "decimal"),
        ({"type": "boolean"}, "choice", "text", ""),
        ({"enum": ["a", 1, None]}, "choice", "text", ""),
        ({"const": 5}, "choice", "text", ""),
        ({"type": "array", "items": {"type": "string"}}, "array", "text", ""),
        ({"type": "object", "properties": {"b": {}}}, "object", "text", ""),
        ({"properties": {"b": {}}}, "object", "text", ""),
        ({"type": ["string", "null"]}, "string", "text", ""),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer", "text", "decimal"),
        ({"oneOf": [{"type": "null"}, {"type": "string", "format": "date"}]}, "string", "date", ""),
        ({"oneOf": [{"const": "a"}, {"enum": ["b", "c"]}]}, "choice", "text", ""),
        ({"allOf": [{"type": "string"}]}, "string", "text", ""),
        ({"$ref": "#/$defs/a~1b"}, "integer", "text", "decimal"),
        ({"$ref": "#/$defs/a%7E1b"}, "integer", "text", "decimal"),
        # What cannot be drawn.
        ({}, "json", "text", ""),
        (True, "json", "text", ""),
        ({"type": ["string", "integer"]}, "json", "text", ""),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "json", "text", ""),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "json", "text", ""),
        ({"type": "array"}, "json", "text", ""),
        ({"type": "array", "prefixItems": [{}], "items": {}}, "json", "text", ""),
        ({"allOf": [{"type": "string"}, {"minLength": 1}]}, "json", "text", ""),
        ({"$ref": "#/$defs/none"}, "json", "text", ""),
        ({"$ref": "https://example.com/schema"}, "json", "text", ""),
        ({"$ref": "#/properties/a"}, "json", "text", ""),
        ({"enum": list(range(101))}, "json", "text", ""),
        ({"enum": [str(one) for one in range(101)], "type": "string"}, "string", "text", ""),
    ],
)
def test_what_each_schema_becomes(schema: Any, kind: str, control: str, mode: str) -> None:
    node = one(schema, **{"$defs": {"a/b": {"type": "integer"}}})
    assert (node.kind, node.control, node.mode) == (kind, control, mode)


def test_choices_are_json_and_words() -> None:
    assert one({"enum": ["a", "", 1, None, {"b": 1}]}).choices == [
        ('"a"', "a"),
        ('""', '""'),
        ("1", "1"),
        ("null", "null"),
        ('{"b":1}', '{"b":1}'),
    ]
    assert one({"type": "boolean"}).choices == [("true", "true"), ("false", "false")]
    assert one({"anyOf": [{"enum": ["a"]}, {"type": "null"}]}).choices == [('"a"', "a"), ("null", "null")]


@pytest.mark.parametrize(
    ("schema", "required", "start", "empty"),
    [
        # Optional without a default: absent, and absent again when it is emptied.
        ({"type": "string"}, False, "", ""),
        ({"type": "integer"}, False, "", ""),
        ({"type": "array", "items": {"type": "string"}}, False, "", ""),
        ({"type": "object", "properties": {"b": {"default": 1}}}, False, "", ""),
        ({"const": "x"}, False, "", ""),
        # With a default.
        ({"type": "string", "default": "EUR"}, False, '"EUR"', '""'),
        ({"type": "string", "default": ""}, False, '""', '""'),
        ({"type": "integer", "default": 3}, False, "3", ""),
        ({"type": "array", "items": {"type": "string"}, "default": ["a"]}, False, '["a"]', "[]"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}, False, "null", "null"),
        ({"type": "string", "default": "x" * 20_000}, False, "", ""),
        # Required: there only where there is no choice.
        ({"type": "string"}, True, "", ""),
        ({"type": "boolean"}, True, "", ""),
        ({"const": "x"}, True, '"x"', ""),
        ({"enum": ["x"]}, True, "", ""),
        ({"type": ["string", "null"]}, True, "null", "null"),
        ({"type": "array", "items": {"type": "string"}}, True, "[]", "[]"),
        ({"type": "object", "properties": {"b": {"default": 1}, "c": {}}}, True, '{"b":1}', ""),
    ],
)
def test_what_a_field_starts_with_and_what_emptying_it_means(
    schema: Any, required: bool, start: str, empty: str
) -> None:
    drawn = schemas.draw({"type": "object", "properties": {"a": schema}, "required": ["a"] if required else []})
    (node,) = drawn.fields
    assert (node.start, node.empty, node.required) == (start, empty, required)
    assert json.loads(drawn.start or "{}") == ({"a": json.loads(start)} if start else {})


@pytest.mark.parametrize(
    ("item", "full", "empty"),
    [
        ({"type": "string"}, '""', '""'),
        ({"type": "string", "default": "a"}, '"a"', '""'),
        ({"type": "number"}, "null", "null"),
        ({"type": "array", "items": {"type": "string"}}, "[]", "[]"),
        ({"type": "object", "properties": {"b": {"default": 1}, "c": {"type": "string"}}}, '{"b":1}', "null"),
    ],
)
def test_what_a_new_row_starts_with(item: Any, full: str, empty: str) -> None:
    node = one({"type": "array", "items": item}).item
    assert node
    assert (node.full, node.empty, node.optional) == (full, empty, False)


def test_words_beside_a_field() -> None:
    schema = {"type": "integer", "description": "How\x1b[31m many", "minimum": 1, "exclusiveMaximum": 1_000_000}
    node = one({"$ref": "#/$defs/n", "description": "Here"}, **{"$defs": {"n": schema}})
    assert (node.help, node.bounds) == ("Here", "at least 1, less than 1,000,000")
    assert one(schema).help == "How many"
    assert one({"type": "array", "items": {}, "minItems": 2, "maxItems": True}).bounds == "at least 2 items"


def test_a_schema_inside_itself_ends_in_json() -> None:
    tree = {"type": "object", "properties": {"child": {"$ref": "#"}, "name": {"type": "string"}}}
    drawn = schemas.draw(tree)
    nodes = list(walk(drawn.fields))
    assert [node.kind for node in nodes] == ["object"] * 5 + ["json"] + ["string"] * 6
    assert drawn.note == ""


@pytest.mark.parametrize(
    ("width", "depth_of_fields", "note"),
    [
        (2, 6, ""),
        (4, 3, "This input has many parts: the inner ones are written as JSON."),
        (50, 1, "This input has many parts: the inner ones are written as JSON."),
        (201, 0, "This input has too many fields to show as a form: write it as JSON."),
    ],
)
def test_the_number_of_fields_is_bounded(width: int, depth_of_fields: int, note: str) -> None:
    drawn = schemas.draw({"type": "object", "properties": {f"p{number}": {"$ref": "#"} for number in range(width)}})
    nodes = list(walk(drawn.fields))
    assert len(nodes) == sum(width**level for level in range(1, depth_of_fields + 1)) <= schemas.FIELD_LIMIT
    assert drawn.note == note


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        # Once it would do; two hundred times it would not.
        ({"const": "<" * 9_000}, []),
        ({"enum": ["<" * 4_000, ">" * 4_000]}, []),
        ({"type": "string", "default": "<" * 9_000}, []),
        ({"const": "<" * 200_000}, ["json"] * 200),
    ],
)
def test_a_large_value_is_not_repeated_for_ever(value: dict[str, Any], kinds: list[str]) -> None:
    names = [f"p{number}" for number in range(schemas.FIELD_LIMIT)]
    properties = {name: {"$ref": "#/$defs/value"} for name in names}
    drawn = schemas.draw({"type": "object", "properties": properties, "required": names, "$defs": {"value": value}})
    assert [node.kind for node in walk(drawn.fields)] == kinds
    assert len(drawn.start) <= schemas.FORM_LIMIT


@pytest.mark.parametrize(
    ("schema", "note"),
    [
        (None, ""),
        ({}, ""),
        ({"type": "object", "properties": {}}, "It takes no input."),
        ({"type": "object", "additionalProperties": False}, "It takes no input."),
        ({"type": "object"}, ""),
        ({"$ref": "#/$defs/none", "$defs": {"none": {"type": "object", "properties": {}}}}, "It takes no input."),
        ({"type": "string"}, "What the workflow declares cannot be shown as a form: write the input as JSON."),
        ({"$ref": "#"}, "What the workflow declares cannot be shown as a form: write the input as JSON."),
        (
            {"type": "object", "properties": {"a": {}}, "description": "x" * schemas.SCHEMA_LIMIT},
            "What the workflow declares is too large to show as a form: write the input as JSON.",
        ),
    ],
)
def test_schemas_without_fields(schema: Any, note: str) -> None:
    drawn = schemas.draw(schema)
    assert (drawn.fields, drawn.start, drawn.note) == ([], "", note)


def test_the_root_may_be_a_reference() -> None:
    (node,) = schemas.draw({"$ref": "#/$defs/A", "$defs": {"A": {"type": "object", "properties": {"b": {}}}}}).fields
    assert node.key == "b"


def test_names_are_kept_exactly_and_shown_bounded() -> None:
    names = ["", " ", "__proto__", "a" * 10_000, "\x1b[31mred", "<b>"]
    drawn = schemas.draw({"type": "object", "properties": {name: {"type": "string"} for name in names}})
    assert [node.key for node in drawn.fields] == names
    assert [node.label for node in drawn.fields] == ["''", "' '", "__proto__", "a" * 100 + "…", "red", "<b>"]


@given(hostile.objects(KEYWORDS))
def test_no_schema_is_too_much(schema: dict[str, Any]) -> None:
    for some in (schema, {"type": "object", "properties": {"a": schema}, "$defs": {"a": schema}}):
        drawn = schemas.draw(some)
        assert len(list(walk(drawn.fields))) <= schemas.FIELD_LIMIT
        assert json.loads(drawn.start or "{}") is not None
