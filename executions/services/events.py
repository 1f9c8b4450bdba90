"""Events of the stream: the workflow's own announcements as rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from executions.services import text
from executions.upstream.types import WorkflowEvent

PAGE_SIZE = 100
_GROUPS = (
    ("WORKFLOW_EXECUTION", "workflow"),
    ("WORKFLOW_TASK", "task"),
    ("ACTIVITY", "activity"),
    ("CUSTOM", "custom"),
)
GROUPS = ("workflow", "activity", "custom", "task", "other")


@dataclass(frozen=True, slots=True)
class StreamRow:
    id: str
    """The event's own id, the same in the stream and in the paged list."""
    time: datetime | None
    kind: str
    group: str
    name: str
    note: str
    failed: bool
    json: str


def _payload(value: Any) -> str:
    """The value inside a payload on one line, or what keeps us from reading it."""
    if not isinstance(value, dict) or "value" not in value:
        return text.one_line(value)
    options = value.get("encoding_options")
    if options:
        named = ", ".join(text.label(option, 40) for option in options[:5]) if isinstance(options, list) else ""
        return f"({named or 'encoded'})"
    return "null" if value["value"] is None else text.one_line(value["value"])


def _note(attributes: dict[str, Any]) -> str:
    failure = attributes.get("failure")
    if isinstance(failure, dict):
        attempt = text.label(attributes.get("attempt"), 10)
        message = text.one_line(failure.get("message"))
        return f"attempt {attempt}: {message}" if attempt else message
    for key in ("payload", "result", "input"):
        if attributes.get(key) is not None:
            return _payload(attributes[key])
    return text.one_line(attributes.get("reason") or attributes.get("timeout_type"))


def row(event: WorkflowEvent) -> StreamRow:
    kind = text.clean(event.event_type or "—", 60)
    decoded = text.decode(event.attributes)
    attributes = decoded if isinstance(decoded, dict) else {}
    names = (text.label(attributes.get(key)) for key in ("activity_name", "custom_task_type", "workflow_name"))
    return StreamRow(
        id=text.clean(event.event_id or "", 100),
        time=text.parse_time(event.event_timestamp),
        kind=kind,
        group=next((group for start, group in _GROUPS if kind.startswith(start)), "other"),
        name=next(filter(None, names), text.clean(event.workflow_name or "", 120)),
        note=_note(attributes),
        failed="FAILED" in kind or "TIMED_OUT" in kind or "RETRYING" in kind,
        json=text.pretty(decoded),
    )


def matching(rows: list[StreamRow], *, groups: list[str], query: str) -> list[StreamRow]:
    """The events of these groups (all, if none is given) that contain the text."""
    wanted = query.casefold()
    return [
        event
        for event in rows
        if (not groups or event.group in groups)
        and (not wanted or wanted in f"{event.kind} {event.name} {event.json}".casefold())
    ]


def unreadable(event_id: str, data: str) -> StreamRow:
    """A message that is not an event in the API's shape: shown as it came."""
    shown = text.clean(data, 5_000)
    return StreamRow(text.clean(event_id, 100), None, "UNREADABLE", "other", "", text.one_line(data), True, shown)
