"""What belongs together in an execution's history, trace, log and events: by the activity's number, then by time.

The vendor's worker writes an activity's id on its span, its log lines and its events. Children and other runs count
theirs from 1 as well: so the execution's id has to be the same, where a span says it, and the times have to meet.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from executions.services import temporal, text
from executions.services.history import EventRow
from executions.services.history_index import Index
from executions.services.slices import in_slices
from executions.services.spans import Node
from executions.services.steps import Step
from executions.services.time_range import TimeRange
from executions.services.traces import Trace

SLACK = timedelta(seconds=2)
"""By how much the clocks of workers and of the engine may differ."""
_MARGIN, _LEAST = 0.1, timedelta(milliseconds=100)
"""What is shown around the time of something: a part of how long it took, and at least so much."""


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity as a span knows it."""

    id: str
    execution_id: str
    """Empty where the span does not say it."""
    begun: datetime | None
    ended: datetime | None


def activity_of(trace: Trace, place: int) -> Activity | None:
    """The one that a span is of: its own, or that of the span which started it, or the only one below it."""
    node = trace.nodes[place]
    above = node
    while not above.activity and above.parent >= 0:
        above = trace.nodes[above.parent]
    if above.activity:
        return _activity(above)
    found: dict[tuple[str, str], Node] = {}
    for below in in_slices(trace.nodes[place + 1 : node.last + 1]):
        if below.activity:
            found.setdefault((below.activity, workflow_of(below)), below)
        if len(found) > 1:
            return None
    return next((_activity(one) for one in found.values()), None)


def _activity(node: Node) -> Activity:
    return Activity(node.activity, workflow_of(node), text.parse_time(node.begin), text.parse_time(node.until))


def workflow_of(node: Node) -> str:
    """The execution that a span says it belongs to."""
    attributes, _ = text.decode(node.payload)
    found = attributes.get("temporalWorkflowID")
    return found if isinstance(found, str) else ""


def activity_id(step: Step) -> str:
    """The number that the worker knows an activity by; empty for other steps."""
    return text.label(temporal.attributes(step.opened.body).get("activityId"), 60) if step.kind == "activity" else ""


def step_of(index: Index, activity: str, begun: datetime | None, ended: datetime | None) -> Step | None:
    """The activity of this number that was at work then; without a time the first of the number."""
    # Only what has the number at all is decoded.
    needle = text.encode(activity)
    for step in in_slices(index.steps):
        if step.kind != "activity" or needle not in bytes(step.opened.raw) or activity_id(step) != activity:
            continue
        if begun is None or _meet(step, begun, ended or begun):
            return step
    return None


def span_of(trace: Trace, execution_id: str, step: Step) -> int | None:
    """The place of the step's span: of its last attempt, which is the one that decided it."""
    number, found = activity_id(step), None
    for place, node in enumerate(in_slices(trace.nodes)):
        if not number or node.activity != number or workflow_of(node) not in {"", execution_id}:
            continue
        begun, ended = text.parse_time(node.begin), text.parse_time(node.until)
        if begun and _meet(step, begun, ended or begun):
            found = place if found is None or node.begin >= trace.nodes[found].begin else found
    return found


def _meet(step: Step, begun: datetime, ended: datetime) -> bool:
    closed = step.closed.time if step.closed else None
    if step.time is None:
        return False
    return text.moved(step.time, -SLACK) <= ended and (closed is None or begun <= text.moved(closed, SLACK))


def event_or_step(index: Index, event_id: int) -> Step | EventRow | None:
    """What an event of the history belongs to, or itself."""
    if step := index.step_of.get(event_id):
        return step
    return next((event for event in index.events or () if event.id == event_id), None)


def time_of(row: Step | EventRow) -> TimeRange:
    """From a little before it began to a little after it ended; open where it goes on."""
    if row.time is None:
        return TimeRange()
    if isinstance(row, Step) and row.lasts:
        return around(row.time, row.closed.time if row.closed else None)
    return around(row.time, row.time)


def around(begun: datetime, ended: datetime | None) -> TimeRange:
    margin = max((ended - begun) * _MARGIN if ended else _LEAST, _LEAST)
    return TimeRange(text.moved(begun, -margin), text.moved(ended, margin) if ended else None)
