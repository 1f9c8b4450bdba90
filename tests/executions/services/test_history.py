"""A history as rows: names from the events that they point at, and notes."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import causes, history, steps
from executions.services.history import EventRow
from executions.upstream.types import History, HistoryEvents
from tests.executions.canned import encoded, event
from tests.executions.services import hostile

FAILURE = {"message": "outer", "cause": {"message": "429 rate limited", "stackTrace": "at line 1"}}
EVENTS = [
    event(1, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": "pipeline"}, input={"payloads": [encoded({"n": 1})]}),
    event(2, "WORKFLOW_TASK_SCHEDULED"),
    event(3, "WORKFLOW_TASK_STARTED", scheduledEventId="2"),
    event(4, "WORKFLOW_TASK_COMPLETED", scheduledEventId="2", startedEventId="3"),
    event(5, "ACTIVITY_TASK_SCHEDULED", activityId="1", activityType={"name": "extract"}, input={"payloads": [None]}),
    event(6, "ACTIVITY_TASK_STARTED", scheduledEventId="5"),
    event(7, "ACTIVITY_TASK_FAILED", scheduledEventId="5", startedEventId="6", failure=FAILURE),
    event(8, "TIMER_STARTED", timerId="t-1", startToFireTimeout="30s"),
    event(9, "TIMER_FIRED", timerId="t-1", startedEventId="8"),
    event(10, "WORKFLOW_EXECUTION_SIGNALED", signalName="approve", input={"payloads": [{"by": "ana"}]}),
    event(11, "WORKFLOW_EXECUTION_UPDATE_ACCEPTED", acceptedRequest={"input": {"name": "set_priority"}}),
    event(12, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowType={"name": "child"}),
    event(13, "CHILD_WORKFLOW_EXECUTION_COMPLETED", initiatedEventId="12", result={"payloads": []}),
    event(14, "WORKFLOW_TASK_COMPLETED"),
    event(15, "MARKER_RECORDED", markerName="version"),
    event(16, "WORKFLOW_EXECUTION_TIMED_OUT"),
]
ROWS = [
    (1, "WorkflowExecutionStarted", "workflow", "pipeline", '{"n":1}', False, 0),
    (2, "WorkflowTaskScheduled", "task", "", "", False, 0),
    (3, "WorkflowTaskStarted", "task", "", "", False, 2),
    (4, "WorkflowTaskCompleted", "task", "", "", False, 2),
    (5, "ActivityTaskScheduled", "activity", "extract", "null", False, 0),
    (6, "ActivityTaskStarted", "activity", "extract", "", False, 5),
    (7, "ActivityTaskFailed", "activity", "extract", "429 rate limited", True, 5),
    (8, "TimerStarted", "timer", "t-1", "fires after 30s", False, 0),
    (9, "TimerFired", "timer", "t-1", "", False, 8),
    (10, "WorkflowExecutionSignaled", "signal", "approve", '{"by":"ana"}', False, 0),
    (11, "WorkflowExecutionUpdateAccepted", "update", "set_priority", "", False, 0),
    (12, "StartChildWorkflowExecutionInitiated", "child", "child", "", False, 0),
    (13, "ChildWorkflowExecutionCompleted", "child", "child", "", False, 12),
    (14, "WorkflowTaskCompleted", "task", "", "", False, 0),
    (15, "MarkerRecorded", "other", "", "", False, 0),
    (16, "WorkflowExecutionTimedOut", "workflow", "", "", True, 0),
]


def made(events: list[Any]) -> list[EventRow]:
    found = history.rows(History(raw=b"", events=[hostile.raw(one) for one in events]))
    assert found is not None
    return found


def test_events_as_rows() -> None:
    found = made(EVENTS)
    assert [(r.id, r.kind, r.category, r.name, r.note, r.failed, r.origin) for r in found] == ROWS
    assert [msgspec.json.decode(row.json) for row in found] == EVENTS
    assert found[0].time is not None
    assert found[0].time.isoformat() == "2026-01-31T14:05:01+00:00"


def test_every_event_has_a_category() -> None:
    kinds = {"workflow", "activity", "timer", "child", "signal", "update", "task", "other"}
    assert {row.category for row in made(EVENTS)} == kinds


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (None, (0, "—", "other", "", "")),
        ("text", (0, "—", "other", "", "")),
        ([1], (0, "—", "other", "", "")),
        ({}, (0, "—", "other", "", "")),
        ({"eventId": "abc", "eventType": None, "eventTime": 3}, (0, "—", "other", "", "")),
        ({"eventId": [1], "eventType": {"a": 1}}, (0, "—", "other", "", "")),
        ({"eventId": 7, "eventType": 12}, (7, "12", "other", "", "")),
        ({"eventId": "1", "eventType": "EVENT_TYPE_NEXUS_OPERATION"}, (1, "NexusOperation", "other", "", "")),
        ({"eventId": "1", "eventType": "ActivityTaskStarted"}, (1, "ActivityTaskStarted", "other", "", "")),
        (event(1, "ACTIVITY_TASK_SCHEDULED", activityType="x"), (1, "ActivityTaskScheduled", "activity", "", "")),
        (
            event(1, "ACTIVITY_TASK_SCHEDULED", activityType={"name": {"a": 1}}),
            (1, "ActivityTaskScheduled", "activity", "", ""),
        ),
        (
            event(1, "WORKFLOW_EXECUTION_UPDATE_ACCEPTED", acceptedRequest=[]),
            (1, "WorkflowExecutionUpdateAccepted", "update", "", ""),
        ),
        (
            event(1, "ACTIVITY_TASK_FAILED", failure={"message": ["no", "text"]}),
            (1, "ActivityTaskFailed", "activity", "", ""),
        ),
    ],
)
def test_malformed_events_are_rows_too(event: Any, shown: tuple[Any, ...]) -> None:
    (row,) = made([event])
    assert (row.id, row.kind, row.category, row.name, row.note) == shown
    assert "json" not in repr(row)


KEYS = [
    *(
        "eventId",
        "eventType",
        "eventTime",
        "scheduledEventId",
        "startedEventId",
        "initiatedEventId",
        "failure",
        "cause",
    ),
    *("activityTaskFailedEventAttributes", "workflowExecutionFailedEventAttributes", "activityType", "name", "message"),
    *("result", "input", "payloads", "metadata", "encoding", "data", "reason", "identity", "stackTrace"),
    *("activityFailureInfo", "childWorkflowExecutionFailureInfo", "applicationFailureInfo", "type", "acceptedRequest"),
    *("workflowExecutionStartedEventAttributes", "workflowExecutionTerminatedEventAttributes", "startToFireTimeout"),
]
KINDS = st.sampled_from(["FAILED", "TERMINATED", "TIMED_OUT"]).map("EVENT_TYPE_WORKFLOW_EXECUTION_{}".format)
hostile_events = st.lists(hostile.values(KEYS) | hostile.objects(KEYS), max_size=6)


@given(hostile_events, KINDS, hostile.objects(KEYS))
def test_no_history_is_too_odd(events: list[Any], kind: str, attributes: dict[str, Any]) -> None:
    ended = {"eventId": "9", "eventType": kind, "workflowExecutionFailedEventAttributes": attributes}
    found = made([*events, ended, *events])
    for row in found:
        assert isinstance(row.json, str)
    causes.cause(found)
    steps.steps(found)


def test_the_latest_request_to_cancel_is_found() -> None:
    asked = [event(number, "WORKFLOW_EXECUTION_CANCEL_REQUESTED") for number in (5, 9)]
    found = history.cancel_requested(made([*asked, event(10, "TIMER_FIRED")]))
    assert found
    assert found.id == 9
    assert history.cancel_requested(made(EVENTS)) is None


def test_another_shape_is_shown_as_json() -> None:
    answer = History(raw=b'{"items": [1]}')
    assert history.rows(answer) is None
    assert history.readable(answer) == b'{\n  "items": [\n    1\n  ]\n}'


def test_a_readable_history_says_the_same() -> None:
    content = msgspec.json.encode({"events": EVENTS})
    answer = History(raw=content, events=msgspec.json.decode(content, type=HistoryEvents).events)
    assert msgspec.json.decode(history.readable(answer)) == {"events": EVENTS}


def test_a_failed_event_has_its_deepest_stack_trace() -> None:
    failed, completed = made([event(7, "ACTIVITY_TASK_FAILED", failure=FAILURE), event(8, "ACTIVITY_TASK_COMPLETED")])
    assert (failed.stack, completed.stack) == ("at line 1", "")
