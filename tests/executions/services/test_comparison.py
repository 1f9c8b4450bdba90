"""Two histories side by side: where they part, and what each did from there on."""

from typing import Any

import msgspec
import pytest

from executions.services import comparison, runs
from executions.services.comparison import Difference
from executions.upstream.types import Execution
from tests.executions.canned import event
from tests.executions.services.test_history import made

RESET = "WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW"
SHARED = [
    event(1, "WORKFLOW_EXECUTION_STARTED"),
    event(2, "WORKFLOW_TASK_COMPLETED"),
    event(3, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "slow"}),
    event(4, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "read"}),
    event(5, "ACTIVITY_TASK_COMPLETED", scheduledEventId="4", result={"payloads": ["text"]}),
]
FAILURE = {"message": "503", "applicationFailureInfo": {"type": "LedgerUnavailable"}}


def work(number: int, name: str, result: Any = None, failure: Any = None) -> list[dict[str, Any]]:
    end = {"failure": failure} if failure else {"result": {"payloads": [result]}}
    kind = "ACTIVITY_TASK_FAILED" if failure else "ACTIVITY_TASK_COMPLETED"
    return [
        event(number, "ACTIVITY_TASK_SCHEDULED", activityType={"name": name}),
        event(number + 1, kind, scheduledEventId=str(number), **end),
    ]


OLDER = [
    *SHARED,
    event(6, "WORKFLOW_TASK_COMPLETED"),
    *work(7, "extract", 1),
    *work(9, "check", 1),
    *work(11, "book", failure=FAILURE),
    event(13, "WORKFLOW_EXECUTION_FAILED", failure=FAILURE),
]
NEWER = [
    *SHARED,
    event(6, "WORKFLOW_TASK_FAILED", cause=RESET, failure={"message": "the ledger is back"}),
    event(7, "WORKFLOW_EXECUTION_SIGNALED", signalName="approve"),
    event(8, "WORKFLOW_TASK_COMPLETED"),
    *work(9, "extract", 1),
    *work(11, "check", 2),
    *work(13, "book", "b-1"),
    event(15, "ACTIVITY_TASK_COMPLETED", scheduledEventId="3", result={"payloads": ["late"]}),
    event(16, "WORKFLOW_EXECUTION_COMPLETED"),
]


def lines(it: comparison.Comparison) -> list[tuple[str, int, int, str]]:
    return [
        (one.step.name, one.older.id if one.older else 0, one.newer.id if one.newer else 0, one.differs)
        for one in it.lines
    ]


def test_a_run_and_what_it_was_reset_to() -> None:
    it = comparison.compare(made(OLDER), made(NEWER))
    assert it.shared is not None
    assert it.marker is not None
    assert (it.shared.id, it.is_copied, it.marker.id, it.reason) == (5, True, 6, "the ledger is back")
    assert lines(it) == [
        # Begun before they part, and ended after it.
        ("slow", 3, 3, "outcome"),
        ("approve", 0, 7, "only here"),
        ("extract", 7, 9, ""),
        ("check", 9, 11, "result"),
        ("book", 11, 13, "outcome"),
    ]
    assert (it.line_count, it.difference_count, it.step_count) == (5, 4, 0)
    assert [one and (one.type, one.event_id) for one in it.causes] == [("LedgerUnavailable", 13), None]


def test_runs_that_only_went_alike() -> None:
    """As after going on as new: the same kinds of events, at other times."""
    later = [one | {"eventTime": "2026-01-31T15:00:00Z"} for one in SHARED]
    it = comparison.compare(made(SHARED), made(later))
    assert it.shared is not None
    assert (it.shared.id, it.is_copied, it.marker, it.reason) == (5, False, None, "")


@pytest.mark.parametrize(
    ("older", "newer", "shared"),
    [
        (OLDER, OLDER, 13),
        (OLDER, OLDER[:4], 4),
        (OLDER, [], 0),
        ([], OLDER, 0),
        ([event(1, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": "a"})], OLDER, 0),
        (SHARED, [*SHARED[:3], event(4, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "other"})], 3),
    ],
)
def test_the_last_event_that_both_have(older: list[Any], newer: list[Any], shared: int) -> None:
    it = comparison.compare(made(older), made(newer))
    assert (it.shared.id if it.shared else 0) == shared


def test_the_marker_may_be_the_older_run_s() -> None:
    """Of two runs that come from resets to different points, the older was reset later in its history."""
    newer = [*SHARED, event(6, "WORKFLOW_TASK_COMPLETED")]
    it = comparison.compare(made(NEWER), made(newer))
    assert it.marker is not None
    assert it.marker.id == 6
    other = [*SHARED, event(6, "WORKFLOW_TASK_FAILED", cause="UNHANDLED_COMMAND", failure={"message": "m"})]
    assert comparison.compare(made(OLDER), made(other)).marker is None


def test_long_runs_are_compared_in_part() -> None:
    many = [one for number in range(450) for one in work(10 + 2 * number, "chunk", number)]
    it = comparison.compare(made(SHARED), made([*SHARED, *many]))
    # `slow` has not ended in either.
    assert (len(it.lines), it.line_count, it.step_count) == (comparison.LINES_SHOWN, 400, 51)


def ended(result: Any) -> runs.Run:
    content = msgspec.Raw(b"" if result is Ellipsis else msgspec.json.encode(result))
    return runs.run(Execution(execution_id="e", result=content))


@pytest.mark.parametrize(
    ("older", "newer", "expected"),
    [
        ({"a": 1, "b": [1, {"c": 2}]}, {"a": 1, "b": [1, {"c": 2}]}, []),
        (
            {"a": 1, "b": [1, {"c": 2}], "gone": None},
            {"a": True, "b": [1, {"c": "2"}, 3], "new": "x"},
            [("a", "1", "true"), ("b[1].c", "2", "2"), ("b[2]", "—", "3"), ("gone", "null", "—"), ("new", "—", "x")],
        ),
        ([1], {"a": 1}, [("the whole", "[1]", '{"a":1}')]),
        ("text", "other", [("the whole", "text", "other")]),
        (..., ..., []),
        (..., None, []),
        (..., 1, [("the whole", "null", "1")]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
    ],
)
def test_where_results_differ(older: Any, newer: Any, expected: list[tuple[str, str, str]]) -> None:
    assert comparison.results(ended(older), ended(newer)) == [Difference(*one) for one in expected]


def test_results_that_differ_everywhere_are_bounded() -> None:
    found = comparison.results(ended(list(range(1000))), ended(list(range(1, 1001))))
    assert len(found) == comparison.DIFFERENCES_SHOWN
    deep: Any = 1
    for _ in range(150):
        deep = {"a": deep}
    (found_one,) = comparison.results(ended(deep), ended({"a": deep}))
    assert found_one.path == "a.a.a.a.a.a"
