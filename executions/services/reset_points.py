"""Where a reset may start: the completed workflow tasks of a history, with what happened around each."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import msgspec

from executions.services import causes, steps, temporal
from executions.services.history import EventRow
from executions.services.runs import Run
from executions.upstream.types import History

POINTS_SHOWN = 50
POINT = "WorkflowTaskCompleted"
READ_FOR_SEARCH = 50
"""Events on each side of a point whose body a search reads, for what their row does not say."""
_WORDS = {
    "ActivityTaskScheduled": "{} was scheduled",
    "ActivityTaskStarted": "{} started",
    "ActivityTaskCompleted": "{} completed",
    "ActivityTaskFailed": "{} failed",
    "ActivityTaskTimedOut": "{} timed out",
    "ActivityTaskCanceled": "{} was canceled",
    "ActivityTaskCancelRequested": "{} was asked to stop",
    "TimerStarted": "a timer was started",
    "TimerFired": "a timer fired",
    "TimerCanceled": "a timer was canceled",
    "WorkflowExecutionStarted": "the run started",
    "WorkflowExecutionCompleted": "the run completed",
    "WorkflowExecutionFailed": "the run failed",
    "WorkflowExecutionTimedOut": "the run timed out",
    "WorkflowExecutionCanceled": "the run was canceled",
    "WorkflowExecutionTerminated": "the run was terminated",
    "WorkflowExecutionContinuedAsNew": "the run continued as new",
    "WorkflowExecutionCancelRequested": "a cancel was requested",
    "WorkflowExecutionSignaled": "signal {} came",
    "WorkflowExecutionUpdateAdmitted": "update {} came",
    "WorkflowExecutionUpdateAccepted": "update {} was accepted",
    "WorkflowExecutionUpdateCompleted": "update {} was answered",
    "StartChildWorkflowExecutionInitiated": "child {} was ordered",
    "StartChildWorkflowExecutionFailed": "child {} could not start",
    "ChildWorkflowExecutionStarted": "child {} started",
    "ChildWorkflowExecutionCompleted": "child {} completed",
    "ChildWorkflowExecutionFailed": "child {} failed",
    "ChildWorkflowExecutionTimedOut": "child {} timed out",
    "ChildWorkflowExecutionCanceled": "child {} was canceled",
    "ChildWorkflowExecutionTerminated": "child {} was terminated",
    "SignalExternalWorkflowExecutionInitiated": "signal {} was sent to another execution",
    "ExternalWorkflowExecutionSignaled": "a signal arrived at another execution",
}


def words(event: EventRow) -> str:
    """What happened, in words."""
    local = steps.local_activity(event) if event.kind == "MarkerRecorded" else ""
    if local:
        return f"{local} ran in the worker"
    pattern = _WORDS.get(event.kind)
    return pattern.format(event.name or "—") if pattern else f"{event.kind} {event.name}".strip()


@dataclass(frozen=True, slots=True, eq=False)
class ResetPoint:
    """A completed workflow task, with what happened since the one before it, and until the next."""

    event_id: int
    time: datetime | None = None
    past: tuple[EventRow, ...] = ()
    """Events since the point before, other than workflow tasks; at least the last one that there was."""
    future: tuple[EventRow, ...] = ()

    @property
    def before(self) -> str:
        return words(self.past[-1]) if self.past else ""

    @property
    def after(self) -> str:
        if not self.future:
            return ""
        same = [one for one in self.future if one.kind == self.future[0].kind and one.name == self.future[0].name]
        return words(self.future[0]) + (f" ×{len(same)}" if len(same) > 1 else "")

    @property
    def failed_before(self) -> bool:
        return bool(self.past) and self.past[-1].failed

    @property
    def failed_after(self) -> bool:
        return bool(self.future) and self.future[0].failed

    @property
    def searchable(self) -> str:
        """What happened around it, and what the events there say: inputs, results, failures."""
        around = (f"{words(one)} {'failed' if one.failed else ''} {one.note}" for one in (*self.past, *self.future))
        return f"{self.event_id} {' '.join((*around, *self._inside()))}".casefold()

    def _inside(self) -> Iterable[str]:
        """A failure's type, an update's arguments and answer."""
        for side in (self.past, self.future):
            telling = (one for one in side if one.failed or one.category == "update")
            for one in islice(telling, READ_FOR_SEARCH):
                yield steps.update_line(one) if one.category == "update" else causes.failure_type(one)


def points(events: Sequence[EventRow]) -> list[ResetPoint]:
    """Where a reset may start, latest first."""
    gaps: list[tuple[EventRow, ...]] = []
    found: list[EventRow] = []
    gap: list[EventRow] = []
    for event in events:
        if event.kind == POINT:
            found.append(event)
            gaps.append(tuple(gap))
            gap = []
        elif event.category != "task":
            gap.append(event)
    gaps.append(tuple(gap))
    past, future = gaps[:-1], gaps[1:]
    # Nothing between two tasks: what stood before both, and what came after both.
    for place in range(1, len(past)):
        past[place] = past[place] or past[place - 1][-1:]
    for place in reversed(range(len(future) - 1)):
        future[place] = future[place] or future[place + 1][:1]
    made = [ResetPoint(event.id, event.time, *around) for event, *around in zip(found, past, future, strict=True)]
    return made[::-1]


def point_ids(history: History) -> set[int] | None:
    """The ids of the points alone, which is quick; None for a history in a shape of its own."""
    if history.events is None:
        return None
    found = set()
    for raw in history.events:
        try:
            event = msgspec.json.decode(raw, type=_Kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if event.eventType == "EVENT_TYPE_WORKFLOW_TASK_COMPLETED":
            found.add(temporal.number(event.eventId))
    return found


class _Kind(msgspec.Struct):
    eventId: str | int = 0
    eventType: str = ""


def event_named(query: str, last: int) -> int:
    """The event whose number the query is, in a history up to `last`; 0 if it is anything else."""
    number = temporal.number(query.strip())
    return number if number <= last else 0


def search(found: Sequence[ResetPoint], query: str, last: int) -> list[ResetPoint]:
    """The points around which all the words of the query occur. An event's number: the last point up to it."""
    if number := event_named(query, last):
        nearest = nearest_to(found, number)
        return [nearest] if nearest else []
    wanted = [_pattern(word) for word in query.casefold().split()]
    return [one for one in found if _matches(wanted, one.searchable)] if wanted else list(found)


def _pattern(word: str) -> re.Pattern[str]:
    """A number is looked for as a whole: 0 does not stand in 10."""
    return re.compile(rf"(?<!\d){word}(?!\d)" if word.isdecimal() else re.escape(word))


def _matches(wanted: list[re.Pattern[str]], searchable: str) -> bool:
    return all(one.search(searchable) for one in wanted)


def nearest_to(found: Sequence[ResetPoint], event_id: int) -> ResetPoint | None:
    """The point itself, or the last one before this event."""
    return next((one for one in found if one.event_id <= event_id), None)


@dataclass(frozen=True, slots=True)
class Suggestion:
    point: ResetPoint
    why: str
    is_default: bool = False


def suggestion(run: Run, events: list[EventRow], found: Sequence[ResetPoint]) -> Suggestion | None:
    """Where to start again after a bad end: before what failed was begun, or before it was canceled."""
    if not found or not run.status.over or run.status.value in {"COMPLETED", "CONTINUED_AS_NEW"}:
        return None
    began, why = _beginning(run, events)
    before = nearest_to(found, began) if began else None
    is_default = run.status.value == "FAILED"
    return Suggestion(before, why, is_default) if before else Suggestion(found[0], "the last point", is_default)


def preselected(found: Sequence[ResetPoint], suggested: Suggestion | None) -> ResetPoint | None:
    """The point that a form begins with: the only one that there is, or the suggested one."""
    if len(found) == 1:
        return found[0]
    return suggested.point if suggested and suggested.is_default else None


def _beginning(run: Run, events: list[EventRow]) -> tuple[int, str]:
    """The event with which the bad end began, 0 if the history does not tell, and what a point before it is."""
    if run.status.value == "CANCELED":
        asked = next((one.id for one in events if one.kind == "WorkflowExecutionCancelRequested"), 0)
        return asked, "the last point before the cancel"
    cause = causes.cause(events) if run.status.value == "FAILED" else None
    failed = next((one for one in events if cause and one.id == cause.event_id), None)
    began = next((one for one in events if failed and one.id == failed.origin), None)
    return (began.id, f"the last point before {began.name or 'what failed'} was begun") if began else (0, "")
