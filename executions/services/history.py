"""An execution's history: Temporal's own events as rows, where resets may start, and what failed first."""

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from executions.services import text
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
    body: dict[str, Any] = field(repr=False)

    @property
    def json(self) -> str:
        return text.pretty(self.body)


@dataclass(frozen=True, slots=True)
class Cause:
    """The first cause of a failure: the deepest of the chain, and what wraps it."""

    message: str
    type: str
    stack: str
    event_id: int
    wrappers: list[str]


@dataclass(frozen=True, slots=True)
class ResetPoint:
    """A completed workflow task, and what happened around it."""

    event_id: int
    time: datetime | None
    before: str
    after: str


def _kind(event_type: str) -> str:
    words = event_type.removeprefix("EVENT_TYPE_").split("_")
    return text.clean("".join(word.capitalize() for word in words) if "_" in event_type else event_type, 80)


def _category(event_type: str) -> str:
    name = event_type.removeprefix("EVENT_TYPE_")
    if "SIGNALED" in name:
        return "signal"
    if "EXECUTION_UPDATE" in name:
        return "update"
    return next((category for part, category in _CATEGORIES if name.startswith(part)), "other")


def _attributes(event: dict[str, Any]) -> dict[str, Any]:
    for key, value in event.items():
        if key.endswith("EventAttributes") and isinstance(value, dict):
            return value
    return {}


def payload(value: Any) -> Any:
    """A Temporal payload as the value it holds, where that can be read; otherwise as it is."""
    if isinstance(value, dict) and isinstance(value.get("payloads"), list):
        values = [payload(item) for item in value["payloads"]]
        return values[0] if len(values) == 1 else values
    if not isinstance(value, dict) or not isinstance(value.get("data"), str):
        return value
    try:
        return msgspec.json.decode(base64.b64decode(value["data"], validate=True))
    except (ValueError, RecursionError):
        return value


def _named(attributes: dict[str, Any]) -> str:
    for key in ("activityType", "workflowType"):
        if isinstance(attributes.get(key), dict):
            return text.clean(attributes[key].get("name", ""), 120)
    for key in ("signalName", "timerId", "updateName"):
        if attributes.get(key):
            return text.clean(attributes[key], 120)
    request = attributes.get("acceptedRequest") or attributes.get("request") or {}
    given = request.get("input", {}) if isinstance(request, dict) else {}
    return text.clean(given.get("name", ""), 120) if isinstance(given, dict) else ""


def _note(attributes: dict[str, Any]) -> str:
    failure = attributes.get("failure")
    if isinstance(failure, dict):
        return text.one_line(_deepest(failure)[0].get("message", ""))
    for key in ("result", "input"):
        if attributes.get(key) is not None:
            return text.one_line(payload(attributes[key]))
    if attributes.get("startToFireTimeout"):
        return f"fires after {text.clean(attributes['startToFireTimeout'], 20)}"
    return text.one_line(attributes.get("reason") or attributes.get("cause"))


def _number(value: Any) -> int:
    digits = str(value)
    return int(digits) if re.fullmatch(r"\d{1,18}", digits) else 0


def _row(event: dict[str, Any], names: dict[int, str]) -> EventRow:
    event_type = str(event.get("eventType", ""))
    attributes = _attributes(event)
    event_id = _number(event.get("eventId"))
    # Later events of an activity only point at its schedule: that is where the name stands.
    origin = _number(
        attributes.get("scheduledEventId") or attributes.get("initiatedEventId") or attributes.get("startedEventId")
    )
    name = _named(attributes) or names.get(origin, "")
    names[event_id] = name
    return EventRow(
        id=event_id,
        time=text.parse_time(event.get("eventTime")),
        kind=_kind(event_type),
        category=_category(event_type),
        name=name,
        note=_note(attributes),
        failed=isinstance(attributes.get("failure"), dict) or event_type.endswith("TIMED_OUT"),
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
    body = msgspec.json.encode(event.body)[:TEXT_LIMIT].decode(errors="ignore")
    return f"{event.id} {event.kind} {event.name} {event.note} {body}".casefold()


def _deepest(failure: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    wrappers: list[str] = []
    while isinstance(failure.get("cause"), dict) and len(wrappers) < 50:
        wrappers.append(text.one_line(failure.get("message", "")))
        failure = failure["cause"]
    return failure, wrappers


def cause(events: list[EventRow]) -> Cause | None:
    """Why the run failed, from its last event; None if that event holds no failure."""
    for event in reversed(events):
        failure = _attributes(event.body).get("failure")
        if event.category != "workflow" or not isinstance(failure, dict):
            continue
        deepest, wrappers = _deepest(failure)
        info = deepest.get("applicationFailureInfo")
        return Cause(
            message=text.clean(deepest.get("message") or "The failure has no message.", 2_000),
            type=text.clean(info.get("type", ""), 200) if isinstance(info, dict) else "",
            stack=text.clean(deepest.get("stackTrace", ""), 10_000),
            event_id=_origin(events, deepest, event.id),
            wrappers=wrappers,
        )
    return None


def _origin(events: list[EventRow], deepest: dict[str, Any], default: int) -> int:
    """The first event that holds the same failure: the activity's, where the workflow only passed it on."""
    message = deepest.get("message")
    for event in events:
        failure = _attributes(event.body).get("failure")
        if isinstance(failure, dict) and _deepest(failure)[0].get("message") == message:
            return event.id
    return default


def reset_points(events: list[EventRow]) -> list[ResetPoint]:
    """The completed workflow tasks, latest first: where a reset may start."""
    points = []
    for index, event in enumerate(events):
        if event.kind == "WorkflowTaskCompleted":
            before = next((_short(past) for past in reversed(events[:index]) if past.category != "task"), "")
            after = next((_short(later) for later in events[index + 1 :] if later.category != "task"), "the end")
            points.append(ResetPoint(event.id, event.time, before, after))
    return points[::-1]


def _short(event: EventRow) -> str:
    return f"{event.kind} {event.name}".strip()


def as_text(history: History) -> str:
    """An answer in a shape of its own, as JSON to read."""
    return text.pretty(text.decode(history.raw))
