"""Events of the stream: the workflow's own announcements as rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from executions.services import statuses, temporal, text, wanted
from executions.services.time_range import TimeRange
from executions.upstream.types import WorkflowEvent

PAGE_SIZE = 100
_GROUPS = (
    ("WORKFLOW_EXECUTION", "workflow"),
    ("WORKFLOW_TASK", "task"),
    ("ACTIVITY", "activity"),
    ("CUSTOM", "custom"),
)
GROUPS = ("workflow", "activity", "custom", "task", "other")
CUSTOM_TASK = "CUSTOM_TASK_"
TASK_WORDS = {
    "Running": statuses.status("RUNNING"),
    "Completed": statuses.status("COMPLETED"),
    "Failed": statuses.status("FAILED"),
    "Timed out": statuses.status("TIMED_OUT"),
    "Canceled": statuses.status("CANCELED"),
    "Not finished": statuses.Status("", "Not finished", "unknown", True),
}
"""What is said of a custom task, as task.js has it; it looks as it does for an execution."""
ENCRYPTED = "__encrypted__"
"""The `type` of a value in a patch that only the workspace's own key opens."""
MOST_CHANGES = 5
"""Operations of a patch that a row's line tells."""


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
    task: str = ""
    """The id of a custom task, for the script that puts its events together."""
    task_type: str = ""
    step: str = ""
    """What the event says of its custom task: `started`, `in_progress`, `completed`, …"""
    activity: str = ""
    """Of an activity's event: which one, as the history and the log count them."""
    begins: bool = False
    """A run begins with it: custom tasks of an earlier run will not go on."""


def _payload(payload: Any) -> str:
    """The value inside a payload on one line, or what keeps us from reading it."""
    if not isinstance(payload, dict) or "value" not in payload:
        return text.one_line(payload)
    value, options = payload["value"], payload.get("encoding_options")
    is_patch = payload.get("type") == "json_patch" and isinstance(value, list)
    # Of a patch that is encrypted in part the rest can be read.
    if options and not is_patch:
        named = ", ".join(text.label(option, 40) for option in options[:5]) if isinstance(options, list) else ""
        return f"({named or 'encoded'})"
    if is_patch:
        return text.clean("; ".join(_change(one) for one in value[:MOST_CHANGES]), 160)
    return "null" if value is None else text.one_line(value)


def _change(operation: Any) -> str:
    """An operation of a JSON patch in few words: `text + and so on`, `progress = 0.5`."""
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str | list):
        return text.one_line(operation)
    path, value, op = operation["path"], operation.get("value"), operation.get("op")
    name = text.one_line(path, 60).strip("/") if isinstance(path, str) else ""
    if isinstance(value, dict) and value.get("type") == ENCRYPTED:
        value = "(encrypted)"
    shown = "null" if value is None else text.one_line(value)
    match op:
        case "append":
            return f"{name} + {shown}".lstrip()
        case "add" | "replace":
            return f"{name} = {shown}".lstrip()
        case "remove":
            return f"{name or 'all'} removed"
        case _:
            return text.one_line(operation)


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


def is_failure(kind: str) -> bool:
    """Whether an event of this type tells that something went wrong."""
    return "FAILED" in kind or "TIMED_OUT" in kind or "RETRYING" in kind


def row(event: WorkflowEvent) -> StreamRow:
    kind = text.clean(event.event_type or "—", 60)
    decoded = text.decode(event.attributes)
    attributes = decoded if isinstance(decoded, dict) else {}
    task = text.label(attributes.get("custom_task_id"), 100) if kind.startswith(CUSTOM_TASK) else ""
    names = (text.label(attributes.get(key)) for key in ("activity_name", "custom_task_type", "workflow_name"))
    return StreamRow(
        id=text.clean(event.event_id or "", 100),
        time=text.parse_time(event.event_timestamp),
        kind=kind,
        group=next((group for start, group in _GROUPS if kind.startswith(start)), "other"),
        name=next(filter(None, names), text.clean(event.workflow_name or "", 120)),
        note=_note(attributes),
        failed=is_failure(kind),
        json=text.pretty(decoded),
        task=task,
        task_type=text.label(attributes.get("custom_task_type")) if task else "",
        step=kind.removeprefix(CUSTOM_TASK).lower() if task else "",
        activity=temporal.activity_id(attributes.get("task_id")) if kind.startswith("ACTIVITY_TASK_") else "",
        begins=kind == "WORKFLOW_EXECUTION_STARTED",
    )


def matching(
    rows: list[StreamRow], *, groups: list[str], query: str, during: TimeRange | None = None
) -> list[StreamRow]:
    """The events of these groups (all, if none is given) and of that time that contain the text."""
    return wanted.matching(
        [row for row in rows if during.has(row.time)] if during else rows,
        groups,
        query,
        kind=lambda event: event.group,
        words=lambda event: f"{event.kind} {event.name} {event.json}",
    )


def unreadable(event_id: str, data: str) -> StreamRow:
    """A message that is not an event in the API's shape: shown as it came."""
    shown = text.clean(data, 5_000)
    return StreamRow(text.clean(event_id, 100), None, "UNREADABLE", "other", "", text.one_line(data), True, shown)
