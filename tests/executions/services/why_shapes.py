"""Histories for the tests of why a run is not moving, or how it ended, and what is known besides."""

from datetime import UTC, datetime
from typing import Any

from executions.services.attempts import Announced, Attempt
from executions.services.waits import Facts
from tests.executions.canned import encoded, event

START = event(1, "WORKFLOW_EXECUTION_STARTED", originalExecutionRunId="r-1")
DONE = event(4, "WORKFLOW_TASK_COMPLETED", scheduledEventId="2")
QUEUE = {"name": "print-room"}
NOW = datetime(2026, 1, 31, 14, 6, 30, tzinfo=UTC)


def at(second: int) -> datetime:
    return datetime(2026, 1, 31, 14, 5, second, tzinfo=UTC)


def activity(number: int, name: str = "extract", **more: Any) -> dict[str, Any]:
    about = {"activityId": "1", "activityType": {"name": name}, "taskQueue": QUEUE}
    return event(number, "ACTIVITY_TASK_SCHEDULED", **about, **more)


def timer(number: int, length: str = "3600s", title: str = "") -> dict[str, Any]:
    found = event(number, "TIMER_STARTED", timerId="1", startToFireTimeout=length)
    return found | ({"userMetadata": {"summary": encoded(title)}} if title else {})


def child(number: int, name: str = "inv-1-source-1") -> list[dict[str, Any]]:
    opened = event(
        number, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId=name, workflowType={"name": "source-reader"}
    )
    return [opened, event(number + 1, "CHILD_WORKFLOW_EXECUTION_STARTED", initiatedEventId=str(number))]


def facts(*attempts: Attempt, complete: bool = True, seen: int = 9, **more: Any) -> Facts:
    known = Announced(seen=seen, complete=complete)
    for number, one in enumerate(attempts, 1):
        known.tasks[one.run_id, str(number)] = one
    return Facts(**{"now": NOW, "announced": known, "run_ids": frozenset({"r-1"}), "signals": ()} | more)


def attempt(failures: int = 0, error: str = "", since: int = 7) -> Attempt:
    return Attempt("extract", "r-1", at(6), failures, at(since) if failures else None, error)
