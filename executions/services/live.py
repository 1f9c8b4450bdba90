"""A live row's HTML, from the same template as the page's rows. Safe to call from any thread."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.template.loader import render_to_string

from executions.services import events, logs
from executions.upstream.sse import ServerEvent
from executions.upstream.types import LogRecord, StreamEvent


@dataclass(frozen=True, slots=True)
class LiveRow:
    html: str
    time: datetime | None


def log_row(event: ServerEvent) -> LiveRow:
    """A `log` message of the log stream; one that is not a record shows as it came."""
    try:
        record = msgspec.json.decode(event.data, type=LogRecord, strict=False)
    except (msgspec.DecodeError, RecursionError):
        record = LogRecord(body=event.data, severity_text="unreadable")
    line = logs.row(record)
    return LiveRow(render_to_string("executions/_log_row.html", {"line": line}), line.time)


def event_row(event: ServerEvent) -> LiveRow:
    """A message of the event stream; one that is not an event shows as it came."""
    try:
        row = events.row(msgspec.json.decode(event.data, type=StreamEvent, strict=False).data)
    except (msgspec.DecodeError, RecursionError):
        row = events.unreadable(event.id, event.data)
    return LiveRow(render_to_string("executions/_event_row.html", {"event": row}), row.time)
