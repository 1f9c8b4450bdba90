"""What belongs together: by the activity's number and its execution, and where the times meet."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from executions.services import joined
from executions.services.history_index import Index
from executions.services.steps import Step
from executions.services.traces import Trace
from executions.upstream.types import History
from tests.executions import canned
from tests.executions.services.trace_shapes import span, trace

BEGUN = datetime(2026, 1, 31, 14, 5, tzinfo=UTC)


def scheduled(second: int, activity: str) -> dict[str, Any]:
    return canned.event(second, "ACTIVITY_TASK_SCHEDULED", activityId=activity, activityType={"name": "extract"})


def index(*events: dict[str, Any], escaped: bool = False) -> Index:
    content = (
        json.dumps({"events": events}).replace("/", r"\/").encode()
        if escaped
        else msgspec.json.encode({"events": events})
    )
    listed = msgspec.json.decode(content, type=dict[str, list[msgspec.Raw]])["events"]
    return Index(History(raw=content, events=listed))


HISTORY = (
    scheduled(10, "1"),
    canned.event(12, "ACTIVITY_TASK_COMPLETED", scheduledEventId="10"),
    scheduled(20, "12"),
    canned.event(21, "ACTIVITY_TASK_COMPLETED", scheduledEventId="20"),
    canned.event(30, "TIMER_STARTED", timerId="7"),
    scheduled(40, "5"),
)


def at(second: float) -> datetime:
    return BEGUN + timedelta(seconds=second)


@pytest.mark.parametrize(
    ("activity", "begun", "ended", "step"),
    [
        ("1", 10.5, 11, 10),
        ("1", None, None, 10),
        # Clocks differ, but not by so much; then it is another run's.
        ("1", 13.5, 14, 10),
        ("1", 14.5, 15, None),
        ("1", 3, 7, None),
        ("12", 20, 21, 20),
        ("2", 20, 21, None),
        ("7", 30, 30, None),
        # It has not ended.
        ("5", 900, 901, 40),
        ("", 10, 11, None),
    ],
)
def test_an_activity_by_its_number_and_time(
    activity: str, begun: float | None, ended: float | None, step: int | None
) -> None:
    times = [None if moment is None else at(moment) for moment in (begun, ended)]
    found = joined.step_of(index(*HISTORY), activity, *times)
    assert (found and found.id) == step


@pytest.mark.parametrize("activity", ["pages/1-é", "x" * 150])
def test_an_activity_s_id_may_be_any_text(activity: str) -> None:
    known = index(scheduled(10, activity), escaped=True)
    found = joined.step_of(known, activity, at(11), at(12))
    assert found is known.steps[0]
    assert joined.span_of(trace(span("root", 0, 20, span("its", 11, 12, **of(activity)))), canned.ID, found) == 1


def of(activity: str, execution: str = canned.ID) -> dict[str, Any]:
    return {"attributes": {"temporalActivityID": activity, "temporalWorkflowID": execution}}


def tree() -> Trace:
    """Two attempts of activity 1; a child, whose activities count from 1 as well, at the same time."""
    return trace(
        span(
            "root",
            0,
            50,
            span("start", 10, 12, span("first", 10, 10.5, **of("1")), span("second", 11, 12, **of("1"))),
            span("child", 10, 12, span("its", 11.5, 12, span("inside", 11.5, 12), **of("1", "child"))),
            span("two", 20, 30, span("a", 20, 21, **of("12")), span("b", 20, 21, **of("5"))),
            span("later run", 40, 41, **of("1")),
        )
    )


def test_a_step_has_the_span_of_its_last_attempt() -> None:
    made, known = tree(), index(*HISTORY)
    step = joined.step_of(known, "1", at(10), at(12))
    assert step
    place = joined.span_of(made, canned.ID, step)
    assert place is not None
    assert made.nodes[place].name == "second"
    timer = next(one for one in known.steps if one.kind == "timer")
    assert joined.span_of(made, canned.ID, timer) is None


@pytest.mark.parametrize(
    ("name", "activity", "execution"),
    [
        ("second", "1", canned.ID),
        # That of what started it, and of what it started if that is one.
        ("inside", "1", "child"),
        ("start", "1", canned.ID),
        ("child", "1", "child"),
        ("two", None, None),
        ("root", None, None),
    ],
)
def test_a_span_has_an_activity(name: str, activity: str | None, execution: str | None) -> None:
    made = tree()
    place = next(place for place, node in enumerate(made.nodes) if node.name == name)
    found = joined.activity_of(made, place)
    assert (found and found.id, found and found.execution_id) == (activity, execution)


def test_the_time_of_a_row_has_a_margin_and_is_open_while_it_goes_on() -> None:
    done, pending = (joined.event_or_step(index(*HISTORY), number) for number in (12, 40))
    assert isinstance(done, Step)
    assert pending
    assert joined.time_of(done) == joined.TimeRange(at(9.8), at(12.2))
    assert joined.time_of(pending) == joined.TimeRange(at(39.9), None)
    assert joined.event_or_step(index(*HISTORY), 99) is None
