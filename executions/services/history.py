"""An execution's history: Temporal's own events as rows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from executions.services import temporal, text, wanted
from executions.services.audit import Entry
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
_POINTERS = ("scheduled", "initiated", "started", "accepted")
_ADMITTED = "acceptedRequestSequencingEventId"
OPERATOR = "operator"
CATEGORIES = ("workflow", "activity", "timer", "child", "signal", "update", "task", "other", OPERATOR)


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
    raw: msgspec.Raw = field(repr=False)
    """Kept undecoded: the garbage collector stops every thread for as long as it takes to walk all that is decoded."""

    @property
    def body(self) -> dict[str, Any]:
        """The event itself."""
        return _decoded(self.raw)

    @property
    def json(self) -> str:
        return text.pretty(self.body)

    @property
    def stack(self) -> str:
        """The deepest stack trace, if the event holds a failure that has one."""
        failure = temporal.attributes(self.body).get("failure")
        return temporal.stack(temporal.chain(failure)) if isinstance(failure, dict) else ""


@dataclass(frozen=True, slots=True)
class ActionRow:
    """What an operator did, where it stands among the events."""

    entry: Entry
    category: str = OPERATOR

    @property
    def id(self) -> str:
        return str(self.entry.action.id)

    @property
    def time(self) -> datetime:
        return self.entry.action.at


Row = EventRow | ActionRow


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


def _decoded(raw: msgspec.Raw) -> dict[str, Any]:
    event = text.decode(raw)
    return event if isinstance(event, dict) else {"value": event}


def _row(raw: msgspec.Raw, names: dict[int, str]) -> EventRow:
    event = _decoded(raw)
    event_type = text.label(event.get("eventType"), 200)
    attributes = temporal.attributes(event)
    event_id = temporal.number(event.get("eventId"))
    # Later events of an activity only point at its schedule: that is where the name stands.
    origin = next(filter(None, (temporal.number(attributes.get(f"{which}EventId")) for which in _POINTERS)), 0)
    # An update that was sent again after a reset has its name in the event that admitted it.
    name = _named(attributes) or names.get(origin or temporal.number(attributes.get(_ADMITTED)), "")
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
        raw=raw,
    )


def rows(history: History) -> list[EventRow] | None:
    """All the events, oldest first; None when the API answered in a shape we cannot read as events."""
    if history.events is None:
        return None
    names: dict[int, str] = {}
    return [_row(raw, names) for raw in history.events]


def with_actions(events: list[EventRow], entries: list[Entry]) -> list[Row]:
    """The events, in the engine's order, with what operators did meanwhile; the entries come newest first."""
    waiting = [ActionRow(entry) for entry in entries]
    found: list[Row] = []
    for event in events:
        while waiting and event.time and waiting[-1].time < event.time:
            found.append(waiting.pop())
        found.append(event)
    return [*found, *reversed(waiting)]


def cancel_requested(events: list[EventRow]) -> EventRow | None:
    """The engine's own record that the run was asked to cancel, by whomever."""
    return next((event for event in reversed(events) if event.kind == "WorkflowExecutionCancelRequested"), None)


def matching(rows: list[Row], *, kinds: list[str], query: str, newest_first: bool) -> list[Row]:
    """The rows of these categories (all, if none is given) that contain the text."""
    kept = wanted.matching(rows, kinds, query, kind=lambda row: row.category, words=_searchable)
    return kept[::-1] if newest_first else kept


def _searchable(row: Row) -> str:
    if isinstance(row, ActionRow):
        action, outcome = row.entry.action, row.entry.outcome
        said = f"{outcome.code} {outcome.message}" if outcome else ""
        words = (row.id, action.username, row.entry.label, action.name, action.reason, action.detail, row.entry.result)
        return " ".join((*words, said))
    body = text.encode(row.body)[:TEXT_LIMIT].decode(errors="ignore")
    return f"{row.id} {row.kind} {row.name} {row.note} {body}"


def as_text(history: History) -> str:
    """An answer in a shape of its own, as JSON to read."""
    return text.pretty_raw(history.raw)
