"""What one JSON schema says by itself: of which kind a value is, which ones it lists, its default and its limits.

Nothing here trusts it: any keyword may have any value.
"""

from typing import Any

from executions.services import text

CHOICE_LIMIT = 100
VALUE_LIMIT = 10_000
"""Characters of a default that is filled in, and of all the values that a field chooses from."""
LONG_TEXT = 200
"""A text that may have more characters than this gets several lines."""


def is_closed(schema: dict[str, Any]) -> bool:
    """Whether a schema without properties is one of "nothing", which workers write in two ways."""
    return schema.get("additionalProperties") is False or schema.get("properties") == {}


def kind_of(schema: dict[str, Any]) -> str:
    values, type_ = listed(schema), schema.get("type")
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


def listed(schema: Any) -> list[Any] | None:
    """The values that a schema lists, if it lists them."""
    if not isinstance(schema, dict):
        return None
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    if isinstance(values, list) and values:
        return values
    return [True, False] if schema.get("type") == "boolean" else None


def as_json(value: Any) -> str:
    return text.escaped(text.encode(value).decode())


def words_for(value: Any) -> str:
    if isinstance(value, str) and value:
        return text.clean(value, 100)
    return text.one_line(value, 100) or as_json(value)


def default_of(schema: dict[str, Any]) -> str:
    """The default as JSON; nothing where there is none, or one that is too large to fill in."""
    if "default" not in schema:
        return ""
    found = as_json(schema["default"])
    return found if len(found) <= VALUE_LIMIT else ""


def help_of(schema: dict[str, Any]) -> str:
    found = schema.get("description")
    return found if isinstance(found, str) else ""


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_long(schema: dict[str, Any]) -> bool:
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


def bounds_of(schema: dict[str, Any]) -> str:
    """The limits in words: `at least 1, at most 10`."""
    limits = [(words, schema.get(name)) for name, words in _BOUNDS.items()]
    return ", ".join(words.format(numeral(limit)) for words, limit in limits if is_number(limit))


def numeral(value: Any) -> str:
    """A limit as a person writes it."""
    return f"{value:,}" if isinstance(value, int) and abs(value) < 10**15 else text.clean(value, 40)
