"""How an execution ended, and why: each sentence, word by word."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import runs, steps, why
from executions.services.waits import Facts
from executions.services.why import Ended
from executions.upstream.types import Execution
from tests.executions.canned import event
from tests.executions.services import hostile
from tests.executions.services.test_history import made
from tests.executions.services.test_steps import odd_events
from tests.executions.services.why_shapes import DONE, START, activity, attempt, facts, timer

ENDED = "2026-01-31T14:06:10Z"


def run(status: str) -> runs.Run:
    return runs.run(Execution(execution_id="inv-1", run_id="api-run-1", status=status, end_time=ENDED))


def end(status: str, found: list[Any], known: Facts | None = None, by: Ended | None = None) -> str:
    events = made(found)
    return why.over(run(status), events, steps.steps(events), known or facts(announced=None), by=by).text


@pytest.mark.parametrize(("named", "links"), [("month-1", "month-1"), ("a\0b", ""), ("x" * 5_000, ""), ("..", "")])
def test_a_link_leads_only_to_what_an_execution_can_be_called(named: str, links: str) -> None:
    asked = event(6, "WORKFLOW_EXECUTION_CANCEL_REQUESTED", externalWorkflowExecution={"workflowId": named})
    events = made([asked])
    found = why.over(run("CANCELED"), events, steps.steps(events), facts(announced=None), by=None)
    assert [part.execution for part in found.parts if part.look == "name"] == [links]


ANA = Ended("ana", "exported twice")
CANCEL = event(6, "WORKFLOW_EXECUTION_CANCEL_REQUESTED")
PARENT = {"workflowId": "month-1", "runId": "r-1"}
KILL = event(9, "WORKFLOW_EXECUTION_TERMINATED", reason="duplicate.", identity="cli@ops")
LATE = event(9, "WORKFLOW_EXECUTION_TIMED_OUT")
LIMITED = event(1, "WORKFLOW_EXECUTION_STARTED", workflowRunTimeout="30s")
INFO = {"scheduledEventId": "5", "activityType": {"name": "extract"}}
DEEP = {"message": "no total.", "stackTrace": "line 7", "applicationFailureInfo": {"type": "TotalsDoNotMatch"}}
ACTIVITY_FAILURE = {"message": "Activity task failed", "cause": DEEP, "activityFailureInfo": INFO}
CHILD_INFO = {"initiatedEventId": "5", "workflowExecution": {"workflowId": "c-1"}, "workflowType": {"name": "reader"}}
CHILD_FAILURE = {"cause": ACTIVITY_FAILURE, "childWorkflowExecutionFailureInfo": CHILD_INFO}


def late(kind: str) -> list[Any]:
    failure = {"message": "timeout", "timeoutFailureInfo": {"timeoutType": f"TIMEOUT_TYPE_{kind}"}}
    limits = {"startToCloseTimeout": "2s", "heartbeatTimeout": "3s", "scheduleToStartTimeout": "4s"}
    return [
        activity(5, **limits),
        event(6, "ACTIVITY_TASK_STARTED", scheduledEventId="5", attempt=2),
        event(7, "ACTIVITY_TASK_TIMED_OUT", scheduledEventId="5", failure=failure),
        event(9, "WORKFLOW_EXECUTION_FAILED", failure={"cause": failure, "activityFailureInfo": INFO}),
    ]


OVER: list[tuple[str, str, list[Any], Ended | None, str]] = [
    (
        "canceled",
        "CANCELED",
        [CANCEL],
        ANA,
        "Canceled at 14:06:10, as requested at 14:05:06 (event 6) by ana: exported twice.",
    ),
    (
        "canceled elsewhere",
        "CANCELED",
        [CANCEL],
        None,
        "Canceled at 14:06:10, as requested at 14:05:06 (event 6), not from this console.",
    ),
    (
        "canceled elsewhere, by somebody",
        "CANCELED",
        [event(6, "WORKFLOW_EXECUTION_CANCEL_REQUESTED", identity="cli@ops", cause="exported twice.")],
        None,
        "Canceled at 14:06:10, as requested at 14:05:06 (event 6), not from this console but by cli@ops: "
        "exported twice.",
    ),
    (
        "canceled by another execution",
        "CANCELED",
        [event(6, "WORKFLOW_EXECUTION_CANCEL_REQUESTED", identity="history", externalWorkflowExecution=PARENT)],
        None,
        "Canceled at 14:06:10, as requested at 14:05:06 (event 6), not from this console but by the execution month-1.",
    ),
    (
        "canceled, without a request",
        "CANCELED",
        [],
        None,
        "Canceled at 14:06:10. Its history does not say when that was requested.",
    ),
    (
        "terminated",
        "TERMINATED",
        [timer(5), KILL],
        ANA,
        "Terminated at 14:06:10 (event 9) by ana: exported twice. It was then waiting for a timer until "
        "15:05:05 (event 5).",
    ),
    (
        "terminated elsewhere",
        "TERMINATED",
        [KILL],
        None,
        "Terminated at 14:06:10 (event 9), not from this console but by cli@ops: duplicate.",
    ),
    (
        "terminated without a word",
        "TERMINATED",
        [event(9, "WORKFLOW_EXECUTION_TERMINATED")],
        None,
        "Terminated at 14:06:10 (event 9), not from this console: no reason was given.",
    ),
    (
        "terminated, without an event",
        "TERMINATED",
        [],
        None,
        "Terminated at 14:06:10. Its history does not say why.",
    ),
    (
        "timed out",
        "TIMED_OUT",
        [activity(5), timer(6), LATE],
        None,
        "Timed out at 14:06:10 (event 9): it did not end within its limit of 30s. It was then waiting for "
        "activity extract (event 5), and for 1 more.",
    ),
    ("timed out, without an event", "TIMED_OUT", [], None, "Timed out at 14:06:10."),
    (
        "failed in an activity",
        "FAILED",
        [
            activity(5),
            event(6, "ACTIVITY_TASK_STARTED", scheduledEventId="5", attempt=3),
            event(7, "ACTIVITY_TASK_FAILED", scheduledEventId="5", failure=DEEP),
            event(9, "WORKFLOW_EXECUTION_FAILED", failure=ACTIVITY_FAILURE),
        ],
        None,
        "Failed at 14:06:10, because activity extract failed 3 times. First cause: TotalsDoNotMatch: no "
        "total (event 7).",
    ),
    (
        "an attempt was too long",
        "FAILED",
        late("START_TO_CLOSE"),
        None,
        "Failed at 14:06:10, because activity extract timed out 2 times. First cause: an attempt took "
        "longer than its limit of 2s (event 7).",
    ),
    (
        "no sign of life",
        "FAILED",
        late("HEARTBEAT"),
        None,
        "Failed at 14:06:10, because activity extract timed out 2 times. First cause: an attempt gave no "
        "sign of life within its limit of 3s (event 7).",
    ),
    (
        "nobody took it",
        "FAILED",
        late("SCHEDULE_TO_START"),
        None,
        "Failed at 14:06:10, because activity extract timed out 2 times. First cause: no worker picked it "
        "up within its limit of 4s (event 7).",
    ),
    (
        "a limit without a length",
        "FAILED",
        late("SCHEDULE_TO_CLOSE"),
        None,
        "Failed at 14:06:10, because activity extract timed out 2 times. First cause: all its attempts "
        "took longer than their limit (event 7).",
    ),
    (
        "failed in a child",
        "FAILED",
        [
            event(
                9,
                "WORKFLOW_EXECUTION_FAILED",
                failure={"cause": ACTIVITY_FAILURE, "childWorkflowExecutionFailureInfo": CHILD_INFO},
            )
        ],
        None,
        "Failed at 14:06:10, because the child c-1 failed. First cause: TotalsDoNotMatch: no total (event 5).",
    ),
    (
        "failed by itself",
        "FAILED",
        [event(9, "WORKFLOW_EXECUTION_FAILED", failure={"message": "no plan", "applicationFailureInfo": {}})],
        None,
        "Failed at 14:06:10, in the workflow’s own code. First cause: no plan (event 9).",
    ),
    ("failed, without an event", "FAILED", [], None, "Failed at 14:06:10. Its history names no cause."),
    (
        "a new status",
        "PAUSED",
        [],
        None,
        "Not known: the console does not know what the status PAUSED means.",
    ),
]


@pytest.mark.parametrize(("status", "events", "by", "words"), [one[1:] for one in OVER], ids=[one[0] for one in OVER])
def test_a_run_that_has_ended(status: str, events: list[Any], by: Ended | None, words: str) -> None:
    assert end(status, [LIMITED, DONE, *events], by=by) == words


def test_what_was_waited_for_at_the_end_is_a_signal_too() -> None:
    words = "it did not end within its limit of 30s. It was then waiting for a signal, approve."
    assert (
        end("TIMED_OUT", [LIMITED, DONE, LATE], facts(signals=("approve",)))
        == f"Timed out at 14:06:10 (event 9): {words}"
    )


def test_a_failure_brings_its_stack_trace() -> None:
    events = made([START, event(9, "WORKFLOW_EXECUTION_FAILED", failure=ACTIVITY_FAILURE)])
    found = why.over(run("FAILED"), events, [], facts())
    assert found.cause
    assert (found.cause.stack, found.cause.wrappers) == ("line 7", ("Activity task failed",))


def test_completed_and_continued() -> None:
    following = runs.run(Execution(execution_id="inv-1", run_id="7b0e1234-x", status="RUNNING"))
    assert why.completed(run("COMPLETED")).text == "Completed at 14:06:10."
    found = why.continued(run("CONTINUED_AS_NEW"), following)
    assert found.text == "Continued as new at 14:06:10: run 7b0e1234 went on from it."
    assert [part.run_id for part in found.parts if part.run_id] == ["7b0e1234-x"]
    words = "Continued as new at 14:06:10: its next run is not among the runs that the API lists."
    assert why.continued(run("CONTINUED_AS_NEW"), None).text == words


@given(
    st.lists(odd_events | hostile.values(["taskQueue", "userMetadata", "retryPolicy"]), max_size=8),
    st.sampled_from(["FAILED", "CANCELED", "TERMINATED", "TIMED_OUT"]),
)
def test_no_history_is_too_odd(found: list[Any], status: str) -> None:
    events = made(found)
    known = facts(attempt(2), signals=("approve",), run_ids=why.run_ids(run(status), events))
    did = steps.steps(events)
    one = why.over(run(status), events, did, known)
    assert one.text.endswith((".", "?"))
    assert "\x1b" not in one.text
