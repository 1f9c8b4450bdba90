"""An execution's history: Temporal's own events as rows."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from executions.services import stacks, temporal, text
from executions.services.slices import in_slices
from executions.upstream.types import History

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
LINE = 240
"""Characters of an event's JSON in a row."""


class EventRow(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """One event of the history. What stands in its body is decoded when it is asked for.

    There may be fifty thousand of them for a while: they are not for the garbage collector, which stops all threads for
    as long as it takes to walk what it watches.
    """

    id: int
    kind: str
    """As Temporal names it, without the prefix: `ActivityTaskScheduled`."""
    category: str
    name: str
    """Of the activity, signal, update, timer or child."""
    failed: bool
    origin: int
    """The event that this one answers, such as the activity's schedule; 0 if there is none."""
    raw: msgspec.Raw
    stamp: str | int | None
    """Its time as the API gave it, until somebody asks for it."""
    moment: datetime | None = None

    def __repr__(self) -> str:
        return f"EventRow({self.id}, {self.kind!r})"

    @property
    def time(self) -> datetime | None:
        if self.stamp is not None:
            self.moment, self.stamp = text.parse_time(self.stamp), None
        return self.moment

    @property
    def body(self) -> dict[str, Any]:
        """The event itself."""
        return _decoded(self.raw)

    @property
    def note(self) -> str:
        """A result, input or failure on one line."""
        return _note(temporal.attributes(self.body))

    @property
    def json(self) -> str:
        return text.pretty(self.body)

    @property
    def stack(self) -> str:
        """The deepest stack trace, if the event holds a failure that has one."""
        failure = temporal.attributes(self.body).get("failure")
        return temporal.stack(temporal.chain(failure)) if isinstance(failure, dict) else ""

    @property
    def frames(self) -> list[stacks.Part]:
        """Its stack trace with the frames of libraries apart; empty where nothing is folded."""
        return stacks.parts(self.stack)

    @property
    def line(self) -> str:
        """What stands in it, as JSON on one line."""
        return text.one_line(temporal.attributes(self.body) or self.body, LINE)


class _Attributes(msgspec.Struct, rename="camel"):
    """Of what stands in an event's `<type>EventAttributes`, what its row is made of: nothing of it need be so."""

    activity_type: Any = None
    workflow_type: Any = None
    signal_name: Any = None
    timer_id: Any = None
    update_name: Any = None
    accepted_request: Any = None
    request: Any = None
    scheduled_event_id: Any = None
    initiated_event_id: Any = None
    started_event_id: Any = None
    accepted_event_id: Any = None
    accepted_request_sequencing_event_id: Any = None
    failure: msgspec.Raw = msgspec.Raw()


_NONE = _Attributes()
_envelopes = msgspec.json.Decoder(dict[str, msgspec.Raw])
_attributes = msgspec.json.Decoder(_Attributes)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@lru_cache(1_000)
def _kind(event_type: str) -> tuple[str, str]:
    """What an event of this type is called, and its category."""
    words = event_type.removeprefix("EVENT_TYPE_").split("_")
    name = "".join(word.capitalize() for word in words) if "_" in event_type else event_type or "—"
    return text.clean(name, 80), _category(event_type)


def _category(event_type: str) -> str:
    name = event_type.removeprefix("EVENT_TYPE_")
    if "SIGNALED" in name:
        return "signal"
    if "EXECUTION_UPDATE" in name:
        return "update"
    return next((category for part, category in _CATEGORIES if name.startswith(part)), "other")


def _named(found: _Attributes) -> str:
    for kind in (found.activity_type, found.workflow_type):
        if isinstance(kind, dict):
            return text.label(kind.get("name"))
    for name in (found.signal_name, found.timer_id, found.update_name):
        if name:
            return text.label(name)
    request = found.accepted_request or found.request
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


def _opened(raw: msgspec.Raw) -> tuple[dict[str, msgspec.Raw], _Attributes]:
    """An event's parts as they are, and of its attributes what a row needs; nothing where it has none."""
    try:
        event = _envelopes.decode(raw)
    except _UNREADABLE:
        return {}, _NONE
    try:
        found = next((value for key, value in event.items() if key.endswith("EventAttributes")), None)
        return event, _NONE if found is None else _attributes.decode(found)
    except _UNREADABLE:
        return event, _NONE


def _value(event: dict[str, msgspec.Raw], key: str) -> Any:
    return text.decode(event[key]) if key in event else None


def event_row(raw: msgspec.Raw, names: dict[int, str]) -> EventRow:
    """One event as a row. `names` are those of the events before it, by id: this one's is put in."""
    event, found = _opened(raw)
    event_type = text.label(_value(event, "eventType"), 200)
    kind, category = _kind(event_type)
    event_id = temporal.number(_value(event, "eventId"))
    pointers = (found.scheduled_event_id, found.initiated_event_id, found.started_event_id, found.accepted_event_id)
    # Later events of an activity only point at its schedule: that is where the name stands.
    origin = next(filter(None, map(temporal.number, pointers)), 0)
    # An update that was sent again after a reset has its name in the event that admitted it.
    admitted = temporal.number(found.accepted_request_sequencing_event_id)
    name = _named(found) or names.get(origin or admitted, "")
    if event_id:
        names[event_id] = name
    return EventRow(
        id=event_id,
        stamp=_value(event, "eventTime"),
        kind=kind,
        category=category,
        name=name,
        failed=memoryview(found.failure)[:1].tobytes() == b"{" or event_type.endswith("TIMED_OUT"),
        origin=origin,
        raw=raw,
    )


def rows(history: History) -> list[EventRow] | None:
    """All the events, oldest first; None when the API answered in a shape we cannot read as events."""
    if history.events is None:
        return None
    names: dict[int, str] = {}
    return [event_row(raw, names) for raw in history.events]


def cancel_requested(events: Sequence[EventRow]) -> EventRow | None:
    """The engine's own record that the run was asked to cancel, by whomever."""
    return next((event for event in reversed(events) if event.kind == "WorkflowExecutionCancelRequested"), None)


def readable(found: History) -> bytes:
    """The whole, indented for people, event by event."""
    if found.events is None:
        return text.indented(found.raw)
    events = b",\n".join(text.indented(bytes(raw)) for raw in in_slices(found.events))
    return b'{"events": [\n' + events + b"\n]}\n"
