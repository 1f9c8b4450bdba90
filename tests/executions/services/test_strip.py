import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import runs, strip
from executions.services.strip import BINS
from executions.services.timeline import WIDTH, Axis
from executions.upstream.types import Execution
from tests.executions import canned
from tests.faulty import Faulty, reply

EVENTS = [
    canned.event(0, "WORKFLOW_EXECUTION_STARTED"),
    canned.event(1, "ACTIVITY_TASK_SCHEDULED"),
    canned.event(5, "ACTIVITY_TASK_FAILED", scheduledEventId="1", failure={"message": "no"}),
    canned.event(6, "TIMER_STARTED", timerId="t"),
    canned.event(10, "WORKFLOW_EXECUTION_COMPLETED"),
]


@pytest.fixture(autouse=True)
def fresh() -> None:
    strip._strips.__init__()  # type: ignore[misc]


def run() -> runs.Run:
    return runs.run(Execution(execution_id=canned.ID, run_id=canned.RUN, status="COMPLETED"))


def lanes(upstream: Faulty) -> dict[str, Any]:
    upstream.on(reply({"events": EVENTS}), path=f"{canned.RUNS}/{canned.RUN}/history")
    found = strip.of(run())
    assert found
    return {lane.name: lane for lane in found.lanes} | {"missing": found.missing, "axis": found.axis}


def test_all_that_happened_is_on_one_axis(upstream: Faulty) -> None:
    upstream.on(
        reply({"results": [record(2, "ERROR"), record(3, "INFO")], "next_cursor": "more"}),
        path=canned.path(rest="/logs"),
    )
    found = lanes(upstream)
    assert found["axis"].first == datetime(2026, 1, 31, 14, 5, tzinfo=UTC).timestamp()
    assert found["axis"].last - found["axis"].first == 10
    assert (found["steps"].says, found["lines"].says) == ("2 steps", "the newest 2 log lines")
    assert found["missing"] == ()
    # The timer goes on to the end; the activity has failed.
    assert dict(found["steps"].paths) == {"ok": "M600 1v-1.00h400v1.00z", "bad": "M100 1v-1.00h404v1.00z"}
    assert dict(found["lines"].paths) == {"ok": "M300 1v-1.00h4v1.00z", "bad": "M200 1v-1.00h4v1.00z"}


def record(second: int, severity: str) -> dict[str, Any]:
    return {"timestamp": f"2026-01-31T14:05:{second:02}Z", "severity_text": severity, "body": "x"}


@pytest.mark.parametrize(("rest", "lane"), [("/logs", "lines"), ("/trace/summary", "spans")])
def test_what_cannot_be_had_is_said(upstream: Faulty, rest: str, lane: str) -> None:
    upstream.on(reply({"detail": "no"}, status=403), path=canned.path(rest=rest))
    found = lanes(upstream)
    assert (found["missing"], lane in found) == ((lane,), False)


def test_it_is_made_once_for_all_who_look(upstream: Faulty) -> None:
    lanes(upstream)
    asked = len(upstream.requests)
    assert strip.of(run()) is strip.of(run())
    assert len(upstream.requests) == asked


@given(
    spans=st.lists(
        st.tuples(st.floats(-50, 150), st.floats(0, 100)).map(lambda one: (one[0], one[0] + one[1])), max_size=30
    )
)
def test_bars_stay_within_the_lane(spans: list[tuple[float, float]]) -> None:
    axis = Axis(0.0, 100.0)
    counts = strip._counted(axis, spans)
    assert len(counts) == BINS
    assert (sum(counts) > 0) == any(ended >= 0 and begun <= 100 for begun, ended in spans)
    path = strip._path(counts, max(counts))
    for x, height, width in re.findall(r"M([\d.]+) 1v-([\d.]+)h([\d.]+)", path):
        assert 0 <= float(x) <= float(x) + float(width) <= WIDTH
        assert 0.25 <= float(height) <= 1


@pytest.mark.parametrize(
    ("after", "before", "shown"),
    [
        (None, None, None),
        (2, 4, (200.0, 200.0)),
        (None, 4, (0.0, 400.0)),
        (2, None, (200.0, 800.0)),
        (3, 3, (300.0, 1.0)),
    ],
)
def test_the_chosen_range(after: int | None, before: int | None, shown: tuple[float, float] | None) -> None:
    begun = datetime(2026, 1, 31, tzinfo=UTC)
    axis = Axis(begun.timestamp(), begun.timestamp() + 10)
    moments = [None if one is None else begun + timedelta(seconds=one) for one in (after, before)]
    assert strip.chosen(axis, *moments) == shown
