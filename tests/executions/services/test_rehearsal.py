"""What a reset would do, from made-up histories; `tests/sandbox/test_rehearsal.py` asks the engine whether it is so."""

from typing import Any

import pytest

from executions.services import causes, rehearsal, reset_points, runs
from executions.services.history import EventRow
from executions.upstream.types import Execution
from tests.executions.canned import event
from tests.executions.services.test_history import made

FAILURE = {
    "message": "Activity task failed",
    "activityFailureInfo": {"scheduledEventId": "22", "activityType": {"name": "book"}},
    "cause": {"message": "503: try later", "applicationFailureInfo": {"type": "LedgerUnavailable"}},
}
REQUEST = {"input": {"name": "set_priority", "args": {"payloads": [{"priority": "urgent"}]}}}


def activity(number: int, name: str, **more: Any) -> dict[str, Any]:
    return event(number, "ACTIVITY_TASK_SCHEDULED", activityType={"name": name}, **more)


EVENTS = [
    event(1, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": "pipeline"}, workflowRunTimeout="0s"),
    event(2, "WORKFLOW_TASK_SCHEDULED"),
    event(3, "WORKFLOW_TASK_STARTED", scheduledEventId="2"),
    event(4, "WORKFLOW_TASK_COMPLETED", scheduledEventId="2"),
    activity(5, "read", input={"payloads": ["scan.pdf"]}),
    activity(6, "slow"),
    event(7, "TIMER_STARTED", timerId="1", startToFireTimeout="60s"),
    event(8, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId="kid-1", workflowType={"name": "reader"}),
    event(9, "ACTIVITY_TASK_COMPLETED", scheduledEventId="5"),
    event(10, "WORKFLOW_TASK_SCHEDULED"),
    event(11, "WORKFLOW_TASK_COMPLETED", scheduledEventId="10"),
    activity(12, "extract"),
    event(13, "MARKER_RECORDED", markerName="core_local_activity", details={"data": {"activity_type": "look_up"}}),
    event(14, "WORKFLOW_EXECUTION_SIGNALED", signalName="approve"),
    event(15, "WORKFLOW_EXECUTION_UPDATE_ACCEPTED", acceptedRequest=REQUEST),
    event(16, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId="kid-2", workflowType={"name": "reader"}),
    event(17, "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED", signalName="go", workflowExecution={"workflowId": "o"}),
    event(18, "CHILD_WORKFLOW_EXECUTION_COMPLETED", initiatedEventId="8"),
    event(19, "ACTIVITY_TASK_COMPLETED", scheduledEventId="6"),
    event(20, "ACTIVITY_TASK_COMPLETED", scheduledEventId="12"),
    event(21, "WORKFLOW_TASK_COMPLETED"),
    activity(22, "book"),
    event(23, "ACTIVITY_TASK_FAILED", scheduledEventId="22", failure=FAILURE["cause"]),
    event(24, "WORKFLOW_TASK_COMPLETED"),
    event(25, "WORKFLOW_EXECUTION_FAILED", failure=FAILURE),
]
ROWS = made(EVENTS)
POINTS = reset_points.points(ROWS)


def said(place: int, events: list[EventRow] = ROWS, **switches: bool) -> rehearsal.Rehearsal:
    point = next(one for one in reset_points.points(events) if one.event_id == place)
    return rehearsal.rehearse(events, point, **switches)


def ids(found: Any) -> list[int]:
    return [one.id for one in found]


def test_what_is_kept_and_what_is_thrown_away() -> None:
    for place, kept in ((4, 3), (21, 20)):
        it = said(place)
        assert (it.kept, it.thrown_away, it.total) == (kept, 25 - kept, 25)
        assert it.thrown_from == ROWS[kept].time
        assert it.thrown_until == ROWS[-1].time
        assert it.seconds == 25 - place


def at_work(number: int, name: str, begin: int, end: int | None, attempt: int = 1) -> list[dict[str, Any]]:
    """An activity that waited a second, and worked from one second to another."""
    found = [activity(number, name), event(number + 1, "ACTIVITY_TASK_STARTED", scheduledEventId=str(number))]
    found[1]["activityTaskStartedEventAttributes"]["attempt"] = attempt
    if end is not None:
        found.append(event(number + 2, "ACTIVITY_TASK_COMPLETED", scheduledEventId=str(number)))
    seconds = (begin - 1, begin, end)
    for one, second in zip(found, seconds, strict=False):
        one["eventTime"] = f"2026-01-31T14:{second // 60:02}:{second % 60:02}Z"
    return found


def ended_at(number: int, scheduled: str, second: int) -> dict[str, Any]:
    found = event(number, "ACTIVITY_TASK_COMPLETED", scheduledEventId=scheduled)
    return found | {"eventTime": f"2026-01-31T14:{second // 60:02}:{second % 60:02}Z"}


def point_at(number: int, second: int) -> dict[str, Any]:
    return event(number, "WORKFLOW_TASK_COMPLETED") | {"eventTime": f"2026-01-31T14:{second // 60:02}:00Z"}


@pytest.mark.parametrize(
    ("worked", "expected"),
    [
        ([], (False, 0, False)),
        # Ten minutes of which it worked for two seconds.
        ([at_work(5, "a", 602, 604)], (True, 2, False)),
        ([at_work(5, "a", 602, 604), at_work(10, "b", 701, 704)], (True, 5, False)),
        # At the same time counts once: inside another, and over its end; in whatever order they began.
        ([at_work(5, "a", 605, 610), at_work(10, "b", 602, 608), at_work(15, "c", 603, 604)], (True, 8, False)),
        # From before the point: what it did since.
        ([at_work(1, "a", 50, None), [ended_at(20, "1", 64)]], (True, 4, False)),
        # Earlier attempts leave no times; nor does what never ended.
        ([at_work(5, "a", 602, 604, attempt=2)], (True, 2, True)),
        ([at_work(5, "a", 602, None), at_work(10, "b", 701, 704)], (True, 3, True)),
        ([[event(5, "MARKER_RECORDED", markerName="LocalActivity", details={})]], (True, 0, True)),
        # Given up before it was begun.
        ([[activity(5, "a"), event(6, "ACTIVITY_TASK_TIMED_OUT", scheduledEventId="5")]], (True, 0, False)),
    ],
)
def test_how_long_activities_worked_after_the_point(worked: list[list[dict[str, Any]]], expected: Any) -> None:
    events = [*(one for found in worked for one in found), point_at(4, 60), point_at(30, 900)]
    it = said(4, made(sorted(events, key=lambda one: int(one["eventId"]))))
    assert (it.seconds, (it.has_worked, it.work_seconds, it.work_is_partial)) == (840, expected)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([], (False, True)),
        ([activity(3, "a")], (True, False)),
        ([activity(3, "a"), event(4, "ACTIVITY_TASK_COMPLETED", scheduledEventId="3")], (True, False)),
        ([activity(3, "a"), event(4, "ACTIVITY_TASK_TIMED_OUT", scheduledEventId="3")], (True, False)),
        # It runs again, which is why one resets.
        ([activity(3, "a"), event(4, "ACTIVITY_TASK_FAILED", scheduledEventId="3", failure={})], (False, False)),
        ([event(3, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId="kid")], (True, False)),
        ([event(3, "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED", signalName="go")], (True, False)),
        ([event(3, "WORKFLOW_EXECUTION_SIGNALED", signalName="go")], (False, False)),
        ([event(3, "WORKFLOW_EXECUTION_CANCEL_REQUESTED")], (False, False)),
        ([event(3, "TIMER_STARTED", timerId="1")], (False, True)),
    ],
)
def test_what_may_have_done_its_work_and_what_changes_nothing(later: list[Any], expected: tuple[bool, bool]) -> None:
    it = said(2, made([event(1, "WORKFLOW_EXECUTION_STARTED"), event(2, "WORKFLOW_TASK_COMPLETED"), *later]))
    assert (it.repeats_effects, it.goes_alike) == expected


OWN_FAILURE = [*EVENTS[:22], event(23, "ACTIVITY_TASK_COMPLETED", scheduledEventId="22"), EVENTS[23]]
OWN_FAILURE.append(event(25, "WORKFLOW_EXECUTION_FAILED", failure={"message": "the totals differ"}))


@pytest.mark.parametrize(
    ("events", "status", "alike"),
    [
        (EVENTS, "FAILED", {24}),
        # The workflow's own code: only a point after all that could come out otherwise.
        (OWN_FAILURE, "FAILED", {24}),
        # A clean-up after the failure runs again, which does not help.
        ([*EVENTS[:24], activity(25, "clean_up"), EVENTS[24] | {"eventId": "26"}], "FAILED", {24}),
        (EVENTS, "TERMINATED", set()),
        (EVENTS[:-1], "FAILED", set()),
    ],
)
def test_a_reset_after_what_failed_will_fail_again(events: list[Any], status: str, alike: set[int]) -> None:
    rows, run = made(events), runs.run(Execution(execution_id="e", status=status))
    cause = causes.cause(rows)
    found = [
        one.event_id for one in reset_points.points(rows) if rehearsal.fails_alike(run, cause, said(one.event_id, rows))
    ]
    assert set(found) == alike


def test_what_runs_again() -> None:
    first = said(4)
    assert (ids(first.again), ids(first.pending)) == ([5, 6, 12, 13, 22], [])
    assert first.once_more == [("read", 1), ("slow", 1), ("extract", 1), ("look_up", 1), ("book", 1)]
    # Under way at the point: it has its order from before, and ended after.
    second = said(11)
    assert (ids(second.again), ids(second.pending), ids(second.runs_again)) == ([12, 13, 22], [6], [6, 12, 13, 22])
    # What ended before the point does not.
    assert ids(said(21).runs_again) == [22]
    assert ids(said(24).runs_again) == []


def test_children_timers_and_messages() -> None:
    first, second, third = said(4), said(11), said(21)
    assert [ids(one.orphans) for one in (first, second, third)] == [[8, 16], [16], []]
    assert [ids(one.children) for one in (first, second, third)] == [[], [8], [16]]
    assert [ids(one.timers) for one in (first, second, third)] == [[], [7], [7]]
    assert [ids(one.messages) for one in (first, second, third)] == [[17], [17], []]
    assert [one.open_orphans for one in (first, second, third)] == [True, True, False]


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, ([14, 15], [], [12, 13, 22], [], "")),
        ({"exclude_signals": True}, ([15], [14], [12, 13], [22], "the signal approve")),
        ({"exclude_updates": True}, ([14], [15], [12, 13], [22], "the update set_priority")),
        ({"exclude_signals": True, "exclude_updates": True}, ([], [14, 15], [12, 13], [22], "the signal approve")),
    ],
)
def test_signals_and_updates_follow_the_switches(switches: dict[str, bool], expected: tuple[Any, ...]) -> None:
    it = said(11, **switches)
    assert (ids(it.applied), ids(it.left_out), ids(it.again), ids(it.perhaps), it.unlike) == expected
    # Before the point they are kept, whatever the switches say.
    kept = said(21, **switches)
    assert (kept.applied, kept.left_out, kept.perhaps) == ((), (), ())


def test_a_cancel_is_kept_or_lost() -> None:
    events = [
        event(1, "WORKFLOW_EXECUTION_STARTED", workflowExecutionTimeout="3600s"),
        event(2, "WORKFLOW_TASK_COMPLETED"),
        activity(3, "chunk"),
        event(4, "WORKFLOW_EXECUTION_CANCEL_REQUESTED"),
        event(5, "WORKFLOW_TASK_COMPLETED"),
        activity(6, "clean_up"),
        event(7, "WORKFLOW_EXECUTION_CANCELED"),
    ]
    before, after = said(2, made(events)), said(5, made(events))
    assert before.lost_cancel is not None
    assert (before.lost_cancel.id, before.kept_cancel) == (4, None)
    assert (ids(before.again), ids(before.perhaps), before.unlike) == ([3], [6], "the request to cancel")
    assert after.kept_cancel is not None
    assert (after.kept_cancel.id, after.lost_cancel) == (4, None)
    assert (ids(after.again), ids(after.pending), ids(after.perhaps)) == ([6], [3], [])
    assert (before.has_time_limit, said(4).has_time_limit) == (True, False)
    run = runs.run(Execution(execution_id="e", status="CANCELED"))
    found = reset_points.suggestion(run, made(events), reset_points.points(made(events)))
    assert found is not None
    assert (found.point.event_id, found.why, found.is_default) == (2, "the last point before the cancel", False)
