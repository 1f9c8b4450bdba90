"""Text and times from upstream, made fit for a page: bounded, without control characters, never trusted."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from executions.upstream.errors import CONTROLS, printable

RAW_LIMIT = 1024 * 1024
"""Bytes of JSON above which it is not decoded to be shown: a decoder holds up all threads for its whole call."""
PAYLOAD_LIMIT = 20_000
"""Characters of a payload that a page shows; the rest is there as a download."""
INDENT_LIMIT = 16 * 1024 * 1024
"""Spaces that indenting a payload may add."""
UNPRINTABLE = "(cannot be shown)"
_PARTS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
# What can go wrong in printing a value that was decoded: nested too deeply, or a number too long to write.
_PRINTING = (RecursionError, TypeError, ValueError, OverflowError, msgspec.MsgspecError)


def clean(text: object, limit: int = 500) -> str:
    """`text` without terminal escapes, control characters and direction overrides, cut at `limit` characters."""
    try:
        raw = str(text)
    except _PRINTING:
        return UNPRINTABLE
    shown = printable(raw[: limit * 2])
    return shown if len(shown) <= limit and len(raw) <= limit * 2 else shown[:limit] + "…"


def is_printable(text: str) -> bool:
    """Whether there is nothing in it that `clean` takes away."""
    return printable(text) == text


def escaped(json: str) -> str:
    """The same JSON with escapes for what must not reach a page or a terminal, such as direction overrides."""
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def label(value: object, limit: int = 120) -> str:
    """A name from upstream; nothing where upstream gave something else than text or a number."""
    return clean(value, limit) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def parse_time(value: object) -> datetime | None:
    """Upstream's time, ISO or nanoseconds since 1970, as an aware datetime; None for anything else."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1e9, UTC)
        if isinstance(value, str) and value.isdecimal():
            return datetime.fromtimestamp(int(value) / 1e9, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return parse_iso(value) if isinstance(value, str) else None


def parse_iso(value: str) -> datetime | None:
    """An ISO time, such as a person writes, as an aware datetime; one without a zone is UTC. None for anything else."""
    if not value or value.isdecimal():
        return None
    try:
        # What is finer than microseconds is cut off.
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def moved(moment: datetime, by: timedelta) -> datetime:
    """The moment so much later; the last or the first that can be written where that is beyond it."""
    try:
        return moment + by
    except OverflowError:
        return (datetime.max if by > timedelta() else datetime.min).replace(tzinfo=UTC)


def decode(raw: msgspec.Raw | bytes) -> Any:
    """The value of a JSON text; None for an empty one, and the text itself if it cannot be decoded."""
    if not bytes(raw):
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return bytes(raw).decode(errors="replace")


def encode(value: Any) -> bytes:
    """A decoded value as compact JSON again, to search or to digest; nothing for one that cannot be printed."""
    try:
        return msgspec.json.encode(value)
    except _PRINTING:
        return b""


def indented(content: bytes) -> bytes:
    """JSON indented for reading; as it is where that would be too much. What is deep and long grows a thousandfold."""
    lines = sum(content.count(one) for one in (b"[", b"{", b","))
    brackets = content.count(b"[") + content.count(b"{")
    if 2 * lines * brackets > INDENT_LIMIT and _indentation(content) > INDENT_LIMIT:
        return content
    return msgspec.json.format(content, indent=2)


def _indentation(content: bytes) -> int:
    """The spaces that indenting would add; counted no further than the limit."""
    depth = spaces = 0
    for found in _PARTS.finditer(content):
        match found[0]:
            case b"[" | b"{":
                depth += 1
            case b"]" | b"}":
                depth -= 1
            case b",":
                pass
            case _:
                continue
        spaces += 2 * depth
        if spaces > INDENT_LIMIT:
            break
    return spaces


def pretty(value: Any, limit: int = PAYLOAD_LIMIT) -> str:
    """A value as indented JSON for a page. One that cannot be printed is said, not shown."""
    try:
        text = indented(msgspec.json.encode(value)).decode()
    except _PRINTING:
        return UNPRINTABLE
    return clean(text, limit)


def pretty_raw(raw: msgspec.Raw | bytes) -> str:
    """A JSON text as indented JSON for a page; a large one only in part, as it is. Empty for nothing."""
    content = bytes(raw)
    if len(content) > RAW_LIMIT:
        return clean(content[: 2 * PAYLOAD_LIMIT].decode(errors="replace"), PAYLOAD_LIMIT)
    return pretty(decode(content)) if content else ""


def one_line(value: Any, limit: int = 160) -> str:
    """A value on one line, for a row."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(" ".join(value[: limit * 4].split()), limit)
    return clean(encode(value)[: limit * 4].decode(errors="ignore") or UNPRINTABLE, limit)
