"""Two histories side by side: where they part, and what each did from there on."""

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given

from executions.services import comparison, runs, steps
from executions.services.comparison import Change, Comparison, Story
from executions.upstream.types import Execution
from tests.executions.canned import encoded, event
from tests.executions.services import hostile
from tests.executions.services.test_history import made

RESET = "WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW"
objects = hostile.objects(["eventId", "eventType", "eventTime", "activityTaskScheduledEventAttributes"])
SHARED = [
    event(1, "WORKFLOW_EXECUTION_STARTED"),
    event(2, "WORKFLOW_TASK_COMPLETED"),
    event(3, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "slow"}),
    event(4, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "read"}),
    event(5, "ACTIVITY_TASK_COMPLETED", scheduledEventId="4", result={"payloads": ["text"]}),
]
FAILURE = {"message": "503", "applicationFailureInfo": {"type": "LedgerUnavailable"}}


def work(number: int, name: str, result: Any = None, failure: Any = None, given: Any = None) -> list[dict[str, Any]]:
    about = {} if given is None else {"input": {"payloads": [given]}}
    end = {"failure": failure} if failure else {"result": {"payloads": [result]}}
    kind = "ACTIVITY_TASK_FAILED" if failure else "ACTIVITY_TASK_COMPLETED"
    return [
        event(number, "ACTIVITY_TASK_SCHEDULED", activityType={"name": name}, **about),
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


def story(events: list[Any]) -> Story:
    found = made(events)
    return Story(found, steps.steps(found))


def compared(older: list[Any], newer: list[Any]) -> Comparison:
    return of(story(older), story(newer))


def of(older: Story, newer: Story) -> Comparison:
    given = comparison.inputs(older.events, newer.events)
    return comparison.compare(older, newer, given, comparison.results(ended(...), ended(...)))


def later(events: list[Any]) -> list[Any]:
    """The same an hour later: another run, whose events only are alike."""
    return [one | {"eventTime": one["eventTime"].replace("T14:", "T15:")} for one in events]


def lines(it: Comparison) -> list[tuple[str, int, int, str]]:
    return [
        (one.step.name, one.older.id if one.older else 0, one.newer.id if one.newer else 0, one.differs)
        for one in it.lines
    ]


def test_a_run_and_what_it_was_reset_to() -> None:
    it = compared(OLDER, NEWER)
    assert it.way.shared is not None
    assert it.way.marker is not None
    assert (it.way.shared.id, it.way.is_copied, it.way.marker.id, it.way.reason) == (5, True, 6, "the ledger is back")
    assert lines(it) == [
        # Begun before they part, and ended after it.
        ("slow", 3, 3, "outcome"),
        ("approve", 0, 7, "only here"),
        ("extract", 7, 9, ""),
        ("check", 9, 11, "result"),
        ("book", 11, 13, "outcome"),
    ]
    assert (it.counts, it.left_out, it.is_rough) == ({"all": 5, "differing": 4, "slower": 0, "faster": 0}, 0, False)
    assert [one and (one.id, one.kind) for one in it.way.then] == [
        (6, "WorkflowTaskCompleted"),
        (6, "WorkflowTaskFailed"),
    ]
    assert [one and (one.type, one.event_id) for one in it.causes] == [("LedgerUnavailable", 13), None]


def test_runs_that_only_went_alike() -> None:
    """As after going on as new: the same kinds of events, at other times."""
    it = compared(SHARED, later(SHARED))
    assert it.way.shared is not None
    assert (it.way.shared.id, it.way.is_copied, it.way.marker, it.way.reason) == (5, False, None, "")


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
    it = compared(older, newer)
    assert (it.way.shared.id if it.way.shared else 0) == shared


def test_the_marker_may_be_the_older_run_s() -> None:
    """Of two runs that come from resets to different points, the older was reset later in its history."""
    newer = [*SHARED, event(6, "WORKFLOW_TASK_COMPLETED")]
    it = compared(NEWER, newer)
    assert it.way.marker is not None
    assert it.way.marker.id == 6
    other = [*SHARED, event(6, "WORKFLOW_TASK_FAILED", cause="UNHANDLED_COMMAND", failure={"message": "m"})]
    assert compared(OLDER, other).way.marker is None


def test_all_the_steps_of_runs_that_only_went_alike() -> None:
    """Of two executions each has steps of its own from the first, and another duration of each."""
    events = [*SHARED, *work(6, "extract", 1)]
    it = compared(events, later(events))
    assert lines(it) == [("slow", 3, 3, ""), ("read", 4, 4, ""), ("extract", 6, 6, "")]
    assert it.way.then == (None, None)


@pytest.mark.parametrize(
    ("older", "newer", "differs"),
    [
        (work(6, "a", 1), work(6, "a", 1), ""),
        (work(6, "a", {"n": "x" * 500 + "1"}), work(6, "a", {"n": "x" * 500 + "2"}), "result"),
        (work(6, "a", 1), work(6, "a", failure={"message": "m"}), "outcome"),
        (work(6, "a", failure={"message": "m", "stackTrace": "1"}), work(6, "a", failure={"message": "m"}), ""),
        (work(6, "a", failure={"message": "m"}), work(6, "a", failure={"message": "n"}), "result"),
        (work(6, "a", 1, given=1), work(6, "a", 1, given=2), "input"),
        (work(6, "a", 1, given=1), work(6, "a", 2, given=2), "result"),
    ],
)
def test_what_of_a_step_is_not_the_same(older: list[Any], newer: list[Any], differs: str) -> None:
    (line,) = compared(older, later(newer)).lines
    assert line.differs == differs


def timed(number: int, name: str, seconds: float) -> list[dict[str, Any]]:
    opened, closed = work(number, name, 1)
    return [
        opened | {"eventTime": "2026-01-31T14:00:00Z"},
        closed | {"eventTime": f"2026-01-31T14:00:{seconds:09.6f}Z"},
    ]


def test_durations_side_by_side() -> None:
    older = [*timed(1, "a", 1), *timed(3, "b", 10), *timed(5, "c", 2), *timed(7, "d", 2), *timed(9, "e", 0.01)]
    newer = [*timed(1, "a", 3), *timed(3, "b", 4), *timed(5, "c", 2.1), *timed(7, "d", 9), *timed(9, "e", 0.04)]
    it = compared(older, later(newer))
    changes = [
        (one.step.name, one.change.word, round(one.change.size, 3), one.change.is_notable)
        for one in it.lines
        if one.change
    ]
    assert changes == [
        ("a", "slower", 2, True),
        ("b", "faster", 6, True),
        # A tenth more has to be, and a twentieth of a second.
        ("c", "slower", 0.1, False),
        ("d", "slower", 7, True),
        ("e", "slower", 0.03, False),
    ]
    assert {
        which: [one.step.name for one in it.shown(which)] for which in ("slower", "faster", "differing", "odd")
    } == {
        "slower": ["d", "a"],
        "faster": ["b"],
        "differing": [],
        "odd": ["a", "b", "c", "d", "e"],
    }
    bars = [(row.older, row.newer) for row in comparison.rows(it.lines)]
    assert bars == [(10, 30), (100, 40), (20, 21), (20, 90), (0.1, 0.4)]
    assert comparison.rows([]) == []


@pytest.mark.parametrize(
    ("older", "newer", "expected"),
    [(1.0, None, None), (None, 1.0, None), (1.0, 1.0, Change(0.0, False)), (0.0, 60.0, Change(60.0, True))],
)
def test_a_change(older: float | None, newer: float | None, expected: Change | None) -> None:
    assert comparison.change(older, newer) == expected


def test_an_item_in_the_middle_of_many_is_found_by_its_input() -> None:
    """A fan-out over other items: not the last is the one that is new."""
    older = [one for number in range(50) for one in work(1 + 2 * number, "book", number, given=f"item {number}")]
    items = ["item 0", "item new", *(f"item {number}" for number in range(1, 50))]
    newer = [one for place, item in enumerate(items) for one in work(1 + 2 * place, "book", item[5:], given=item)]
    alone = [line.newer.input for line in compared(older, later(newer)).lines if line.older is None and line.newer]
    assert alone == ["item new"]


def test_very_long_runs_are_compared_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "STEPS_COMPARED", 400)
    many = [one for number in range(450) for one in work(10 + 2 * number, "chunk", number)]
    it = compared(SHARED, [*SHARED, *many])
    # `slow` has not ended in either.
    assert (len(it.lines), it.left_out) == (400, 51)


@pytest.mark.parametrize("changed", [0, 3, 2])
@pytest.mark.slow
def test_forty_five_thousand_events_are_quick(changed: int) -> None:
    """Each third, half or none of the steps another one; the events are read already."""
    sides = []
    for side in range(2):
        events = []
        for number in range(15_000):
            name = "other" if side and changed and number % changed == 0 else ("read", "check", "book")[number % 3]
            opened, closed = work(3 * number + 1, name, number)
            events += [
                opened,
                event(3 * number + 2, "ACTIVITY_TASK_STARTED", scheduledEventId=opened["eventId"]),
                closed,
            ]
            events[-1]["eventTime"] = f"2026-01-31T1{side}:05:00Z"
        sides.append(story(events))
    began = time.process_time()
    it = of(*sides)
    counts = it.counts
    taken = time.process_time() - began
    assert counts["all"] >= 15_000
    assert (counts["differing"] == 0) == (changed == 0)
    assert taken < 3


def ended(result: Any) -> runs.Run:
    content = msgspec.Raw(b"" if result is Ellipsis else msgspec.json.encode(result))
    return runs.run(Execution(execution_id="e", result=content))


@pytest.mark.parametrize(
    ("older", "newer", "kind"),
    [
        (1, 1, "same"),
        (1, 2, "parts"),
        (..., ..., "neither"),
        (None, ..., "neither"),
        (None, 1, "one"),
        (0, None, "one"),
    ],
)
def test_results(older: Any, newer: Any, kind: str) -> None:
    assert comparison.results(ended(older), ended(newer)).kind == kind


def begun(given: Any) -> list[Any]:
    return made([event(1, "WORKFLOW_EXECUTION_STARTED", input={"payloads": [given]})])


def test_inputs() -> None:
    found = comparison.inputs(begun({"amount": 1, "to": "x"}), begun(encoded({"amount": 2, "to": "x"})))
    assert [(one.path, one.older, one.newer) for one in found.parts] == [("amount", "1", "2")]
    assert comparison.inputs(begun(1), made([event(1, "TIMER_STARTED", input=1)])).kind == "one"
    assert comparison.inputs([], []).kind == "neither"
    assert comparison.inputs(begun("x" * 2_000_000), begun("y" * 2_000_000)).kind == "large"


@given(objects, objects)
def test_whatever_the_events_are(one: Any, other: Any) -> None:
    it = compared([one, *OLDER], [other, *NEWER])
    assert comparison.rows(it.lines)
    comparison.inputs(made([one]), made([other]))
