"""Why a run ended badly: the first cause, from the event that ended it."""

from dataclasses import dataclass
from typing import Any

from executions.services import stacks, temporal, text
from executions.services.history import EventRow

WRAPPERS_SHOWN = 8
"""Failures around the cause that a page names; chains can be much longer."""
UNNAMED = "Application"
"""The kind of a failure of a worker's code that has no class."""
_SCHEDULED = ("activityFailureInfo", "scheduledEventId"), ("childWorkflowExecutionFailureInfo", "initiatedEventId")
"""Failures that began in an event of their own, and how they name what that event answers."""


_LIMITS = {
    "START_TO_CLOSE": ("startToCloseTimeout", "an attempt took longer than its limit of {}"),
    "HEARTBEAT": ("heartbeatTimeout", "an attempt gave no sign of life within its limit of {}"),
    "SCHEDULE_TO_START": ("scheduleToStartTimeout", "no worker picked it up within its limit of {}"),
    "SCHEDULE_TO_CLOSE": ("scheduleToCloseTimeout", "all its attempts took longer than their limit of {}"),
}
"""Of an activity that timed out: which of its limits it was, and what that means."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run failed: in an activity, in a child, or else in the workflow's own code."""

    kind: str = ""
    """activity, child, or nothing."""
    name: str = ""
    execution: str = ""
    """A child's id."""
    attempts: int = 0
    """Of an activity, as far as the history tells."""
    limit: str = ""
    """Of an activity that timed out: which limit that was, in words."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What ended the run: the deepest failure of its chain, or what the service says of a run ended from outside."""

    heading: str
    message: str
    event_id: int
    """Where it stands in the history: the activity's or the child's failure, or the event that ended the run."""
    type: str = ""
    stack: str = ""
    wrappers: tuple[str, ...] = ()
    """The messages of the failures around it, the outermost first."""

    @property
    def frames(self) -> list[stacks.Part]:
        """The stack trace with the frames of libraries apart; empty where nothing is folded."""
        return stacks.parts(self.stack)


def cause(events: list[EventRow]) -> Cause | None:
    """Why the run ended badly; None if its history does not tell."""
    for event in reversed(events):
        attributes = temporal.attributes(event.body)
        failure = attributes.get("failure")
        if event.kind == "WorkflowExecutionFailed" and isinstance(failure, dict):
            return _failed(events, event, failure)
        if event.kind == "WorkflowExecutionTerminated":
            return Cause("Terminated", _terminated(attributes), event.id)
        if event.kind == "WorkflowExecutionTimedOut":
            return Cause("Timed out", _timed_out(events), event.id)
    return None


def _failed(events: list[EventRow], event: EventRow, failure: dict[str, Any]) -> Cause:
    chain = temporal.chain(failure)
    deepest, around = chain[-1], chain[:-1]
    wrappers = [text.one_line(temporal.message(one)) or "no message" for one in around[:WRAPPERS_SHOWN]]
    if len(around) > WRAPPERS_SHOWN:
        wrappers.append(f"{len(around) - WRAPPERS_SHOWN} more")
    return Cause(
        heading="First cause",
        message=temporal.message(deepest, 2_000) or "The failure has no message.",
        event_id=_origin(events, chain) or event.id,
        type=_type(deepest),
        stack=temporal.stack(chain),
        wrappers=tuple(wrappers),
    )


def failure_type(event: EventRow) -> str:
    """The class of the error with which something failed; empty for an event without a failure."""
    failure = temporal.attributes(event.body).get("failure")
    return _type(temporal.chain(failure)[-1]) if isinstance(failure, dict) else ""


def _type(failure: dict[str, Any]) -> str:
    """The error's class where the worker named one; otherwise the kind of failure."""
    for key, info in failure.items():
        if key.endswith("FailureInfo") and isinstance(info, dict):
            kind = key.removesuffix("FailureInfo")
            named = text.label(info.get("type"), 200) or text.label(info.get("timeoutType"), 80)
            return named.removeprefix("TIMEOUT_TYPE_") or text.clean(kind[:1].upper() + kind[1:], 80)
    return ""


def place(events: list[EventRow]) -> Place:
    """Where the run failed: what the outermost failure is about that is about something."""
    event = next((one for one in reversed(events) if one.kind == "WorkflowExecutionFailed"), None)
    failure = temporal.attributes(event.body).get("failure") if event else None
    for one in temporal.chain(failure) if isinstance(failure, dict) else []:
        for key, pointer in _SCHEDULED:
            if isinstance(info := one.get(key), dict) and (opened := temporal.number(info.get(pointer))):
                return _activity(events, one, opened) if key == "activityFailureInfo" else _child(info)
    return Place()


def _child(info: dict[str, Any]) -> Place:
    named, execution = info.get("workflowType"), info.get("workflowExecution")
    target = execution.get("workflowId") if isinstance(execution, dict) else None
    name = text.label(named.get("name")) if isinstance(named, dict) else ""
    return Place("child", name, target if isinstance(target, str) else "")


def _activity(events: list[EventRow], failure: dict[str, Any], scheduled: int) -> Place:
    named = failure["activityFailureInfo"].get("activityType")
    opened = next((one for one in events if one.id == scheduled), None)
    started = next((one for one in reversed(events) if one.origin == scheduled and one.kind.endswith("Started")), None)
    attempts = temporal.number(temporal.attributes(started.body).get("attempt")) if started else 0
    name = text.label(named.get("name")) if isinstance(named, dict) else ""
    return Place("activity", name, "", attempts, _limit(failure, temporal.attributes(opened.body) if opened else {}))


def _limit(failure: dict[str, Any], scheduled: dict[str, Any]) -> str:
    kind = _type(temporal.chain(failure)[-1])
    setting, words = _LIMITS.get(kind, ("", ""))
    length = text.label(scheduled.get(setting), 40)
    return words.format(length) if length else words.removesuffix(" of {}")


def _origin(events: list[EventRow], chain: list[dict[str, Any]]) -> int:
    """The event in which an activity or a child failed, where the workflow only passed that on; 0 otherwise.

    The outermost such failure counts: those inside a child's have event ids of the child's history.
    """
    for failure in chain:
        for key, pointer in _SCHEDULED:
            info = failure.get(key)
            scheduled = temporal.number(info.get(pointer)) if isinstance(info, dict) else 0
            if scheduled:
                found = (one for one in reversed(events) if one.failed and one.origin == scheduled)
                return next((one.id for one in found), scheduled)
    return 0


def _terminated(attributes: dict[str, Any]) -> str:
    reason = text.label(attributes.get("reason"), 2_000) or "No reason was given."
    identity = text.label(attributes.get("identity"), 200)
    return f"{reason} (by {identity})" if identity else reason


def _timed_out(events: list[EventRow]) -> str:
    started = temporal.attributes(events[0].body)
    limits = (text.label(started.get(key), 40) for key in ("workflowRunTimeout", "workflowExecutionTimeout"))
    limit = next((limit for limit in limits if limit.strip("0s")), "")
    return f"It did not end within its limit of {limit}." if limit else "It did not end within its time limit."
