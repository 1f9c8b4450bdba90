"""An input against a schema: what does not fit is named, and no schema makes the check run away."""

from typing import Any

import pytest
from hypothesis import given

from executions.services import misfits, schema_check
from executions.services.misfits import Misfit
from executions.services.schema_check import check
from tests.executions.services import hostile
from tests.executions.services.test_schemas import KEYWORDS
from tests.faulty import Faulty

REQUIRED = "This is required."
ORDER = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 5},
        "kind": {"enum": ["a", "", None, 1]},
        "only": {"const": 5},
        "count": {"type": "integer", "minimum": 1, "maximum": 1_000_000, "multipleOf": 5},
        "share": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "when": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "address": {"anyOf": [{"$ref": "#/$defs/address"}, {"type": "null"}]},
        "either": {"anyOf": [{"$ref": "#/$defs/address"}, {"type": "object", "required": ["x"]}]},
        "items": {
            "type": "array",
            "maxItems": 2,
            "items": {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]},
        },
        "tags": {"type": "array", "minItems": 1, "uniqueItems": True},
        "flag": {"type": ["boolean", "null"]},
    },
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"address": {"type": "object", "properties": {"zip": {"type": "string"}}, "required": ["zip"]}},
}


@pytest.mark.parametrize(
    ("given", "misfits"),
    [
        (None, [("name", REQUIRED)]),
        ({}, [("name", REQUIRED)]),
        ({"name": "a"}, [("name", "This has to have at least 2 characters.")]),
        ({"name": "abcdef"}, [("name", "This has to have at most 5 characters.")]),
        ({"name": 5}, [("name", "This has to be text.")]),
        ({"kind": "b"}, [("kind", "This has to be one of: a, '', None, 1.")]),
        ({"only": 6}, [("only", "This has to be 5.")]),
        ({"count": 0}, [("count", "This has to be at least 1.")]),
        ({"count": 2_000_000}, [("count", "This has to be at most 1,000,000.")]),
        ({"count": 3}, [("count", "This has to be a multiple of 5.")]),
        ({"count": 1.5}, [("count", "This has to be a whole number."), ("count", "This has to be a multiple of 5.")]),
        ({"count": True}, [("count", "This has to be a whole number.")]),
        ({"share": 0}, [("share", "This has to be more than 0.")]),
        ({"share": 1}, [("share", "This has to be less than 1.")]),
        ({"when": 5}, [("when", "This has to be text or null.")]),
        ({"address": {}}, [("address.zip", REQUIRED)]),
        ({"address": {"zip": 5}}, [("address.zip", "This has to be text.")]),
        ({"either": {}}, [("either", "This has none of the forms that the workflow declares for it.")]),
        ({"items": [{"price": 1}, {}]}, [("items.1.price", REQUIRED)]),
        ({"items": [{"price": "1"}]}, [("items.0.price", "This has to be a number.")]),
        ({"items": [{"price": 1}] * 3}, [("items", "This has to have at most 2 items.")]),
        ({"items": {}}, [("items", "This has to be a list.")]),
        ({"tags": []}, [("tags", "This has to have at least 1 items.")]),
        ({"tags": [{"a": 1, "b": 2}, {"b": 2, "a": 1}]}, [("tags", "No two items may be equal.")]),
        ({"tags": [1, True, "1"]}, []),
        ({"flag": 1}, [("flag", "This has to be true or false or null.")]),
        (
            {"other": 1, "more": 2},
            [("other", "The workflow does not know this."), ("more", "The workflow does not know this.")],
        ),
        (
            {"kind": None, "only": 5.0, "when": None, "address": None, "flag": None, "count": 10**30},
            [("count", "This has to be at most 1,000,000.")],
        ),
    ],
)
def test_what_does_not_fit(given: dict[str, Any] | None, misfits: list[tuple[str, str]]) -> None:
    value = given if given is None or not given or "name" in given else {"name": "ab", **given}
    assert check(ORDER, value) == [Misfit(*one) for one in misfits]


@pytest.mark.parametrize(
    "given",
    [{"b64payload": "e30="}, {"b64payload": "e30=", "encoding_options": ["encrypted"], "empty": False}],
)
def test_an_encoded_input_is_not_compared(given: dict[str, Any]) -> None:
    assert check(ORDER, given) == []


def test_something_like_an_encoded_input_is() -> None:
    assert check({"required": ["a"]}, {"b64payload": "e30=", "other": 1}) == [Misfit("a", REQUIRED)]


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"pattern": "^b"}}},
        {"patternProperties": {"^a": {"type": "integer"}}},
        {"patternProperties": {"^b": {}}, "additionalProperties": False},
        {"propertyNames": {"pattern": "^b"}},
        {"properties": {"a": {"format": "date"}}},
        {"unevaluatedProperties": False},
    ],
)
def test_what_needs_patterns_is_left_to_the_api(schema: dict[str, Any]) -> None:
    """Python's regular expressions know no time limit."""
    assert check(schema, {"a": "x"}) == []


def test_nothing_is_fetched(faulty: Faulty) -> None:
    address = f"{faulty.url}/schema"
    assert check({"$ref": address}, {"a": 1}) == []
    assert check({"$id": address, "properties": {"a": {"$ref": "other"}}}, {"a": 1}) == []
    assert check({"$schema": address, "required": ["b"]}, {"a": 1}) == [Misfit("b", REQUIRED)]
    assert faulty.requests == []


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/$defs/none"},
        {"$ref": 5},
        {"$id": "http://[", "$ref": "x"},
        {"type": "no such type"},
        {"type": 5},
        {"type": []},
        {"properties": 5},
        {"properties": {"a": 5}},
        {"required": 5},
        {"items": 5, "properties": {"a": {"items": 5}}},
        {"properties": {"a": {"multipleOf": 0}}},
        {"properties": {"a": {"minimum": "x"}}},
        {"allOf": 5},
        {"minProperties": "x"},
        {"$schema": [], "minProperties": "x"},
    ],
)
def test_a_schema_that_is_wrong_is_left_to_the_api(schema: dict[str, Any]) -> None:
    assert check(schema, {"a": 1}) == []


def test_older_drafts_are_read_as_such() -> None:
    schema = {"properties": {"a": {"minimum": 5, "exclusiveMinimum": True}}}
    assert check({"$schema": "http://json-schema.org/draft-04/schema#", **schema}, {"a": 5}) == [
        Misfit("a", "This has to be at least 5.")
    ]
    assert check(schema, {"a": 5}) == []


def test_the_work_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = {"properties": {"a": {"items": {"type": "integer"}}}}
    value = {"a": [*range(1_000), "x"]}
    assert check(schema, value) == [Misfit("a.1000", "This has to be a whole number.")]
    monkeypatch.setattr(schema_check, "STEPS", 1_000)
    assert check(schema, value) == []


def test_what_stands_in_a_keyword_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = {"properties": {"a": {"items": {"enum": list(range(100))}}}}
    monkeypatch.setattr(schema_check, "STEPS", 1_000)
    assert check(schema, {"a": [5, -1]}) != []
    assert check(schema, {"a": [5] * 20 + [-1]}) == []


def test_branches_that_multiply_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_check, "STEPS", 20_000)
    levels = {f"l{number}": {"allOf": [{"$ref": f"#/$defs/l{number + 1}"}] * 2} for number in range(60)}
    schema = {"$ref": "#/$defs/l0", "$defs": {**levels, "l60": {"required": ["b"]}}}
    assert check(schema, {"a": 1}) == []


def test_names_that_the_library_passes_over_are_counted_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = {"properties": {"a": {"items": {f"x{number}": 1 for number in range(100)}}}, "required": ["b"]}
    assert check(schema, {"a": [1] * 50}) == [Misfit("b", REQUIRED)]
    monkeypatch.setattr(schema_check, "LOOPS", 1_000)
    assert check(schema, {"a": [1] * 50}) == []


def test_many_equal_items_are_found_without_comparing_each_with_each() -> None:
    items = [{"n": number} for number in range(50_000)]
    schema = {"properties": {"a": {"uniqueItems": True}}}
    assert check(schema, {"a": items}) == []
    assert check(schema, {"a": [*items, items[0]]}) == [Misfit("a", "No two items may be equal.")]


def test_only_so_many_misfits_are_told() -> None:
    schema = {"properties": {"a": {"items": {"type": "string"}}}}
    assert len(check(schema, {"a": list(range(1_000))})) == misfits.MISFITS
    assert len(check({"additionalProperties": False}, {str(one): 1 for one in range(1_000)})) == misfits.MISFITS


def test_words_are_bounded_and_printable() -> None:
    long = "\x1b[31m" + "x" * 100_000
    schema = {"properties": {"a": {"enum": [long] * 5}, "b": {"const": long}}, "required": [long]}
    for one in check(schema, {"a": 1, "b": 1}):
        assert len(one.words) < 300
        assert len(one.path) < 300
        assert "\x1b" not in one.words + one.path


@given(hostile.objects(KEYWORDS), hostile.objects(["a", "b"]))
def test_no_schema_and_no_input_is_too_much(schema: dict[str, Any], given: dict[str, Any]) -> None:
    for some in (schema, {"properties": {"a": schema}, "$defs": {"a": schema}}):
        for one in check(some, given):
            assert len(one.words) < 1_200


@pytest.mark.parametrize(
    ("limit", "value"), [("SCHEMA_LIMIT", 100), ("SECONDS", -1.0), ("STEPS", 50), ("LOOPS", 50), ("WEIGHT", 400)]
)
def test_beyond_each_limit_it_is_left_to_the_api(monkeypatch: pytest.MonkeyPatch, limit: str, value: float) -> None:
    schema = {"type": "object", "properties": {"a": {"maxItems": 1, "items": {}}, "b": {"description": "b" * 100}}}
    given = {"a": [0] * 100}
    assert check(schema, given) == [Misfit("a", "This has to have at most 1 items.")]
    monkeypatch.setattr(schema_check, limit, value)
    assert check(schema, given) == []
