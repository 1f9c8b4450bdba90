"""A run's events, put together to what it did."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import comparison, differences, rehearsal, reset_points, steps
from tests.executions.canned import encoded, event
from tests.executions.services import hostile
from tests.executions.services.test_history import made

LOCAL = {"data": {"payloads": [encoded({"activity_type": "look_up", "attempt": 1})]}, "result": {"payloads": [1]}}
REQUEST = {"meta": {"updateId": "u"}, "input": {"name": "set_priority", "args": {"payloads": [{"to": "low"}]}}}


def start(number: int) -> dict[str, Any]:
    kind = {"name": "extract"}
    given = {"payloads": [encoded({"page": 1}), 2]}
    return event(number, "ACTIVITY_TASK_SCHEDULED", activityId="1", activityType=kind, input=given)


RUN = event(2, "ACTIVITY_TASK_STARTED", scheduledEventId="1", attempt=3)
FAILURE = {"message": "activity error", "cause": {"message": "429 rate limited"}}
ENDS: list[tuple[list[Any], tuple[Any, ...]]] = [
    ([start(1)], ("activity", "extract", "not completed", False, '[{"page":1},2]', "", 0)),
    ([start(1), RUN], ("activity", "extract", "under way", False, '[{"page":1},2]', "", 3)),
    (
        [start(1), RUN, event(4, "ACTIVITY_TASK_COMPLETED", scheduledEventId="1", result={"payloads": [7]})],
        ("activity", "extract", "completed", False, '[{"page":1},2]', "7", 3),
    ),
    (
        [start(1), RUN, event(4, "ACTIVITY_TASK_FAILED", scheduledEventId="1", failure=FAILURE)],
        ("activity", "extract", "failed", True, '[{"page":1},2]', "429 rate limited", 3),
    ),
    (
        [start(1), event(4, "ACTIVITY_TASK_TIMED_OUT", scheduledEventId="1")],
        ("activity", "extract", "timed out", True, '[{"page":1},2]', "", 0),
    ),
    (
        [start(1), event(3, "ACTIVITY_TASK_CANCEL_REQUESTED", scheduledEventId="1")],
        ("activity", "extract", "not completed", False, '[{"page":1},2]', "", 0),
    ),
    (
        [event(1, "MARKER_RECORDED", markerName="core_local_activity", details=LOCAL)],
        ("local activity", "look_up", "completed", False, "", "", 0),
    ),
    (
        [event(1, "TIMER_STARTED", timerId="t", startToFireTimeout="30s"), event(2, "TIMER_FIRED", startedEventId="1")],
        ("timer", "t", "fired", False, "fires after 30s", "", 0),
    ),
    (
        [
            event(1, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId="c", workflowType={"name": "reader"}),
            event(2, "CHILD_WORKFLOW_EXECUTION_STARTED", initiatedEventId="1"),
            event(3, "CHILD_WORKFLOW_EXECUTION_TERMINATED", initiatedEventId="1", startedEventId="2"),
        ],
        ("child", "reader", "terminated", False, "", "", 0),
    ),
    (
        [
            event(1, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId="c", workflowType={"name": "reader"}),
            event(2, "START_CHILD_WORKFLOW_EXECUTION_FAILED", initiatedEventId="1", cause="EXISTS"),
        ],
        ("child", "reader", "failed", True, "", "EXISTS", 0),
    ),
    (
        [
            event(1, "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED", signalName="go"),
            event(2, "EXTERNAL_WORKFLOW_EXECUTION_SIGNALED", initiatedEventId="1"),
        ],
        ("message", "go", "delivered", False, "", "", 0),
    ),
    (
        [event(1, "WORKFLOW_EXECUTION_SIGNALED", signalName="approve", input={"payloads": [{"by": "ana"}]})],
        ("signal", "approve", "received", False, '{"by":"ana"}', "", 0),
    ),
    ([event(1, "WORKFLOW_EXECUTION_CANCEL_REQUESTED")], ("cancel", "", "received", False, "", "", 0)),
    (
        [
            event(1, "WORKFLOW_EXECUTION_UPDATE_ACCEPTED", acceptedRequest=REQUEST),
            event(
                2,
                "WORKFLOW_EXECUTION_UPDATE_COMPLETED",
                acceptedEventId="1",
                outcome={"success": {"payloads": [{"before": "high"}]}},
            ),
        ],
        ("update", "set_priority", "answered", False, '{"to":"low"}', '{"before":"high"}', 0),
    ),
    (
        [
            event(1, "WORKFLOW_EXECUTION_UPDATE_ADMITTED", request=REQUEST),
            event(2, "WORKFLOW_EXECUTION_UPDATE_ACCEPTED", acceptedRequestSequencingEventId="1"),
            event(
                3, "WORKFLOW_EXECUTION_UPDATE_COMPLETED", acceptedEventId="2", outcome={"failure": {"message": "no"}}
            ),
        ],
        ("update", "set_priority", "failed", True, '{"to":"low"}', "no", 0),
    ),
]


@pytest.mark.parametrize(("events", "expected"), ENDS)
def test_events_as_one_step(events: list[Any], expected: tuple[Any, ...]) -> None:
    (step,) = steps.steps(made(events))
    assert (step.kind, step.name, step.outcome, step.failed, step.input, step.result, step.attempt) == expected
    assert step.id == 1


@pytest.mark.parametrize(
    "other",
    [
        event(1, "WORKFLOW_TASK_SCHEDULED"),
        event(1, "MARKER_RECORDED", markerName="version"),
        event(1, "ACTIVITY_TASK_COMPLETED", scheduledEventId="9"),
        {"eventId": "1"},
        None,
    ],
)
def test_what_is_no_step(other: Any) -> None:
    assert steps.steps(made([other])) == []


def test_how_long_it_took_and_whether_it_was_open() -> None:
    (step,) = steps.steps(made([start(1), RUN, event(4, "ACTIVITY_TASK_COMPLETED", scheduledEventId="1")]))
    # From its last attempt's start: the event before it is only its order.
    assert step.seconds == 3
    assert [step.is_open_at(number) for number in (1, 2, 4, 5)] == [False, True, True, False]


def test_a_child_names_its_execution() -> None:
    events = [
        event(1, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId="c"),
        event(2, "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED", workflowExecution={"workflowId": "o"}),
        event(3, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId=["x"]),
    ]
    assert [step.target for step in steps.steps(made(events))] == ["c", "o", ""]


ATTRIBUTES = ["input", "failure", "details", "markerName", "acceptedRequest", "request", "outcome", "workflowType"]
POINTERS = ["scheduledEventId", "startedEventId", "initiatedEventId", "acceptedEventId", "cause", "workflowId"]
KINDS = [
    *("ACTIVITY_TASK_SCHEDULED", "ACTIVITY_TASK_STARTED", "ACTIVITY_TASK_FAILED", "MARKER_RECORDED", "TIMER_STARTED"),
    *("WORKFLOW_EXECUTION_UPDATE_ADMITTED", "WORKFLOW_EXECUTION_UPDATE_ACCEPTED", "WORKFLOW_EXECUTION_SIGNALED"),
    *("WORKFLOW_EXECUTION_UPDATE_COMPLETED", "WORKFLOW_TASK_COMPLETED", "WORKFLOW_TASK_FAILED"),
    *("START_CHILD_WORKFLOW_EXECUTION_INITIATED", "WORKFLOW_EXECUTION_FAILED", "WORKFLOW_EXECUTION_CANCEL_REQUESTED"),
]
odd_events = st.builds(
    lambda number, kind, attributes: event(number, kind, **attributes),
    st.integers(-1, 4),
    st.sampled_from(KINDS),
    hostile.objects([*ATTRIBUTES, *POINTERS]),
)


@given(st.lists(odd_events | hostile.values(ATTRIBUTES), min_size=1, max_size=8), st.booleans())
def test_no_history_is_too_odd(events: list[Any], excluded: bool) -> None:
    found = made(events)
    for step in steps.steps(found):
        shown = (step.outcome, step.input, step.whole_input, step.result, step.target, step.title)
        assert all(isinstance(one, str) for one in shown)
        assert isinstance(step.attempt + step.most_attempts, int)
        assert isinstance(step.due, datetime | None)
    points = reset_points.points(found)
    for point in points:
        assert isinstance(point.before + point.after + point.searchable, str)
        said = rehearsal.rehearse(found, point, exclude_signals=excluded, exclude_updates=not excluded)
        assert (said.once_more is not None, said.open_orphans in {True, False}) == (True, True)
        assert said.work_seconds >= 0
        assert {said.work_is_partial, said.has_worked, said.repeats_effects, said.goes_alike} <= {True, False}
    reset_points.search(points, "a", 4)
    story, back = (comparison.Story(side, steps.steps(side)) for side in (found, found[::-1]))
    no_results = differences.Differences(differences.Value(), differences.Value())
    for other, differing in ((story, []), (back, None)):
        given_to_them = comparison.inputs(story.events, other.events)
        shown = comparison.compare(story, other, given_to_them, no_results).shown("differing")
        assert differing is None or shown == differing
