"""Text and times from upstream, made fit for a page: bounded, without control characters, never trusted."""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

# Terminal escape sequences whole, then what is left of the control characters except tab and line feed.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
PAYLOAD_LIMIT = 20_000
"""Characters of a payload that a page shows; the rest is there as a download."""


def clean(text: object, limit: int = 500) -> str:
    """`text` without terminal escapes, control characters and direction overrides, cut at `limit` characters."""
    raw = str(text)
    shown = _CONTROLS.sub("", _ESCAPES.sub("", raw[: limit * 2]))
    return shown if len(shown) <= limit and len(raw) <= limit * 2 else shown[:limit] + "…"


def parse_time(value: object) -> datetime | None:
    """An ISO time, or nanoseconds since 1970, as an aware datetime; None for anything else."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1e9, UTC)
        if not isinstance(value, str) or not value:
            return None
        if value.isdigit():
            return datetime.fromtimestamp(int(value) / 1e9, UTC)
        # Nanoseconds are more than datetime holds: cut to microseconds.
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def decode(raw: msgspec.Raw | bytes) -> Any:
    """The value of a JSON text; None for an empty one, and the text itself if it is not JSON."""
    if not bytes(raw):
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return bytes(raw).decode(errors="replace")


def pretty(value: Any, limit: int = PAYLOAD_LIMIT) -> str:
    """A value as indented JSON for a page. Nesting too deep to print is said, not shown."""
    try:
        text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    except (RecursionError, TypeError, ValueError, msgspec.DecodeError):
        return "(nested too deeply to show)"
    return clean(text, limit)


def one_line(value: Any, limit: int = 160) -> str:
    """A value on one line, for a row."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(" ".join(value[: limit * 4].split()), limit)
    try:
        return clean(msgspec.json.encode(value)[: limit * 4].decode(errors="ignore"), limit)
    except (RecursionError, TypeError, ValueError):
        return "…"
