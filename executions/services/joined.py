"""What belongs together in an execution's history, trace, log and events: by the activity's number, then by time.

The vendor's worker writes an activity's id on its span, its log lines and its events. Children and other runs count
theirs from 1 as well: so the execution's id has to be the same, where a span says it, and the times have to meet.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from executions.services import large, temporal, text
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


_by_number: WeakKeyDictionary[Index, dict[str, list[Step]]] = WeakKeyDictionary()


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
            found.setdefault((below.activity, below.workflow), below)
        if len(found) > 1:
            return None
    return next((_activity(one) for one in found.values()), None)


def _activity(node: Node) -> Activity:
    return Activity(node.activity, node.workflow, text.parse_time(node.begin), text.parse_time(node.until))


def activity_id(step: Step) -> str:
    """The number that the worker knows an activity by; empty for other steps. Nothing else of its event is decoded."""
    if step.kind != "activity":
        return ""
    try:
        event = msgspec.json.decode(step.opened.raw, type=_Scheduled)
    except large.UNREADABLE:
        return ""
    return temporal.activity_id(event.attributes.activity_id)


class _Attributes(msgspec.Struct, rename="camel"):
    activity_id: Any = None


class _Scheduled(msgspec.Struct):
    attributes: _Attributes = msgspec.field(name="activityTaskScheduledEventAttributes", default_factory=_Attributes)


def steps_of(index: Index, activity: str) -> list[Step]:
    """The activities of this number, in their order."""
    if index not in _by_number:
        found: dict[str, list[Step]] = {}
        for step in in_slices(index.steps):
            if number := activity_id(step):
                found.setdefault(number, []).append(step)
        _by_number[index] = found
    return _by_number[index].get(activity, [])


def step_of(index: Index, activity: str, begun: datetime | None, ended: datetime | None) -> Step | None:
    """The activity of this number that was at work then; without a time the first of the number."""
    found = steps_of(index, activity)
    return next((step for step in found if begun is None or meet(step, begun, ended or begun)), None)


def span_of(trace: Trace, execution_id: str, step: Step) -> int | None:
    """The place of the step's span: of its last attempt, which is the one that decided it."""
    number, found = activity_id(step), None
    for place, node in enumerate(in_slices(trace.nodes)):
        if not number or node.activity != number or node.workflow not in {"", execution_id}:
            continue
        begun, ended = text.parse_time(node.begin), text.parse_time(node.until)
        if begun and meet(step, begun, ended or begun):
            found = place if found is None or node.begin >= trace.nodes[found].begin else found
    return found


def meet(step: Step, begun: datetime, ended: datetime) -> bool:
    """Whether it was at work in that time, as far as clocks tell."""
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


def nano(moment: datetime) -> int:
    """Nanoseconds since 1970, as spans have them."""
    return int(moment.timestamp() * 1e9)


def widened(during: TimeRange) -> TimeRange:
    """The same time, and as much more as clocks may differ."""
    return TimeRange(
        text.moved(during.after, -SLACK) if during.after else None,
        text.moved(during.before, SLACK) if during.before else None,
    )


def around(begun: datetime, ended: datetime | None) -> TimeRange:
    margin = max((ended - begun) * _MARGIN if ended else _LEAST, _LEAST)
    return TimeRange(text.moved(begun, -margin), text.moved(ended, margin) if ended else None)
