"""What keeps a workflow's own code from going on, by the workflow tasks in its history."""

from collections.abc import Sequence

from executions.services import causes, temporal, text
from executions.services.history import EventRow
from executions.services.sentences import Part, Parts, at, event, said, say
from executions.services.waits import ABOUT_TO, FAILING, UNCLAIMED, Facts, Pending, is_old, queue

_ORDINARY = (
    *("RESET_WORKFLOW", "UNHANDLED_COMMAND", "FORCE_CLOSE_COMMAND"),
    *("FAILOVER_CLOSE_COMMAND", "RESET_STICKY_TASK_QUEUE"),
)
"""Causes of a failed workflow task that are no failure of the workflow's."""


def workflow_task(events: Sequence[EventRow], facts: Facts, *, alone: bool = True) -> Pending | None:
    """What keeps the workflow's own code from going on, if something does.

    `alone`: nothing else is pending, so that it is worth telling also where it is only starting.
    """
    chain: list[EventRow] = []
    for one in reversed(events):
        if one.kind == "WorkflowTaskCompleted":
            break
        if one.category == "task":
            chain.append(one)
    chain.reverse()
    failures = [one for one in chain if one.kind == "WorkflowTaskFailed" and _cause(one) not in _ORDINARY]
    if failures:
        return _failing(failures[0], failures[-1])
    # After a reset, or a worker that went away, it was scheduled anew.
    waiting = [one for one in chain if one.kind == "WorkflowTaskScheduled"]
    if not chain or not waiting:
        return None
    late = [one for one in chain if one.kind == "WorkflowTaskTimedOut"]
    if chain[-1].kind == "WorkflowTaskStarted":
        return _running(chain[-1], facts) if alone else None
    first = waiting[0] if late else waiting[-1]
    return _unclaimed(first, facts, alone=alone)


def _cause(failed: EventRow) -> str:
    cause = text.label(temporal.attributes(failed.body).get("cause"), 200)
    return cause.removeprefix("WORKFLOW_TASK_FAILED_CAUSE_")


def _failing(first: EventRow, last: EventRow) -> Pending:
    error = _error(last)
    since, where, short = at(first.time), event(last.id), say("its workflow task, which fails")
    if _cause(last) == "NON_DETERMINISTIC_ERROR":
        words = say(
            "the workflow’s code no longer takes the steps in its history (non-determinism): ",
            "it has been failing since ",
            since,
            where,
        )
        advice = say(
            " Deploy code that takes the same steps, or ", Part("reset", action="reset"), " it to before the change."
        )
        return Pending(FAILING, "trouble", words, say(advice, last_error(error)), short)
    words = say("the workflow’s code has been failing since ", since, where)
    advice = say(" It goes on by itself once a worker runs code that does not fail.")
    return Pending(FAILING, "trouble", words, say(last_error(error), advice), short)


def _error(failed: EventRow) -> str:
    """The failure's class and message, as far as there are any."""
    failure = temporal.attributes(failed.body).get("failure")
    message = temporal.message(temporal.chain(failure)[-1]) if isinstance(failure, dict) else ""
    kind = causes.failure_type(failed)
    return f"{kind}: {message}" if kind not in {"", causes.UNNAMED} and message else message or kind


def last_error(words: str) -> Parts:
    return say(" Last error: ", said(words), ".") if words else ()


def _running(started: EventRow, facts: Facts) -> Pending:
    words = say("a worker has been running the workflow’s code since ", at(started.time), event(started.id))
    return Pending(ABOUT_TO, "trouble" if is_old(started, facts) else "working", words, short=say("its workflow task"))


def _unclaimed(scheduled: EventRow, facts: Facts, *, alone: bool) -> Pending | None:
    short = say("its workflow task")
    if not is_old(scheduled, facts):
        words = say("the workflow’s next task was scheduled at ", at(scheduled.time), " and is about to be picked up")
        return Pending(ABOUT_TO, "working", say(words, event(scheduled.id)), short=short) if alone else None
    words = say("no worker has picked up the workflow’s task since ", at(scheduled.time), event(scheduled.id))
    return Pending(UNCLAIMED, "trouble", words, queue(scheduled), short)
