"""An input checked against the schema that a workflow declares, before anything is sent.

The schema is not ours: it may be wrong, refer to itself, or be made to take for ever. So the work is counted, nothing
is fetched, and regular expressions are left out, since Python's know no time limit. What cannot be checked here is left
to the API, which checks again in any case.
"""

import functools
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

import jsonschema
from jsonschema.exceptions import ValidationError
from referencing import Registry

from executions.services import text
from executions.services.schemas import SCHEMA_LIMIT, numeral

STEPS = 1_000_000
"""Keywords looked at, and the size of what stands in them, before the check gives up."""
SECONDS = 1.0
LOOPS = 20_000_000
"""The library's own steps between two keywords: the widest part of the schema times the parts of the input."""
WEIGHT = 2_000_000_000
"""The widest part of the schema times the bytes of the input: the library puts the input into each error's words."""
MISFITS = 50
"""Of an input that are told."""
_LEFT_OUT = ("pattern", "patternProperties", "unevaluatedProperties", "unevaluatedItems", "format", "propertyNames")
_LOOPING = ("items", "additionalItems", "contains", "additionalProperties", "dependentSchemas")
"""Keywords that look at each part of the input, also where nothing that is counted follows."""
_LEFT_OUT_REFERENCES = ("$dynamicRef", "$recursiveRef")
_Check = Callable[[Any, Any, Any, Any], Iterable[ValidationError] | None]


@dataclass(frozen=True, slots=True)
class Misfit:
    """Where an input does not fit, as `items.0.price` (nothing for the whole), and what is wrong there."""

    path: str
    words: str


class _GaveUp(Exception):
    pass


class _Budget:
    def __init__(self) -> None:
        self.steps = STEPS
        self.until = time.monotonic() + SECONDS

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0 or time.monotonic() > self.until:
            raise _GaveUp


_budget: ContextVar[_Budget] = ContextVar("budget")


def check(schema: dict[str, Any] | None, value: dict[str, Any] | None) -> list[Misfit]:
    """Where the input does not fit the schema; an input left out is checked as an empty one.

    Empty where it fits, and where nobody here can tell.
    """
    given = {} if value is None else value
    if not schema or is_encoded(given) or not 0 < len(text.encode(schema)) <= SCHEMA_LIMIT:
        return []
    widest = _widest(schema)
    if widest * _parts(given) > LOOPS or widest * len(text.encode(given)) > WEIGHT:
        return []
    token = _budget.set(_Budget())
    try:
        validator = _validator(schema.get("$schema"))(schema, registry=Registry())
        # Branches may find the same thing again and again.
        found: dict[Misfit, None] = {}
        for error in validator.iter_errors(given):
            found |= dict.fromkeys(_misfits(error))
            if len(found) >= MISFITS:
                break
        return list(found)[:MISFITS]
    except Exception:
        # A schema that is wrong, or that takes too long: the library raises whatever it comes upon.
        return []
    finally:
        _budget.reset(token)


def is_encoded(value: dict[str, Any]) -> bool:
    """Whether an input is in the encoded form of workspaces that encrypt: the schema says nothing about that."""
    return "b64payload" in value and value.keys() <= {"b64payload", "encoding_options", "empty"}


def _parts(value: Any) -> int:
    """How many values there are in a value."""
    count, level = 1, [value]
    while level:
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]
        count += len(level)
    return count


def _widest(schema: Any) -> int:
    """The most names in one object, or items in one list, of a schema."""
    widest, level = 1, [schema]
    while level:
        widest = max(widest, *(len(one) for one in level if isinstance(one, dict | list)), 1)
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]
    return widest


@functools.cache
def _drafts() -> dict[str, Any]:
    """The library's drafts with every keyword counted."""
    known = [jsonschema.Draft4Validator, jsonschema.Draft6Validator, jsonschema.Draft7Validator]
    known += [jsonschema.Draft201909Validator, jsonschema.Draft202012Validator]
    return {str(one.ID_OF(one.META_SCHEMA)).rstrip("#"): _counted(one) for one in known}


def _validator(draft: Any) -> Any:
    named = draft.rstrip("#") if isinstance(draft, str) else ""
    return _drafts().get(named) or _drafts()["https://json-schema.org/draft/2020-12/schema"]


def _counted(validator: Any) -> Any:
    checks: dict[str, Any] = {
        name: _count(check, loops=name in _LOOPING)
        for name, check in validator.VALIDATORS.items()
        if name not in _LEFT_OUT
    }
    for name in (*_LEFT_OUT, *_LEFT_OUT_REFERENCES):
        if name in validator.VALIDATORS:
            checks[name] = _nothing
    checks["type"] = _count(_type(validator.VALIDATORS["type"]))
    checks["uniqueItems"] = _count(_unique)
    checks["additionalProperties"] = _count(_additional(validator.VALIDATORS["additionalProperties"]), loops=True)
    return jsonschema.validators.extend(validator, checks)  # type: ignore[no-untyped-call]


def _count(check: _Check, *, loops: bool = False) -> _Check:
    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Iterable[ValidationError]:
        looked_at = (value, instance) if loops else (value,)
        _budget.get().spend(1 + sum(len(one) for one in looked_at if isinstance(one, dict | list)))
        return check(validator, value, instance, schema) or ()

    return counted


def _nothing(validator: Any, value: Any, instance: Any, schema: Any) -> Iterable[ValidationError]:
    return ()


def _type(check: _Check) -> _Check:
    def type_(validator: Any, value: Any, instance: Any, schema: Any) -> Iterable[ValidationError]:
        # A list of no types would let nothing through.
        return () if value == [] else (check(validator, value, instance, schema) or ())

    return type_


def _additional(check: _Check) -> _Check:
    def additional(validator: Any, value: Any, instance: Any, schema: Any) -> Iterable[ValidationError]:
        # With patterns beside it, the library would search with them.
        return () if "patternProperties" in schema else (check(validator, value, instance, schema) or ())

    return additional


def _unique(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """The library's own compares each with each."""
    if value is True and isinstance(instance, list):
        _budget.get().spend(len(instance))
        if len({json.dumps(one, sort_keys=True) for one in instance}) < len(instance):
            yield ValidationError("has equal items")


_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_LIMITS = {
    "minimum": "This has to be at least {}.",
    "maximum": "This has to be at most {}.",
    "exclusiveMinimum": "This has to be more than {}.",
    "exclusiveMaximum": "This has to be less than {}.",
    "multipleOf": "This has to be a multiple of {}.",
    "minLength": "This has to have at least {} characters.",
    "maxLength": "This has to have at most {} characters.",
    "minItems": "This has to have at least {} items.",
    "maxItems": "This has to have at most {} items.",
}


def _misfits(error: ValidationError, above: str = "") -> Iterator[Misfit]:
    """What a reader needs of one error: about the part that is wrong, in our words."""
    path = join(above, *error.relative_path)
    name, value, schema = str(error.validator), cast(Any, error.validator_value), error.schema
    match name:
        case "required":
            # The library says one for each name that is missing; it quotes the name.
            missing = [one for one in value if f"{one!r} is a required property" == error.message]
            yield Misfit(join(path, *missing[:1]), "This is required.")
        case "additionalProperties" if value is False:
            known = schema.get("properties", {}) if isinstance(schema, dict) else {}
            for one in [one for one in cast(Any, error.instance) if one not in known][:MISFITS]:
                yield Misfit(join(path, one), "The workflow does not know this.")
        case "anyOf" | "oneOf" if inner := _branch(error):
            for one in inner:
                yield from _misfits(one, path)
        case "anyOf" | "oneOf" if types := _types(error):
            yield Misfit(path, _sentence("type", types))
        case _:
            yield Misfit(path, _sentence(name, value))


def _sentence(name: str, value: Any) -> str:
    if name in _LIMITS:
        return _LIMITS[name].format(numeral(value))
    match name:
        case "type":
            kinds = value if isinstance(value, list) else [value]
            words = "This has to be " + " or ".join(_TYPES.get(one, text.clean(one, 20)) for one in kinds) + "."
        case "enum":
            listed = ", ".join(text.one_line(one, 40) if one not in (None, "") else repr(one) for one in value[:20])
            words = f"This has to be one of: {listed}{', …' if len(value) > 20 else ''}."
        case "const":
            words = f"This has to be {text.one_line(value, 80) or 'null'}."
        case "uniqueItems":
            words = "No two items may be equal."
        case "anyOf" | "oneOf":
            words = "This has none of the forms that the workflow declares for it."
        case _:
            words = f"This does not fit what the workflow declares ({text.clean(name, 40)})."
    return words


def _branch(error: ValidationError) -> list[ValidationError]:
    """The errors of the one branch that was meant: the one that is not only of another type."""
    branches: dict[Any, list[ValidationError]] = {}
    for one in error.context or ():
        branches.setdefault(one.relative_schema_path[0], []).append(one)
    meant = [some for some in branches.values() if not any(_is_type(one) for one in some)]
    return meant[0] if len(meant) == 1 else []


def _types(error: ValidationError) -> list[Any]:
    """The types that the branches ask for, where that is all that is wrong."""
    inner = error.context or []
    return [one.validator_value for one in inner] if all(_is_type(one) for one in inner) else []


def _is_type(error: ValidationError) -> bool:
    return error.validator == "type" and not error.relative_path and isinstance(error.validator_value, str)


def join(*parts: str | int) -> str:
    """A place in an input as text: `items.0.price`."""
    return ".".join(text.clean(part, 200) for part in parts if part != "")
