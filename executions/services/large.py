"""Objects in JSON that may be as large as an answer of the API's: of a large one, as much as can be read at once.

A decoder holds up all other threads for its whole call. It passes over what it need not decode a hundred times faster,
so that what is small in a large object is there whole, and of what is large the start.
"""

from typing import Any

import msgspec
from msgspec import Raw

from executions.services import text

LIMIT = text.RAW_LIMIT
"""Bytes of an object that is decoded as it is, and of what is kept of another one."""
VALUE_LIMIT = 64 * 1024
"""Of a value of a large object that is decoded."""
START = 2 * text.PAYLOAD_LIMIT
"""Of a large value, what is kept."""
MOST = 20_000
"""Names in a large object, at any depth."""
MOST_OBJECTS, MOST_COMMAS = 200_000, 2_000_000
"""In a large list, at any depth: it has no more values than that."""
_NAMED = (b'":', b'" :', b'"\t:', b'"\n:', b'"\r:')
"""How a name may be written."""
REST = "…"
"""The name under which it says what is left out."""
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def size(raw: Raw) -> int:
    return memoryview(raw).nbytes


def members(raw: Raw) -> dict[str, Any]:
    """An object's members; nothing for null, and what is no object as the value of `value`."""
    if size(raw) <= LIMIT:
        found = text.decode(raw)
        return found if isinstance(found, dict) else {} if found is None else {"value": found}
    named = _named(bytes(raw))
    if named is None:
        return {"value": start(raw), REST: f"This is the start of {size(raw):,} bytes."}
    kept: dict[str, Any] = {}
    room = LIMIT
    for name, value in named.items():
        room -= min(size(value), START) + len(name)
        if room < 0:
            return kept | {REST: f"{len(named) - len(kept):,} more are left out."}
        kept[name] = text.decode(value) if size(value) <= VALUE_LIMIT else start(value)
    return kept


def _named(content: bytes) -> dict[str, Raw] | None:
    """The object's members undecoded; None for something else, or where that too would take long."""
    if sum(map(content.count, _NAMED)) > MOST:
        return None
    try:
        return msgspec.json.decode(content, type=dict[str, Raw])
    except UNREADABLE:
        return None


def values(raw: Raw) -> list[Raw]:
    """A list's values undecoded; none where it is not one, or where even that would take long."""
    if size(raw) > LIMIT:
        content = bytes(raw)
        if content.count(b"{") > MOST_OBJECTS or content.count(b",") > MOST_COMMAS:
            return []
    try:
        return msgspec.json.decode(raw, type=list[Raw] | None) or []
    except UNREADABLE:
        return []


def start(raw: Raw) -> str:
    """The start of a large value: of a text as it reads, of anything else as JSON."""
    content = bytes(memoryview(raw)[:START])
    if content.startswith(b'"'):
        # An escape, or a character, may be cut in two.
        for end in range(len(content), len(content) - 12, -1):
            try:
                return msgspec.json.decode(content[:end] + b'"', type=str) + "…"
            except UNREADABLE:
                continue
    return content.decode(errors="ignore") + "…"
