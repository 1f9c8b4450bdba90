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
from typing import Any

import jsonschema
from jsonschema.exceptions import ValidationError
from referencing import Registry

from executions.services import text
from executions.services.misfits import MISFITS, Misfit, misfits
from executions.services.schemas import SCHEMA_LIMIT

STEPS = 1_000_000
"""Keywords looked at, and the size of what stands in them, before the check gives up."""
SECONDS = 1.0
LOOPS = 20_000_000
"""The library's own steps between two keywords: the widest part of the schema times the parts of the input."""
WEIGHT = 2_000_000_000
"""The widest part of the schema times the bytes of the input: the library puts the input into each error's words."""
_LEFT_OUT = ("pattern", "patternProperties", "unevaluatedProperties", "unevaluatedItems", "format", "propertyNames")
_LOOPING = ("items", "additionalItems", "contains", "additionalProperties", "dependentSchemas")
"""Keywords that look at each part of the input, also where nothing that is counted follows."""
_LEFT_OUT_REFERENCES = ("$dynamicRef", "$recursiveRef")
_Check = Callable[[Any, Any, Any, Any], Iterable[ValidationError] | None]


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
            found |= dict.fromkeys(misfits(error))
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
