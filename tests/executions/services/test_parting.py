"""Where two runs part: one answer, for what they were given, what they did and what came of it."""

from typing import Any

import pytest

from executions.services import parting
from tests.executions.canned import event
from tests.executions.services.test_comparison import FAILURE, NEWER, OLDER, compared, later, work

END = [event(10, "WORKFLOW_EXECUTION_COMPLETED")]


def run(*parts: list[dict[str, Any]], given: Any = 1) -> list[dict[str, Any]]:
    start = event(1, "WORKFLOW_EXECUTION_STARTED", input={"payloads": [given]})
    return [start, *(one for part in parts for one in part)]


BOTH = run(work(2, "read", 1), work(4, "check", 1), END)


def begun(order: str) -> list[dict[str, Any]]:
    """Two steps at once, which end in this order."""
    a, b = work(2, "a", 1), work(3, "b", 1)
    ends = {"a": a[1] | {"eventId": "4"}, "b": b[1] | {"eventId": "5"}}
    return run([a[0], b[0]], [ends[name] | {"eventId": str(place)} for place, name in enumerate(order, 4)])


@pytest.mark.parametrize(
    ("older", "newer", "expected"),
    [
        (BOTH, BOTH[:], "copied"),
        (OLDER, NEWER, "copied"),
        (BOTH, later(BOTH), "nowhere"),
        (BOTH, later(run(work(2, "read", 1), work(4, "check", 1), END, given=2)), "input"),
        # Its result differs; the events go on alike, or not.
        (BOTH, later(run(work(2, "read", 2), work(4, "check", 1), END)), "step"),
        (BOTH, later(run(work(2, "read", 2), work(4, "book", 1), END)), "step"),
        # The events part first.
        (BOTH, later(run(work(2, "read", 1), work(4, "book", 1), END)), "event"),
        (BOTH, later(run(work(2, "read", failure=FAILURE), work(4, "check", 2), END)), "event"),
        (BOTH, later(BOTH[:3]), "event"),
        (BOTH, later([event(1, "TIMER_STARTED")]), "event"),
        # Only the order differs, no step.
        (begun("ab"), later(begun("ba")), "event"),
        (
            run(work(2, "read", 1), [event(4, "WORKFLOW_EXECUTION_FAILED", failure={"message": "m"})]),
            later(run(work(2, "read", 1), [event(4, "WORKFLOW_EXECUTION_FAILED", failure={"message": "n"})])),
            "end",
        ),
    ],
)
def test_where(older: list[Any], newer: list[Any], expected: str) -> None:
    assert compared(older, newer).parts == expected


@pytest.mark.parametrize("timeless", [slice(None), slice(1), slice(-1, None)])
def test_events_without_times_are_not_told_to_be_the_same(timeless: slice) -> None:
    events = run(work(2, "read", 1), END)
    events[timeless] = [{key: value for key, value in one.items() if key != "eventTime"} for one in events[timeless]]
    assert compared(events, events[:]).parts == "nowhere"


def test_another_result_is_where_they_end_differently() -> None:
    it = compared(BOTH, later(BOTH))
    assert parting.place(it.way, it.first, same_inputs=True, same_ends=False) == "end"


def test_the_first_step_is_the_one_whose_difference_shows_first() -> None:
    """`slow` began before `quick`, but its other result came after."""
    sides = []
    for result, time in ((1, "14"), (2, "15")):
        slow, quick = work(2, "slow", result), work(3, "quick", result)
        events = run([slow[0], *quick, slow[1] | {"eventId": "5"}])
        sides.append([one | {"eventTime": f"2026-01-31T{time}:00:00Z"} for one in events])
    it = compared(*sides)
    assert it.first is not None
    assert (it.first.line.step.name, it.first.event.id, it.first.is_newer, it.parts) == ("quick", 4, False, "step")
    assert [one.step.name for one in it.shown("differing")] == ["slow", "quick"]


def test_a_step_that_only_one_has_and_one_that_has_only_begun() -> None:
    it = compared(BOTH, later(run(work(2, "read", 1), work(4, "check", 1), work(6, "book", 1))))
    assert it.first is not None
    assert (it.first.line.step.name, it.first.event.id, it.first.is_newer) == ("book", 6, True)
    opened = work(2, "read", 1)[:1]
    started = event(3, "ACTIVITY_TASK_STARTED", scheduledEventId="2")
    it = compared(run(opened), later(run([*opened, started])))
    assert it.first is not None
    assert (it.first.line.differs, it.first.event.id, it.first.is_newer, it.parts) == ("outcome", 3, True, "event")
