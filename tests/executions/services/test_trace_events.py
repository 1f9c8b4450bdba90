"""A trace's events as rows: their words, how far they have come, how long they took."""

import json
from typing import Any

import msgspec
import pytest

from executions.services.trace_events import event_rows, progress
from executions.upstream.types import TraceEvents
from tests.executions.services.trace_shapes import START

GIVEN = [
    {
        "id": "1",
        "name": "extract",
        "timestamp_unix_nano": START,
        "status": "FAILED",
        "error": "429",
        "internal": True,
        "start_time_unix_ms": 1_000,
        "end_time_unix_ms": 3_500,
        "attributes": {"progress": 0.25},
    },
    {"id": None, "attributes": {"a": "b"}, "timestamp_unix_nano": -(10**40)},
]


def rows(query: str = "") -> list[Any]:
    content = json.dumps({"execution_id": "e", "events": GIVEN})
    return event_rows(msgspec.json.decode(content, type=TraceEvents), query)


def test_trace_events_as_rows() -> None:
    names = ("id", "name", "status", "error", "internal", "failed", "milliseconds", "percent", "brief")
    assert [[getattr(row, name) for name in names] for row in rows()] == [
        ["1", "extract", "FAILED", "429", True, True, 2_500, 25, '{"progress":0.25}'],
        ["", "—", "", "", False, False, None, None, '{"a":"b"}'],
    ]
    assert [row.time is None for row in rows()] == [False, True]
    assert event_rows(TraceEvents(execution_id="e")) == []


@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        ("COMPLETED", "WORKFLOW_EXECUTION_CONTINUED_AS_NEW", "continued as new"),
        ("RUNNING", "WORKFLOW_EXECUTION_CONTINUED_AS_NEW", "continued as new"),
        ("RUNNING", "ACTIVITY_TASK_STARTED", "running"),
        ("COMPLETED", "ACTIVITY_TASK_STARTED", "not ended"),
        ("CANCELED", 7, "not ended"),
    ],
)
def test_nothing_of_what_is_over_runs(status: str, kind: Any, word: str) -> None:
    event = {"name": "nightly", "status": "RUNNING", "attributes": {"event_type": kind}}
    answer = json.dumps({"execution_id": "e", "status": status, "events": [event]})
    (found,) = event_rows(msgspec.json.decode(answer, type=TraceEvents), word)
    assert found.word == word


@pytest.mark.parametrize(("query", "ids"), [("EXT", ["1"]), ("429", ["1"]), ("fail", ["1"]), ('"b"', [""]), ("z", [])])
def test_the_search(query: str, ids: list[str]) -> None:
    assert [row.id for row in rows(query)] == ids


@pytest.mark.parametrize(
    ("attributes", "percent"),
    [
        ({}, None),
        ({"progress": 1}, 100),
        ({"progress": 40}, 40),
        ({"percent": 0.5}, 0.5),
        ({"current": 3, "total": 4}, 75),
        ({"done": 0, "total": 0}, None),
        ({"step": 5, "steps": 4}, None),
        ({"progress": "half"}, None),
        ({"progress": True}, None),
        ({"progress": -1}, None),
        ({"percent": 10**400}, None),
        ({"current": [1], "total": {}}, None),
    ],
)
def test_how_far_it_has_come(attributes: dict[str, Any], percent: float | None) -> None:
    assert progress(attributes) == percent
