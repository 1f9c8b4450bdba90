"""What an operator gives a workflow: JSON from a form's field, checked before anything is sent."""

import json
import re
from typing import Any

import msgspec

INPUT_LIMIT = 2 * 1024 * 1024
"""Bytes of JSON that may be sent to a workflow."""
NAME_LIMIT = 500
"""Characters of a signal's, query's or update's name."""
DEPTH_LIMIT = 200
"""Levels of nesting in it: far below where writing it as JSON would fail."""
_TOO_DEEP = "The input is nested too deeply."
_HALF = "The input has half a character (a lone surrogate), which cannot be sent."
_NOT_A_NUMBER = re.compile(rb"-?(NaN|Infinity)")
_HALF_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)


def read_input(source: str) -> dict[str, Any] | None:
    """The JSON object in a form's input field; None for an empty field. ValueError says what is wrong."""
    if not source.strip():
        return None
    try:
        # Browsers send a line feed as two characters.
        encoded = source.replace("\r\n", "\n").encode()
    except UnicodeEncodeError:
        raise ValueError(_HALF) from None
    if len(encoded) > INPUT_LIMIT:
        raise ValueError(f"The input is larger than 2 MB: it has {len(encoded):,} bytes.")
    try:
        value = msgspec.json.decode(encoded)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except msgspec.DecodeError as error:
        raise ValueError(_why(encoded, str(error))) from None
    if not isinstance(value, dict):
        raise ValueError('The input is not a JSON object: write it as {"name": "value"}.')
    level = [value]
    for _ in range(DEPTH_LIMIT):
        level = [child for one in level for child in (one.values() if isinstance(one, dict) else one) if _nests(child)]
    if level:
        raise ValueError(_TOO_DEEP)
    return value


def _why(encoded: bytes, words: str) -> str:
    """What is wrong with a text that is not JSON, and where."""
    if "out of range" in words:
        return "The input has a number that is too large."
    found = re.fullmatch(r"JSON is malformed: (.*) \(byte (\d+)\)", words)
    if "surrogate" in words or (not found and _HALF_ESCAPE.search(encoded)):
        return _HALF
    if not found:
        return f"The input is not JSON: it ends too early at {_line(encoded)}."
    position = int(found[2])
    if _NOT_A_NUMBER.match(encoded, position) or _NOT_A_NUMBER.match(encoded, position - 1):
        return f"NaN and Infinity are not JSON: found at {_place(encoded, position)}."
    return f"The input is not JSON: {found[1]} at {_place(encoded, position)}."


def _place(encoded: bytes, position: int) -> str:
    source = encoded.decode()
    try:
        json.loads(source)
    except json.JSONDecodeError as error:
        # Python's own decoder takes more, but where it does not, it knows the place better.
        return f"line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError):
        pass
    return _line(encoded[:position])


def _line(before: bytes) -> str:
    """The place that comes after a text, as a person finds it in an editor."""
    lines = before.decode(errors="ignore").split("\n")
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"


def _nests(value: Any) -> bool:
    return isinstance(value, dict | list)
