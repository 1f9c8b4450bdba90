"""Temporal's JSON, read with care: an event's attributes, payloads, and chains of failures.

Nothing here raises, whatever the shape: the API's schema of a history says "anything".
"""

import base64
from typing import Any

import msgspec

from executions.services import text

_PLAIN = ("json/plain", "json/protobuf", "binary/plain", "binary/null", "binary/protobuf", "binary/encrypted")

PAYLOADS = 100
"""Of several payloads, how many are looked at for what they are."""


def attributes(event: dict[str, Any]) -> dict[str, Any]:
    """What stands in an event's `<type>EventAttributes`."""
    for key, value in event.items():
        if key.endswith("EventAttributes") and isinstance(value, dict):
            return value
    return {}


def activity_id(value: object) -> str:
    """An activity's id as a history, a span or an announced event has it: cut alike, so that they can be compared."""
    return text.label(value, 200)


def payload(value: Any) -> Any:
    """The value in a payload, or in a list of payloads; in words, where it cannot be read. Other values as they are.

    The API decodes payloads when asked to, but leaves those that it cannot decode as they are.
    """
    if isinstance(value, dict) and isinstance(value.get("payloads"), list):
        values = [payload(item) for item in value["payloads"]]
        return values[0] if len(values) == 1 else values
    if not isinstance(value, dict) or not isinstance(value.get("metadata"), dict):
        return value
    encoding = _encoding(value["metadata"].get("encoding"))
    return _value(encoding, value.get("data")) if encoding else value


def unreadable(value: Any) -> list[str]:
    """The encodings of those payloads, of one or of several, that cannot be read: of encrypted ones, for example."""
    if isinstance(value, dict) and isinstance(value.get("payloads"), list):
        return list(dict.fromkeys(found for one in value["payloads"][:PAYLOADS] for found in _unreadable(one)))
    return _unreadable(value)


def _unreadable(value: Any) -> list[str]:
    metadata = value.get("metadata") if isinstance(value, dict) else None
    encoding = _encoding(metadata.get("encoding")) if isinstance(metadata, dict) else ""
    return [] if not encoding or encoding.startswith("json/") or encoding == "binary/null" else [encoding]


def _encoding(source: object) -> str:
    """The payload's encoding, such as `json/plain`; Temporal's JSON has it in base64."""
    if not isinstance(source, str):
        return ""
    if source in _PLAIN:
        return source
    try:
        found = base64.b64decode(source, validate=True).decode("ascii")
    except ValueError:
        found = source
    return text.clean(found, 60)


def _value(encoding: str, data: object) -> Any:
    if encoding == "binary/null":
        return None
    if not encoding.startswith("json/"):
        return f"({encoding})"
    if not isinstance(data, str):
        return data
    try:
        return msgspec.json.decode(base64.b64decode(data, validate=True))
    except (ValueError, RecursionError):
        return f"({encoding}, but not JSON)"


def shown(value: Any) -> str:
    """A payload, or several, on one line."""
    found = payload(value)
    if found == []:
        return ""
    return "null" if found is None else text.one_line(found)


def chain(failure: dict[str, Any]) -> list[dict[str, Any]]:
    """A failure and its causes, the deepest last."""
    found = [failure]
    while isinstance(found[-1].get("cause"), dict):
        found.append(found[-1]["cause"])
    return found


def message(failure: dict[str, Any], limit: int = 500) -> str:
    """A failure's message; empty if it has none."""
    words = failure.get("message")
    return text.clean(words, limit) if isinstance(words, str) else ""


def stack(chain: list[dict[str, Any]], limit: int = 10_000) -> str:
    """The stack trace of the deepest failure in a chain that has one; empty if none has."""
    found = (one.get("stackTrace") for one in reversed(chain))
    return text.clean(next((one for one in found if isinstance(one, str) and one), ""), limit)


def number(value: object) -> int:
    """An event id, which Temporal's JSON has as text; 0 for anything else."""
    digits = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return int(digits) if digits.isdecimal() and len(digits) <= 18 else 0
