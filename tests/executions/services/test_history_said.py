"""What a search of a history looks at, and what it leaves out."""

from typing import Any

import msgspec
import pytest
from hypothesis import given

from executions.services.history_said import said
from executions.services.history_search import Haystack
from tests.executions.services import hostile

SCHEDULED = {
    "eventId": "71",
    "eventTime": "2026-01-31T14:05:07Z",
    "version": "72",
    "taskId": "73",
    "eventType": "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED",
    "activityTaskScheduledEventAttributes": {
        "activityId": "act-9",
        "taskQueue": {"name": "imports"},
        "workflowTaskCompletedEventId": "74",
        "startToCloseTimeout": "60s",
        # A payload may be named as the engine names its own.
        "input": {
            "payloads": [{"taskId": "T-1", "identity": "id-2", "attempt": 31, "requestId": "r-4", "eventId": 5.5}]
        },
    },
}
INFO = {"scheduledEventId": "81", "startedEventId": "82", "identity": "1@host", "activityId": "act-9"}
FAILED = {
    "eventId": "83",
    "childWorkflowExecutionFailedEventAttributes": {
        "initiatedEventId": "84",
        "identity": "2@host",
        "requestId": "85",
        "attempt": 86,
        "workflowExecution": {"workflowId": "child-7", "runId": "run-8"},
        "failure": {
            "message": "outer 55",
            "cause": {"message": "inner", "activityFailureInfo": INFO, "cause": {"activityFailureInfo": INFO}},
        },
    },
}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        *((words, {0}) for words in ("T-1", "id-2", "31", "r-4", "5.5", "imports", "60s", "SCHEDULED")),
        *((words, {1}) for words in ("child-7", "run-8", "outer 55", "inner")),
        ("act-9", {0, 1}),
        *((number, set()) for number in ("71", "72", "73", "74", "81", "82", "83", "84", "85", "86", "@host", "14:05")),
    ],
)
def test_names_payloads_failures_and_ids_are_found_but_not_the_engine_s_own(query: str, found: set[int]) -> None:
    assert Haystack(hostile.raw(one) for one in (SCHEDULED, FAILED)).find(query) == found


@pytest.mark.parametrize("event", [b"[1]", b"12", b'{"a": ', b'{"xEventAttributes": [1]}', b'{"a": "\xff"}'])
def test_what_is_no_event_is_looked_at_as_it_is(event: bytes) -> None:
    assert said(msgspec.Raw(event)).replace(b" ", b"") == event.replace(b" ", b"")


@given(hostile.values(["eventId", "failure", "cause", "activityFailureInfo", "xEventAttributes", "identity"]))
def test_no_event_is_too_odd(event: Any) -> None:
    assert isinstance(said(hostile.raw(event)), bytes)
