"""Where a reset may start, found in made-up histories."""

from typing import Any

import pytest

from executions.services import reset_points, runs
from executions.services.reset_points import ResetPoint, Suggestion
from executions.upstream.types import Execution, History
from tests.executions.canned import event
from tests.executions.services import hostile
from tests.executions.services.test_history import made
from tests.executions.services.test_rehearsal import EVENTS, FAILURE, POINTS, activity


def test_a_point_stands_between_what_happened_before_and_after() -> None:
    assert [(one.event_id, one.before, one.after, one.failed_before, one.failed_after) for one in POINTS] == [
        (24, "book failed", "the run failed", True, True),
        (21, "extract completed", "book was scheduled", False, False),
        (11, "read completed", "extract was scheduled", False, False),
        (4, "the run started", "read was scheduled", False, False),
    ]


def test_points_with_nothing_between_them() -> None:
    events = [activity(1, "a"), *(event(number, "WORKFLOW_TASK_COMPLETED") for number in (2, 3))]
    found = reset_points.points(made(events))
    assert [(one.event_id, one.before, one.after) for one in found] == [
        (3, "a was scheduled", ""),
        (2, "a was scheduled", ""),
    ]
    found = reset_points.points(made([*events, activity(4, "b"), activity(5, "b"), activity(6, "c")]))
    assert [one.after for one in found] == ["b was scheduled ×2", "b was scheduled"]
    alone = reset_points.points(made([event(1, "WORKFLOW_TASK_COMPLETED")]))
    assert [(one.before, one.after) for one in alone] == [("", "")]
    assert reset_points.points([]) == []


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
        ("3", []),
        # No event's number: looked for as it is, and as a whole.
        ("9999", []),
        ("0", []),
        ("50", []),
        ("503", [24, 21]),
        # What the events say: an input, a failure and its type, an update's arguments.
        ("scan.pdf", [11, 4]),
        ("try LATER", [24, 21]),
        ("ledgerunavailable", [24, 21]),
        ("urgent", [21, 11]),
        ("(", []),
    ],
)
def test_points_are_found_by_what_stands_around_them_or_by_number(query: str, found: list[int]) -> None:
    assert [one.event_id for one in reset_points.search(POINTS, query, 25)] == found


def test_an_updates_answer_is_searched() -> None:
    answered = {"meta": {}, "outcome": {"success": {"payloads": [{"was": "normal"}]}}}
    events = [event(1, "WORKFLOW_TASK_COMPLETED"), event(2, "WORKFLOW_EXECUTION_UPDATE_COMPLETED", **answered)]
    assert len(reset_points.search(reset_points.points(made(events)), "normal", 2)) == 1


def test_of_very_many_failures_and_updates_around_a_point_the_first_are_read_for_a_search() -> None:
    failure = {"message": "x", "applicationFailureInfo": {"type": "Rare"}}
    failed = [event(number, "ACTIVITY_TASK_FAILED", failure=FAILURE["cause"]) for number in range(2, 53)]
    for place, found in ((49, [1]), (50, [])):
        failed[place] = event(place + 2, "ACTIVITY_TASK_FAILED", failure=failure)
        points = reset_points.points(made([event(1, "WORKFLOW_TASK_COMPLETED"), *failed]))
        assert [one.event_id for one in reset_points.search(points, "rare", 52)] == found
        failed[place] = failed[0]


@pytest.mark.parametrize(
    "events", [[], [event(4, "WORKFLOW_TASK_COMPLETED"), event(9, "WORKFLOW_TASK_COMPLETED"), activity(5, "a"), 3, "x"]]
)
def test_the_ids_of_the_points_alone(events: list[Any]) -> None:
    history = History(raw=b"", events=[hostile.raw(one) for one in events])
    assert reset_points.point_ids(history) == ({4, 9} if events else set())
    assert reset_points.point_ids(History(raw=b"")) is None


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
    found = reset_points.suggestion(run, made(events), reset_points.points(made(events)))
    if expected is None:
        assert found is None
        return
    assert found is not None
    place, *why, is_default = expected
    assert (found.point.event_id, found.why, found.is_default) == (place, *(why or ["the last point"]), is_default)


def test_the_only_point_is_chosen_and_else_the_suggested_one() -> None:
    one, other = ResetPoint(4), ResetPoint(9)
    default, mere = Suggestion(other, "why", is_default=True), Suggestion(other, "why")
    asked = [([one], None), ([one], mere), ([other, one], default), ([other, one], mere), ([], None)]
    assert [reset_points.preselected(*pair) for pair in asked] == [one, one, other, None, None]
