"""The first cause of a bad end: the deepest failure, where it happened, or who ended the run."""

from typing import Any

import pytest

from executions.services import causes
from executions.services.causes import Cause
from tests.executions.canned import event
from tests.executions.services import hostile
from tests.executions.services.test_history import made

APPLICATION = {
    "message": "total does not match",
    "stackTrace": "Traceback\n  at line 7",
    "applicationFailureInfo": {"type": "ValidationError", "nonRetryable": True},
}
ACTIVITY = {
    "message": "Activity task failed",
    "cause": APPLICATION,
    "activityFailureInfo": {"scheduledEventId": "5", "startedEventId": "6", "activityType": {"name": "validate"}},
}
START = event(1, "WORKFLOW_EXECUTION_STARTED", workflowRunTimeout="30s", workflowExecutionTimeout="3600s")
RUN = [
    START,
    # The same words from another activity, which the workflow caught.
    event(2, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "guess"}),
    event(3, "ACTIVITY_TASK_FAILED", scheduledEventId="2", failure=APPLICATION),
    event(5, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "validate"}),
    event(6, "ACTIVITY_TASK_STARTED", scheduledEventId="5"),
    event(7, "ACTIVITY_TASK_FAILED", scheduledEventId="5", startedEventId="6", failure=APPLICATION),
    event(8, "WORKFLOW_TASK_COMPLETED"),
]


def cause(*ending: Any) -> Cause | None:
    return causes.cause(made([*RUN, *ending]))


def failed(**failure: Any) -> Cause:
    found = cause(event(9, "WORKFLOW_EXECUTION_FAILED", failure=failure))
    assert found
    return found


def test_the_deepest_failure_and_the_activity_in_which_it_happened() -> None:
    assert failed(**ACTIVITY) == Cause(
        heading="First cause",
        message="total does not match",
        event_id=7,
        type="ValidationError",
        stack="Traceback\n  at line 7",
        wrappers=("Activity task failed",),
    )


def test_of_a_child_the_event_is_the_child_s() -> None:
    """Events of the activity inside have numbers of the child's own history."""
    child = {
        "message": "Child Workflow execution failed",
        "cause": ACTIVITY,
        "childWorkflowExecutionFailureInfo": {"initiatedEventId": "10", "startedEventId": "11"},
    }
    found = cause(
        event(10, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowType={"name": "child"}),
        event(11, "CHILD_WORKFLOW_EXECUTION_STARTED", initiatedEventId="10"),
        event(12, "CHILD_WORKFLOW_EXECUTION_FAILED", initiatedEventId="10", startedEventId="11", failure=ACTIVITY),
        event(13, "WORKFLOW_EXECUTION_FAILED", failure=child),
    )
    assert found
    assert (found.event_id, found.message) == (12, "total does not match")
    assert found.wrappers == ("Child Workflow execution failed", "Activity task failed")


def test_an_activity_that_timed_out() -> None:
    timeout = {
        "message": "activity StartToClose timeout",
        "timeoutFailureInfo": {"timeoutType": "TIMEOUT_TYPE_START_TO_CLOSE"},
    }
    found = causes.cause(
        made(
            [
                *RUN[:-2],
                event(7, "ACTIVITY_TASK_TIMED_OUT", scheduledEventId="5", failure=timeout),
                event(9, "WORKFLOW_EXECUTION_FAILED", failure={**ACTIVITY, "cause": timeout}),
            ]
        )
    )
    assert found
    assert (found.type, found.message, found.event_id) == ("START_TO_CLOSE", "activity StartToClose timeout", 7)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        ({"applicationFailureInfo": {"type": ""}}, "Application"),
        ({"canceledFailureInfo": {}}, "Canceled"),
        ({"terminatedFailureInfo": {}}, "Terminated"),
        ({"serverFailureInfo": {"nonRetryable": True}}, "Server"),
        ({"applicationFailureInfo": "odd"}, ""),
        ({}, ""),
    ],
)
def test_a_failure_without_a_class_is_of_a_kind(failure: dict[str, Any], kind: str) -> None:
    assert failed(message="m", **failure).type == kind


def test_a_workflow_that_failed_by_itself() -> None:
    found = failed(**APPLICATION)
    assert (found.event_id, found.wrappers) == (9, ())


def test_an_activity_whose_failure_is_not_in_the_history_is_linked_by_its_schedule() -> None:
    info = {"scheduledEventId": "2"}
    found = causes.cause(made([*RUN[:2], event(9, "WORKFLOW_EXECUTION_FAILED", failure={"activityFailureInfo": info})]))
    assert found
    assert found.event_id == 2


def test_a_long_chain_is_followed_to_its_end_and_told_in_short() -> None:
    failure = hostile.nested(200, message="the first", stackTrace="")
    found = failed(**{**failure, "message": "the last", "stackTrace": "of the last"})
    assert (found.message, found.stack) == ("the first", "of the last")
    assert found.wrappers == ("the last", *["no message"] * 7, "192 more")


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        ({}, "The failure has no message."),
        ({"message": ""}, "The failure has no message."),
        ({"message": {"a": 1}}, "The failure has no message."),
        ({"message": "\x1b[31mred"}, "red"),
        ({"message": "x", "cause": "text"}, "x"),
        ({"message": "x", "cause": [{"message": "y"}]}, "x"),
        ({"message": "x", "activityFailureInfo": 3, "stackTrace": ["a"]}, "x"),
        ({"message": "x", "activityFailureInfo": {"scheduledEventId": {}}}, "x"),
    ],
)
def test_odd_failures(failure: dict[str, Any], message: str) -> None:
    found = failed(**failure)
    assert (found.message, found.stack, found.event_id) == (message, "", 9)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"reason": "duplicate of 42", "identity": "ana@ops"}, "duplicate of 42 (by ana@ops)"),
        ({"reason": "", "identity": "ana@ops"}, "No reason was given. (by ana@ops)"),
        ({"reason": "why"}, "why"),
        ({}, "No reason was given."),
        ({"reason": {"a": 1}, "identity": ["x"]}, "No reason was given."),
    ],
)
def test_a_terminated_run_says_why_and_by_whom(attributes: dict[str, Any], message: str) -> None:
    found = cause(event(9, "WORKFLOW_EXECUTION_TERMINATED", **attributes))
    assert found == Cause("Terminated", message, 9)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"workflowRunTimeout": "30s", "workflowExecutionTimeout": "60s"}, "It did not end within its limit of 30s."),
        ({"workflowRunTimeout": "0s", "workflowExecutionTimeout": "60s"}, "It did not end within its limit of 60s."),
        ({"workflowRunTimeout": "0s"}, "It did not end within its time limit."),
        ({"workflowRunTimeout": {"seconds": 3}}, "It did not end within its time limit."),
        ({}, "It did not end within its time limit."),
    ],
)
def test_a_run_that_timed_out_says_so(limits: dict[str, Any], message: str) -> None:
    events = made([event(1, "WORKFLOW_EXECUTION_STARTED", **limits), event(2, "WORKFLOW_EXECUTION_TIMED_OUT")])
    assert causes.cause(events) == Cause("Timed out", message, 2)


@pytest.mark.parametrize(
    "ending",
    [
        [],
        [event(9, "WORKFLOW_EXECUTION_COMPLETED")],
        [event(9, "WORKFLOW_EXECUTION_CANCELED")],
        [event(9, "WORKFLOW_EXECUTION_FAILED", failure="odd")],
        [event(9, "WORKFLOW_EXECUTION_CONTINUED_AS_NEW", newExecutionRunId="x")],
    ],
)
def test_no_bad_end_no_cause(ending: list[Any]) -> None:
    assert cause(*ending) is None
    assert causes.cause([]) is None
