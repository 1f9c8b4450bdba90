"""What a reset would do, from made-up histories; `tests/sandbox/test_rehearsal.py` asks the engine whether it is so."""

from typing import Any

import pytest

from executions.services import rehearsal, runs
from executions.services.history import EventRow
from executions.upstream.types import Execution, History
from tests.executions.canned import event
from tests.executions.services import hostile
from tests.executions.services.test_history import made

FAILURE = {
    "message": "Activity task failed",
    "activityFailureInfo": {"scheduledEventId": "22", "activityType": {"name": "book"}},
    "cause": {"message": "503: try later", "applicationFailureInfo": {"type": "LedgerUnavailable"}},
}
REQUEST = {"input": {"name": "set_priority"}}


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
POINTS = rehearsal.points(ROWS)


def said(place: int, events: list[EventRow] = ROWS, **switches: bool) -> rehearsal.Rehearsal:
    point = next(one for one in rehearsal.points(events) if one.event_id == place)
    return rehearsal.rehearse(events, point, **switches)


def ids(found: Any) -> list[int]:
    return [one.id for one in found]


def test_a_point_stands_between_what_happened_before_and_after() -> None:
    assert [(one.event_id, one.before, one.after, one.failed_before, one.failed_after) for one in POINTS] == [
        (24, "book failed", "the run failed", True, True),
        (21, "extract completed", "book was scheduled", False, False),
        (11, "read completed", "extract was scheduled", False, False),
        (4, "the run started", "read was scheduled", False, False),
    ]


def test_points_with_nothing_between_them() -> None:
    events = [activity(1, "a"), *(event(number, "WORKFLOW_TASK_COMPLETED") for number in (2, 3))]
    found = rehearsal.points(made(events))
    assert [(one.event_id, one.before, one.after) for one in found] == [
        (3, "a was scheduled", ""),
        (2, "a was scheduled", ""),
    ]
    found = rehearsal.points(made([*events, activity(4, "b"), activity(5, "b"), activity(6, "c")]))
    assert [one.after for one in found] == ["b was scheduled ×2", "b was scheduled"]
    alone = rehearsal.points(made([event(1, "WORKFLOW_TASK_COMPLETED")]))
    assert [(one.before, one.after) for one in alone] == [("", "")]
    assert rehearsal.points([]) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [24, 21, 11, 4]),
        ("extract", [21, 11]),
        ("EXTRACT scheduled", [21, 11]),
        ("failed", [24, 21]),
        ("approve", [21, 11]),
        ("look_up", [21, 11]),
        ("nothing such", []),
        ("21", [21]),
        ("23", [21]),
        ("9999", [24]),
        ("3", []),
        ("0", []),
    ],
)
def test_points_are_found_by_what_stands_around_them_or_by_number(query: str, found: list[int]) -> None:
    assert [one.event_id for one in rehearsal.search(POINTS, query)] == found


@pytest.mark.parametrize(
    "events", [[], [event(4, "WORKFLOW_TASK_COMPLETED"), event(9, "WORKFLOW_TASK_COMPLETED"), activity(5, "a"), 3, "x"]]
)
def test_the_ids_of_the_points_alone(events: list[Any]) -> None:
    history = History(raw=b"", events=[hostile.raw(one) for one in events])
    assert rehearsal.point_ids(history) == ({4, 9} if events else set())
    assert rehearsal.point_ids(History(raw=b"")) is None


def test_what_is_kept_and_what_is_thrown_away() -> None:
    for place, kept in ((4, 3), (21, 20)):
        it = said(place)
        assert (it.kept, it.thrown_away, it.total) == (kept, 25 - kept, 25)
        assert it.thrown_from == ROWS[kept].time
        assert it.thrown_until == ROWS[-1].time
        assert it.seconds == 25 - place


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
    found = rehearsal.suggestion(run, made(events), rehearsal.points(made(events)))
    assert found is not None
    assert (found.point.event_id, found.why, found.is_default) == (2, "the last point before the cancel", False)


@pytest.mark.parametrize(
    ("status", "events", "expected"),
    [
        ("FAILED", EVENTS, (21, "the last point before book was begun", True)),
        # By itself, without an activity.
        ("FAILED", [*EVENTS[:-1], event(25, "WORKFLOW_EXECUTION_FAILED", failure={"message": "x"})], (24, True)),
        ("FAILED", EVENTS[:-1], (24, True)),
        ("TERMINATED", EVENTS, (24, False)),
        ("TIMED_OUT", EVENTS, (24, False)),
        ("CANCELED", EVENTS, (24, False)),
        ("COMPLETED", EVENTS, None),
        ("CONTINUED_AS_NEW", EVENTS, None),
        ("RUNNING", EVENTS, None),
        ("SOMETHING_NEW", EVENTS, None),
        ("FAILED", EVENTS[:3], None),
    ],
)
def test_where_to_start_again_is_suggested(status: str, events: list[Any], expected: Any) -> None:
    run = runs.run(Execution(execution_id="e", status=status))
    found = rehearsal.suggestion(run, made(events), rehearsal.points(made(events)))
    if expected is None:
        assert found is None
        return
    assert found is not None
    place, *why, is_default = expected
    assert (found.point.event_id, found.why, found.is_default) == (place, *(why or ["the last point"]), is_default)
