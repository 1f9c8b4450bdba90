"""A live row's HTML, from the same template as the page's rows. Safe to call from any thread."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec

from executions.services import events, logs, text
from executions.services.moulds import Mould
from executions.upstream.sse import ServerEvent
from executions.upstream.types import LogRecord, StreamEvent

LARGE = 64 * 1024
"""Characters of a message above which large values in it stay the JSON text that they are.

Rows are made on the event loop, and a megabyte of small values takes 0.3 s to decode.
"""
LARGE_VALUE = 1_000
MOST_VALUES = 50
_LOG_ROW = Mould("executions/_log_row.html", "line", logs.LogRow.__slots__)
_EVENT_ROW = Mould("executions/_event_row.html", "event", events.StreamRow.__slots__)
_UNREADABLE = (msgspec.DecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class LiveRow:
    html: str
    time: datetime | None


def log_row(event: ServerEvent) -> LiveRow:
    """A `log` message of the log stream; one that is not a record shows as it came."""
    try:
        content = _lightened(event.data, "log_attributes")
        line = logs.row(msgspec.json.decode(content, type=LogRecord, strict=False))
    except _UNREADABLE:
        line = logs.row(LogRecord(body=event.data, severity_text="unreadable"))
    return LiveRow(_LOG_ROW.html(line), line.time)


def event_row(event: ServerEvent) -> LiveRow:
    """A message of the event stream; one that is not an event shows as it came."""
    try:
        content = _lightened(event.data, "data", "attributes")
        row = events.row(msgspec.json.decode(content, type=StreamEvent, strict=False).data)
    except _UNREADABLE:
        row = events.unreadable(event.id, event.data)
    return LiveRow(_EVENT_ROW.html(row), row.time)


def _lightened(data: str, *path: str) -> str | bytes:
    """A message that is quick to decode: if it is large, the values at `path` are cut. Raises DecodeError."""
    return data if len(data) <= LARGE else _cut(data, path)


def _cut(content: str | msgspec.Raw, path: tuple[str, ...]) -> bytes:
    values: dict[str, Any] = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    if path:
        name, *rest = path
        if name in values:
            values[name] = msgspec.Raw(_cut(values[name], tuple(rest)))
        return msgspec.json.encode(values)
    return msgspec.json.encode({name: _short(value) for name, value in islice(values.items(), MOST_VALUES)})


def _short(value: msgspec.Raw) -> Any:
    """A small value; the start of a large one's text."""
    return value if len(bytes(value)) <= LARGE_VALUE else bytes(value)[: 2 * text.PAYLOAD_LIMIT].decode(errors="ignore")
