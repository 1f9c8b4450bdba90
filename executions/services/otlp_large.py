"""A span in OpenTelemetry's JSON, whatever its size: of a large one what can be read at once, and what is missing."""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from executions.services import large, text
from executions.upstream.types import EMPTY


class _Span(Struct, rename="camel"):
    trace_id: Raw = EMPTY
    span_id: Raw = EMPTY
    parent_span_id: Raw = EMPTY
    trace_state: Raw = EMPTY
    name: Raw = EMPTY
    kind: Raw = EMPTY
    start_time_unix_nano: Raw = EMPTY
    end_time_unix_nano: Raw = EMPTY
    status: Raw = EMPTY
    dropped_attributes_count: Raw = EMPTY
    dropped_events_count: Raw = EMPTY
    dropped_links_count: Raw = EMPTY
    attributes: Raw = EMPTY
    events: Raw = EMPTY
    links: Raw = EMPTY


class _Value(Struct, rename="camel"):
    string_value: Raw = EMPTY


class _Attribute(Struct):
    key: str
    value: Raw = EMPTY


_NAMES = dict(zip(_Span.__struct_encode_fields__, _Span.__struct_fields__, strict=True))
_LISTS = {"attributes": "droppedAttributesCount", "events": "droppedEventsCount", "links": "droppedLinksCount"}


def span(raw: Raw) -> dict[str, Any] | None:
    """The span decoded; None for what is none. A large one says in OpenTelemetry's own way how much was dropped."""
    if large.size(raw) <= large.LIMIT:
        found = text.decode(raw)
        return found if isinstance(found, dict) else None
    try:
        known = msgspec.json.decode(raw, type=_Span)
    except large.UNREADABLE:
        return None
    parts = {name: getattr(known, field) for name, field in _NAMES.items()}
    made = {name: text.decode(part) for name, part in parts.items() if 0 < large.size(part) <= large.VALUE_LIMIT}
    for name, count in _LISTS.items():
        made[name], dropped = _some(parts[name])
        if dropped:
            before = made.get(count)
            made[count] = dropped + (before if isinstance(before, int) and before > 0 else 0)
    return made


def _some(raw: Raw) -> tuple[list[Any], int]:
    """As much of a list as there is room for, and how many are not in it."""
    listed, room = large.values(raw), large.LIMIT
    found: list[Any] = []
    for one in listed:
        size = large.size(one)
        room -= min(size, large.START)
        if room < 0:
            break
        found.append(text.decode(one) if size <= large.VALUE_LIMIT else _start(one))
    unread = not listed and large.size(raw) > large.LIMIT
    return found, len(listed) - len(found) + unread


def _start(raw: Raw) -> dict[str, Any]:
    """A large attribute, its value cut. Of a large event or link nothing is left but that it was there."""
    try:
        found = msgspec.json.decode(raw, type=_Attribute)
        kept = msgspec.json.decode(found.value, type=_Value).string_value
    except large.UNREADABLE:
        return {}
    return {"key": found.key, "value": {"stringValue": large.start(kept if large.size(kept) else found.value)}}
