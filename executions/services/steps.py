"""What a run did, step by step: an activity's events, or a timer's or a child's, as one."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from executions.services import temporal, text, timers
from executions.services.history import EventRow

FULL_LIMIT = 5_000
"""Characters of an input that a list of steps shows; the whole stands in the history."""
_OPENS = {
    "ActivityTaskScheduled": "activity",
    "TimerStarted": "timer",
    "StartChildWorkflowExecutionInitiated": "child",
    "SignalExternalWorkflowExecutionInitiated": "message",
    "RequestCancelExternalWorkflowExecutionInitiated": "message",
    "WorkflowExecutionSignaled": "signal",
    "WorkflowExecutionUpdateAdmitted": "update",
    "WorkflowExecutionUpdateAccepted": "update",
    "WorkflowExecutionCancelRequested": "cancel",
}
_STARTS = ("ActivityTaskStarted", "ChildWorkflowExecutionStarted", "WorkflowExecutionUpdateAccepted")
_LOCAL = ("core_local_activity", "LocalActivity")
"""Names of the markers in which workers keep a local activity."""
_OUTCOMES = {"TimedOut": "timed out", "Signaled": "delivered", "CancelRequested": "delivered"}


class Step(msgspec.Struct, eq=False, gc=False):
    """One thing that a run did, or that came to it."""

    kind: str
    """activity, local activity, timer, child, signal, update, cancel; message for one to another execution."""
    name: str
    opened: EventRow
    """Scheduled, started, received."""
    started: EventRow | None = None
    closed: EventRow | None = None
    asked: EventRow | None = None
    """Of an activity, when it was asked to cancel."""

    @property
    def id(self) -> int:
        return self.opened.id

    @property
    def title(self) -> str:
        """What a row calls it. A timer has a number for a name."""
        return timers.title(self.opened) or f"Timer {self.name}" if self.kind == "timer" else self.name

    @property
    def due(self) -> datetime | None:
        """When a timer fires, or would have."""
        return timers.due(self.opened) if self.kind == "timer" else None

    @property
    def category(self) -> str:
        """As an event's, so that a filter of events fits steps."""
        return "activity" if self.kind == "local activity" else self.opened.category

    @property
    def time(self) -> datetime | None:
        """When it began."""
        return self.opened.time

    @property
    def events(self) -> list[EventRow]:
        """All of its events, in their order."""
        between = [one for one in (self.asked, self.started) if one]
        # An activity is written down as started when it ends, if it was asked before that.
        between.sort(key=lambda one: abs(one.id))
        return list({one.id: one for one in (self.opened, *between, self.closed) if one}.values())

    @property
    def key(self) -> tuple[str, str]:
        """What it is, whatever came of it."""
        return self.kind, self.name

    @property
    def outcome(self) -> str:
        """In one word, or nothing where there is none."""
        if self.kind in {"signal", "cancel"}:
            return "received"
        if self.closed is None:
            return "under way" if self.started else "not completed"
        if self.kind == "update":
            return "failed" if self.failed else "answered"
        if self.kind == "local activity":
            return "failed" if self.failed else "completed"
        words = next((words for end, words in _OUTCOMES.items() if self.closed.kind.endswith(end)), "")
        return words or next((one.lower() for one in _ENDINGS if self.closed.kind.endswith(one)), self.closed.kind)

    @property
    def failed(self) -> bool:
        if self.closed is None:
            return False
        if self.closed.failed or self.closed.kind.endswith("Failed"):
            return True
        # Only an update's answer has to be decoded for that.
        return self.kind == "update" and "failure" in _answer(self.closed)

    @property
    def lasts(self) -> bool:
        """Whether it takes time; what only comes to the run does not."""
        return self.kind not in {"signal", "cancel"}

    @property
    def is_pending(self) -> bool:
        """Whether it has not ended, as far as the history tells."""
        return self.closed is None and self.lasts

    @property
    def input(self) -> str:
        """On one line."""
        return self.opened.note if self.kind != "update" else temporal.shown(_arguments(self.opened))

    @property
    def whole_input(self) -> str:
        given = temporal.attributes(self.opened.body).get("input") if self.kind != "update" else _arguments(self.opened)
        return "" if given is None else text.pretty(temporal.payload(given), FULL_LIMIT)

    @property
    def result(self) -> str:
        """A result or an error, on one line."""
        if self.closed is None or self.kind in {"signal", "cancel", "timer"}:
            return ""
        answer = _answer(self.closed)
        if isinstance(answer.get("failure"), dict):
            return text.one_line(temporal.message(temporal.chain(answer["failure"])[-1]))
        if self.kind == "update":
            return temporal.shown(answer.get("success", []))
        return self.closed.note

    @property
    def attempt(self) -> int:
        return temporal.number(temporal.attributes(self.started.body).get("attempt")) if self.started else 0

    @property
    def most_attempts(self) -> int:
        """That an activity may have; 0 for any number."""
        policy = temporal.attributes(self.opened.body).get("retryPolicy")
        return temporal.number(policy.get("maximumAttempts")) if isinstance(policy, dict) else 0

    @property
    def seconds(self) -> float | None:
        """From its schedule to its end, with all attempts and the time between; None as far as the history lacks it."""
        if self.closed is None or self.closed is self.opened or not self.opened.time or not self.closed.time:
            return None
        return max((self.closed.time - self.opened.time).total_seconds(), 0)

    @property
    def target(self) -> str:
        """The child's id, or that of the execution which it was sent to."""
        attributes = temporal.attributes(self.opened.body)
        other = attributes.get("workflowExecution")
        found = attributes.get("workflowId") or (other.get("workflowId") if isinstance(other, dict) else "")
        return found if isinstance(found, str) else ""

    @property
    def shown_target(self) -> str:
        return text.clean(self.target, 200)

    def is_open_at(self, event_id: int) -> bool:
        """Whether it had begun before this event, and not ended."""
        return self.id < event_id and (self.closed is None or self.closed.id >= event_id)


_ENDINGS = ("Completed", "Failed", "Canceled", "Terminated", "Fired")


def steps(events: Iterable[EventRow]) -> list[Step]:
    """All that the run did, in the order in which it began."""
    found: dict[int, Step] = {}
    for event in events:
        kind = _OPENS.get(event.kind)
        admitted = _admitted(event) if kind == "update" else 0
        if admitted in found and found[admitted].kind == "update":
            # Applied again after a reset: it had been admitted first. Its answer points at its acceptance.
            found[event.id] = found[admitted]
            _add(found[event.id], event)
        elif kind:
            found[event.id] = Step(kind, event.name, event)
        elif event.kind == "MarkerRecorded":
            name = local_activity(event)
            if name:
                found[event.id] = Step("local activity", name, event, closed=event)
        elif event.origin in found:
            _add(found[event.origin], event)
    return list({one.id: one for one in found.values()}.values())


def _admitted(accepted: EventRow) -> int:
    """The event in which an update was admitted, where that was not the moment in which it was accepted."""
    return temporal.number(temporal.attributes(accepted.body).get("acceptedRequestSequencingEventId"))


def _add(step: Step, event: EventRow) -> None:
    if event.kind in _STARTS:
        step.started = event
    elif event.kind == "ActivityTaskCancelRequested":
        step.asked = event
    else:
        step.closed = event


def local_activity(event: EventRow) -> str:
    """The name of the local activity that a marker keeps; empty for other markers."""
    attributes = temporal.attributes(event.body)
    details = attributes.get("details")
    if attributes.get("markerName") not in _LOCAL or not isinstance(details, dict):
        return ""
    about = temporal.payload(details.get("data"))
    named = about.get("activity_type") or about.get("ActivityType") if isinstance(about, dict) else None
    return text.label(named) or "local activity"


def update_line(event: EventRow) -> str:
    """An update's arguments, or its answer, on one line."""
    step = Step("update", event.name, event, closed=event)
    return f"{step.input} {step.result}"


def _answer(closed: EventRow) -> dict[str, Any]:
    """An update's outcome: a `success` or a `failure`."""
    found = temporal.attributes(closed.body).get("outcome")
    return found if isinstance(found, dict) else {}


def _arguments(opened: EventRow) -> Any:
    attributes = temporal.attributes(opened.body)
    request = attributes.get("acceptedRequest") or attributes.get("request")
    given = request.get("input") if isinstance(request, dict) else None
    return given.get("args") if isinstance(given, dict) else None
