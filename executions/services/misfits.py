"""Where an input does not fit its schema, in our words: the errors of the library that checks, told to a reader."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from jsonschema.exceptions import ValidationError

from executions.services import text
from executions.services.schema_values import numeral

MISFITS = 50
"""Of an input that are told."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Where an input does not fit, as `items.0.price` (nothing for the whole), and what is wrong there."""

    path: str
    words: str


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


def misfits(error: ValidationError, above: str = "") -> Iterator[Misfit]:
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
                yield from misfits(one, path)
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
