"""Values as OpenTelemetry's JSON writes them, made plain, and made what OTLP wants. All of them may be anything."""

import base64
import binascii
import re
from typing import Any

from executions.services import spans, text

DEEPEST = 20
"""Levels of an attribute's value; what is deeper becomes text."""
_HEX = re.compile("[0-9a-f]+")
_EACH: dict[str, tuple[type, ...]] = {
    "stringValue": (str,),
    "boolValue": (bool,),
    "doubleValue": (int, float, str),
    "bytesValue": (str,),
}


def hex_id(value: object, size: int) -> str:
    """An id of so many bytes in hex, from hex (leading zeros may be missing) or base64; empty where it is neither."""
    if not isinstance(value, str) or not value:
        return ""
    if value.endswith("="):
        try:
            decoded = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return ""
        return decoded.hex() if len(decoded) == size and any(decoded) else ""
    found = value.lower().zfill(2 * size)
    return found if len(found) == 2 * size and _HEX.fullmatch(found) and found.strip("0") else ""


def enumerated(value: object, names: tuple[str, ...]) -> int:
    if isinstance(value, str):
        return next((place for place, name in enumerate(names) if value.upper().endswith(name)), 0)
    return value if isinstance(value, int) and 0 <= value < len(names) else 0


def nano(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 30:
        value = int(value)
    return spans.nano(value) if isinstance(value, int) and not isinstance(value, bool) else None


def is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def dict_of(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in _list(value) if isinstance(one, dict)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def attributes(found: object) -> list[dict[str, Any]]:
    return [
        {"key": one["key"], "value": _value(one.get("value"), 0)}
        for one in dicts(found)
        if isinstance(one.get("key"), str)
    ]


def _value(value: object, depth: int) -> dict[str, Any]:
    """One of OTLP's values: of the fields it may have, the one that is not null."""
    if depth > DEEPEST or not isinstance(value, dict):
        return {} if value is None else {"stringValue": text.encode(value).decode()}
    for name, kind in _EACH.items():
        if isinstance(value.get(name), kind):
            return {name: value[name]}
    if is_number(number := value.get("intValue")) or isinstance(number, str):
        return {"intValue": str(number)}
    if isinstance(array := value.get("arrayValue"), dict):
        return {"arrayValue": {"values": [_value(one, depth + 1) for one in _list(array.get("values"))]}}
    if isinstance(pairs := value.get("kvlistValue"), dict):
        below = [one for one in dicts(pairs.get("values")) if isinstance(one.get("key"), str)]
        return {
            "kvlistValue": {
                "values": [{"key": one["key"], "value": _value(one.get("value"), depth + 1)} for one in below]
            }
        }
    return {}


def plain_attributes(found: object, depth: int = 0) -> dict[str, Any]:
    return {str(one.get("key")): _plain(one.get("value"), depth) for one in dicts(found)}


def _plain(value: object, depth: int) -> Any:
    """What an OTLP value says, as JSON has it."""
    if not isinstance(value, dict) or depth > DEEPEST:
        return value
    made = _value({name: one for name, one in value.items() if name not in {"arrayValue", "kvlistValue"}}, 0)
    if "intValue" in made and re.fullmatch(r"-?\d{1,30}", made["intValue"]):
        return int(made["intValue"])
    if made:
        return next(iter(made.values()))
    if isinstance(array := value.get("arrayValue"), dict):
        return [_plain(one, depth + 1) for one in _list(array.get("values"))]
    if isinstance(pairs := value.get("kvlistValue"), dict):
        return plain_attributes(pairs.get("values"), depth + 1)
    return None
