"""An execution's history: Temporal's own events as rows, and where resets may start."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from executions.services import temporal, text
from executions.upstream.types import History

WINDOW = 200
"""Rows a page shows at a time."""
TEXT_LIMIT = 5_000
"""Characters of an event's body that a search looks at."""
_CATEGORIES = (
    ("WORKFLOW_TASK", "task"),
    ("ACTIVITY", "activity"),
    ("TIMER", "timer"),
    ("CHILD_WORKFLOW", "child"),
    ("START_CHILD", "child"),
    ("SIGNAL", "signal"),
    ("UPDATE", "update"),
    ("WORKFLOW_EXECUTION", "workflow"),
)
CATEGORIES = ("workflow", "activity", "timer", "child", "signal", "update", "task", "other")


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of the history."""

    id: int
    time: datetime | None
    kind: str
    """As Temporal names it, without the prefix: `ActivityTaskScheduled`."""
    category: str
    name: str
    """Of the activity, signal, update, timer or child."""
    note: str
    """A result, input or failure on one line."""
    failed: bool
    origin: int
    """The event that this one answers, such as the activity's schedule; 0 if there is none."""
    body: dict[str, Any] = field(repr=False)

    @property
    def json(self) -> str:
        return text.pretty(self.body)

    @property
    def stack(self) -> str:
        """The deepest stack trace, if the event holds a failure that has one."""
        failure = temporal.attributes(self.body).get("failure")
        return temporal.stack(temporal.chain(failure)) if isinstance(failure, dict) else ""


@dataclass(frozen=True, slots=True)
class ResetPoint:
    """A completed workflow task, and what happened around it."""

    event_id: int
    time: datetime | None
    before: str
    after: str


def _kind(event_type: str) -> str:
    words = event_type.removeprefix("EVENT_TYPE_").split("_")
    return text.clean("".join(word.capitalize() for word in words) if "_" in event_type else event_type or "—", 80)


def _category(event_type: str) -> str:
    name = event_type.removeprefix("EVENT_TYPE_")
    if "SIGNALED" in name:
        return "signal"
    if "EXECUTION_UPDATE" in name:
        return "update"
    return next((category for part, category in _CATEGORIES if name.startswith(part)), "other")


def _named(attributes: dict[str, Any]) -> str:
    for key in ("activityType", "workflowType"):
        if isinstance(attributes.get(key), dict):
            return text.label(attributes[key].get("name"))
    for key in ("signalName", "timerId", "updateName"):
        if attributes.get(key):
            return text.label(attributes[key])
    request = attributes.get("acceptedRequest") or attributes.get("request")
    given = request.get("input") if isinstance(request, dict) else None
    return text.label(given.get("name")) if isinstance(given, dict) else ""


def _note(attributes: dict[str, Any]) -> str:
    failure = attributes.get("failure")
    if isinstance(failure, dict):
        return text.one_line(temporal.message(temporal.chain(failure)[-1]))
    for key in ("result", "input"):
        if key in attributes:
            return temporal.shown(attributes[key])
    if attributes.get("startToFireTimeout"):
        return f"fires after {text.label(attributes['startToFireTimeout'], 20)}"
    return text.one_line(attributes.get("reason") or attributes.get("cause"))


def _row(event: dict[str, Any], names: dict[int, str]) -> EventRow:
    event_type = text.label(event.get("eventType"), 200)
    attributes = temporal.attributes(event)
    event_id = temporal.number(event.get("eventId"))
    # Later events of an activity only point at its schedule: that is where the name stands.
    pointers = (temporal.number(attributes.get(f"{which}EventId")) for which in ("scheduled", "initiated", "started"))
    origin = next(filter(None, pointers), 0)
    name = _named(attributes) or names.get(origin, "")
    if event_id:
        names[event_id] = name
    return EventRow(
        id=event_id,
        time=text.parse_time(event.get("eventTime")),
        kind=_kind(event_type),
        category=_category(event_type),
        name=name,
        note=_note(attributes),
        failed=isinstance(attributes.get("failure"), dict) or event_type.endswith("TIMED_OUT"),
        origin=origin,
        body=event,
    )


def rows(history: History) -> list[EventRow] | None:
    """All the events, oldest first; None when the API answered in a shape we cannot read as events."""
    if history.events is None:
        return None
    names: dict[int, str] = {}
    found = []
    for raw in history.events:
        event = text.decode(raw)
        found.append(_row(event if isinstance(event, dict) else {"value": event}, names))
    return found


def matching(events: list[EventRow], *, kinds: list[str], query: str, newest_first: bool) -> list[EventRow]:
    """The events of these categories (all, if none is given) that contain the text."""
    wanted = query.casefold()
    kept = [
        event
        for event in events
        if (not kinds or event.category in kinds) and (not wanted or wanted in _searchable(event))
    ]
    return kept[::-1] if newest_first else kept


def _searchable(event: EventRow) -> str:
    body = text.encode(event.body)[:TEXT_LIMIT].decode(errors="ignore")
    return f"{event.id} {event.kind} {event.name} {event.note} {body}".casefold()


def reset_points(events: list[EventRow]) -> list[ResetPoint]:
    """The completed workflow tasks, latest first: where a reset may start."""
    before, known = "", []
    for event in events:
        known.append(before)
        before = before if event.category == "task" else _short(event)
    after, points = "the end", []
    for event, past in zip(reversed(events), reversed(known), strict=True):
        if event.kind == "WorkflowTaskCompleted":
            points.append(ResetPoint(event.id, event.time, past, after))
        after = after if event.category == "task" else _short(event)
    return points


def _short(event: EventRow) -> str:
    return f"{event.kind} {event.name}".strip()


def as_text(history: History) -> str:
    """An answer in a shape of its own, as JSON to read."""
    return text.pretty_raw(history.raw)
