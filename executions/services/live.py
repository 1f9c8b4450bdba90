"""A live row's HTML, with the same template as the page's rows. Safe to call from any thread."""

import msgspec
from django.template.loader import render_to_string

from executions.services import events, logs
from executions.upstream.sse import ServerEvent
from executions.upstream.types import LogRecord, StreamEvent


def render_log(event: ServerEvent) -> str:
    """A `log` message of the log stream as a table row."""
    try:
        record = msgspec.json.decode(event.data, type=LogRecord, strict=False)
    except msgspec.DecodeError:
        record = LogRecord(body=event.data, severity_text="unreadable")
    return render_to_string("executions/_log_row.html", {"line": logs.row(record)})


def render_event(event: ServerEvent) -> str:
    """A message of the event stream as a table row."""
    try:
        found = msgspec.json.decode(event.data, type=StreamEvent, strict=False).data
    except msgspec.DecodeError:
        return render_to_string("executions/_event_row.html", {"event": events.unreadable(event.id, event.data)})
    return render_to_string("executions/_event_row.html", {"event": events.row(found)})
