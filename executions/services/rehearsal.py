"""What a reset would do, read from the history: where one may start, what is kept, what runs again.

Found by resetting on a real engine, at every point of many histories (a test does so with the sandbox's workflows):

- The events before the point are copied. The point itself, a completed workflow task, becomes a failed one, and that
  task is done once more: what it had ordered at the point is ordered again.
- Signals and updates after the point are handed over at once, before the task, in their order; unless they are left
  out. A request to cancel after the point is not repeated; one before it stays.
- An activity that was scheduled before the point and had not ended runs again, from its first attempt.
- A timer that was running keeps its deadline. One that is past fires within a second.
- A child that was started before the point and had not ended stays the new run's: its result arrives there, also if
  it has long ended. A child from after the point goes on by itself, and the new run starts another; if that one has
  the same id while the first still runs, it cannot start.
- Limits of time start from their beginning.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from executions.services import causes, steps, temporal, text
from executions.services.history import EventRow
from executions.services.runs import Run
from executions.services.steps import Step
from executions.upstream.types import History

POINTS_SHOWN = 50
POINT = "WorkflowTaskCompleted"
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
        around = (f"{words(one)} {'failed' if one.failed else ''}" for one in (*self.past, *self.future))
        return f"{self.event_id} {' '.join(around)}".casefold()


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


def search(found: Sequence[ResetPoint], query: str) -> list[ResetPoint]:
    """The points around which all the words of the query occur. A number is an event's: the last point up to it."""
    wanted = query.casefold().split()
    if len(wanted) == 1 and temporal.number(wanted[0]):
        nearest = nearest_to(found, temporal.number(wanted[0]))
        return [nearest] if nearest else []
    return [one for one in found if all(word in one.searchable for word in wanted)] if wanted else list(found)


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


def _beginning(run: Run, events: list[EventRow]) -> tuple[int, str]:
    """The event with which the bad end began, 0 if the history does not tell, and what a point before it is."""
    if run.status.value == "CANCELED":
        asked = next((one.id for one in events if one.kind == "WorkflowExecutionCancelRequested"), 0)
        return asked, "the last point before the cancel"
    cause = causes.cause(events) if run.status.value == "FAILED" else None
    failed = next((one for one in events if cause and one.id == cause.event_id), None)
    began = next((one for one in events if failed and one.id == failed.origin), None)
    return (began.id, f"the last point before {began.name or 'what failed'} was begun") if began else (0, "")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a reset to a point does."""

    point: ResetPoint
    total: int
    thrown_from: datetime | None
    thrown_until: datetime | None
    again: tuple[Step, ...]
    """Activities that ended after the point, and that the new run comes to again."""
    pending: tuple[Step, ...]
    """Activities under way at the point: they begin again at once."""
    perhaps: tuple[Step, ...]
    """Activities from after something that the new run does not get."""
    unlike: str
    """What that is."""
    applied: tuple[Step, ...]
    """Signals and updates that the new run gets."""
    left_out: tuple[Step, ...]
    lost_cancel: Step | None
    kept_cancel: Step | None
    orphans: tuple[Step, ...]
    """Children from after the point: they go on by themselves."""
    children: tuple[Step, ...]
    """Children from before it that had not ended."""
    timers: tuple[Step, ...]
    """Running at the point."""
    messages: tuple[Step, ...]
    """Signals and cancels to other executions, sent again."""
    has_time_limit: bool

    @property
    def kept(self) -> int:
        return self.point.event_id - 1

    @property
    def thrown_away(self) -> int:
        return self.total - self.kept

    @property
    def seconds(self) -> float | None:
        if self.thrown_from is None or self.thrown_until is None:
            return None
        return max((self.thrown_until - self.thrown_from).total_seconds(), 0)

    @property
    def runs_again(self) -> tuple[Step, ...]:
        """In the order in which they begin."""
        return (*self.pending, *self.again)

    @property
    def once_more(self) -> list[tuple[str, int]]:
        """The names of what runs again, each with how often, most often first."""
        return Counter(step.name or "—" for step in self.runs_again).most_common(8)

    @property
    def open_orphans(self) -> bool:
        return any(one.closed is None for one in self.orphans)


def rehearse(
    events: Sequence[EventRow], point: ResetPoint, *, exclude_signals: bool = False, exclude_updates: bool = False
) -> Rehearsal:
    """What a reset of this run to this point does."""
    here = point.event_id
    done = steps.steps(events)
    later = [one for one in done if one.id > here]
    excluded = {kind for kind, is_excluded in (("signal", exclude_signals), ("update", exclude_updates)) if is_excluded}
    left_out = [one for one in later if one.kind in excluded]
    cancels = [one for one in done if one.kind == "cancel"]
    missing = [*left_out, *(one for one in cancels if one.id > here)]
    # Up to the first thing that the new run does not get, it goes as it went.
    parting = min(missing, key=lambda one: one.id, default=None)
    until = parting.id if parting else events[-1].id + 1
    worked = [one for one in later if one.kind in {"activity", "local activity"}]
    gone = events[bisect_left([one.id for one in events], here) :]
    return Rehearsal(
        point=point,
        total=len(events),
        thrown_from=point.time,
        thrown_until=max((one.time for one in gone if one.time), default=None),
        again=tuple(one for one in worked if one.id < until),
        pending=_open(done, "activity", here),
        perhaps=tuple(one for one in worked if one.id > until),
        unlike=_named(parting) if parting else "",
        applied=tuple(one for one in later if one.kind in {"signal", "update"} - excluded),
        left_out=tuple(left_out),
        lost_cancel=next((one for one in cancels if one.id > here), None),
        kept_cancel=next((one for one in cancels if one.id < here), None),
        orphans=tuple(one for one in later if one.kind == "child"),
        children=_open(done, "child", here),
        timers=_open(done, "timer", here),
        messages=tuple(one for one in later if one.kind == "message" and one.id < until),
        has_time_limit=_has_time_limit(events),
    )


def _open(done: Iterable[Step], kind: str, here: int) -> tuple[Step, ...]:
    return tuple(one for one in done if one.kind == kind and one.is_open_at(here))


def _named(step: Step) -> str:
    return "the request to cancel" if step.kind == "cancel" else f"the {step.kind} {step.name or '—'}"


def _has_time_limit(events: Sequence[EventRow]) -> bool:
    started = temporal.attributes(events[0].body)
    limits = (text.label(started.get(key), 40) for key in ("workflowRunTimeout", "workflowExecutionTimeout"))
    return any(limit.strip("0.s") for limit in limits)
