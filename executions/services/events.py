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


def _payload(value: Any) -> Any:
    """The value inside a payload, or what keeps us from reading it."""
    if not isinstance(value, dict) or "value" not in value:
        return value
    options = [str(option) for option in value.get("encoding_options") or []]
    return f"({', '.join(options)})" if options else value["value"]


def _note(attributes: dict[str, Any]) -> str:
    failure = attributes.get("failure")
    if isinstance(failure, dict):
        attempt = attributes.get("attempt")
        return text.one_line(f"attempt {attempt}: " * bool(attempt) + str(failure.get("message", "")))
    for key in ("payload", "result", "input"):
        if attributes.get(key) is not None:
            return text.one_line(_payload(attributes[key]))
    return text.one_line(attributes.get("reason") or attributes.get("timeout_type"))


def row(event: WorkflowEvent) -> StreamRow:
    kind = text.clean(event.event_type or "—", 60)
    decoded = text.decode(event.attributes)
    attributes = decoded if isinstance(decoded, dict) else {}
    name = attributes.get("activity_name") or attributes.get("custom_task_type") or attributes.get("workflow_name")
    return StreamRow(
        id=text.clean(event.event_id or "", 100),
        time=text.parse_time(event.event_timestamp),
        kind=kind,
        group=next((group for start, group in _GROUPS if kind.startswith(start)), "other"),
        name=text.clean(name or event.workflow_name or "", 120),
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
    return StreamRow(event_id, None, "UNREADABLE", "other", "", text.one_line(data), True, text.clean(data, 5_000))
