from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from executions.services import attempts, fetched_events, fetched_lines, log_pages, runs, strip, strip_fetched
from executions.services.strip_lanes import Unread
from executions.services.time_range import TimeRange
from executions.services.timeline import Axis
from executions.upstream.types import Execution
from tests.executions import canned
from tests.executions.services.trace_shapes import span
from tests.faulty import Faulty, reply

EVENTS = [
    canned.event(0, "WORKFLOW_EXECUTION_STARTED"),
    canned.event(1, "ACTIVITY_TASK_SCHEDULED"),
    canned.event(5, "ACTIVITY_TASK_FAILED", scheduledEventId="1", failure={"message": "no"}),
    canned.event(6, "TIMER_STARTED", timerId="t"),
    canned.event(10, "WORKFLOW_EXECUTION_COMPLETED"),
]


HISTORY = f"{canned.RUNS}/{canned.RUN}/history"
START = datetime(2026, 1, 31, 14, 5, tzinfo=UTC).timestamp()


@pytest.fixture(autouse=True)
def fresh() -> None:
    strip._strips.__init__()  # type: ignore[misc]
    strip_fetched.forget()
    fetched_lines.store.clear()
    fetched_events.store.clear()


def run() -> runs.Run:
    return runs.run(Execution(execution_id=canned.ID, run_id=canned.RUN, status="COMPLETED"))


def lanes(upstream: Faulty) -> dict[str, Any]:
    upstream.on(reply({"events": EVENTS}), path=HISTORY)
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
    assert (found["steps"].says, found["lines"].says) == ("4 steps", "2 lines fetched so far")
    assert found["missing"] == ()
    # The timer goes on to the end; the activity has failed.
    assert dict(found["steps"].paths) == {"ok": "M600 1v-1.00h400v1.00z", "bad": "M100 1v-1.00h404v1.00z"}
    assert dict(found["lines"].paths) == {"ok": "M300 1v-1.00h4v1.00z", "bad": "M200 1v-1.00h4v1.00z"}


def test_steps_that_failed_and_that_are_tried_again_are_told_apart(upstream: Faulty) -> None:
    attempts._known.clear()
    about = {"activityType": {"name": "call"}}
    begun = [canned.event(number, "ACTIVITY_TASK_SCHEDULED", activityId=str(number), **about) for number in (1, 2, 3)]
    ended = canned.event(4, "ACTIVITY_TASK_FAILED", scheduledEventId="1", failure={"message": "no"})
    # Of what the workflow's own code did only its failures are seen.
    own = [
        canned.event(5, "WORKFLOW_TASK_SCHEDULED"),
        canned.event(6, "WORKFLOW_TASK_FAILED", failure={"message": "no"}),
    ]
    history = {"events": [canned.event(0, "WORKFLOW_EXECUTION_STARTED"), *begun, ended, *own]}
    upstream.on(reply(history), path=HISTORY)
    about = {"workflow_run_id": canned.RUN, "attributes": {"task_id": "2", "activity_name": "call", "attempt": 1}}
    upstream.on(reply({"events": [announced(3, kind="ACTIVITY_TASK_RETRYING")[0] | about]}), path=canned.EVENTS)
    # Their spans were sent when they were begun, and say nothing of how they went.
    tree = span("root", 0, None, *(span("StartActivity:call", at, at) | {"span_id": str(at)} for at in (1, 2, 3)))
    upstream.on(reply({"execution_id": canned.ID, "span_tree": tree}), path=canned.path(rest="/trace/summary"))
    found = strip.of(runs.run(Execution(execution_id=canned.ID, run_id=canned.RUN, status="RUNNING")))
    assert found
    steps, spans, events, _ = found.lanes
    assert spans.keys == (("bad", "1 failed"), ("warn", "1 retrying"))
    # What is tried again goes on to the end.
    assert dict(spans.paths)["warn"] == "M0 1v-1.00h1000v1.00z"
    assert steps.keys == (("bad", "2 failed"), ("warn", "1 retrying"))
    assert (steps.words, events.words) == ("5 steps, 2 failed, 1 retrying", "1 event, 1 failed")
    assert dict(steps.paths).keys() == {"ok", "warn", "bad"}


def test_a_run_that_failed_counts_as_its_history_does_and_has_its_bars_as_high(upstream: Faulty) -> None:
    end = canned.event(10, "WORKFLOW_EXECUTION_FAILED", failure={"message": "no"})
    upstream.on(reply({"events": [*EVENTS[:-1], end]}), path=HISTORY)
    found = strip.of(run())
    assert found
    assert found.lanes[0].words == "4 steps, 2 failed"
    assert dict(found.lanes[0].paths)["bad"] == "M100 1v-1.00h404v1.00z"


def record(second: int, severity: str) -> dict[str, Any]:
    return {"timestamp": f"2026-01-31T14:05:{second:02}Z", "severity_text": severity, "body": "x"}


@pytest.mark.parametrize(("rest", "lane"), [("/logs", "lines"), ("/trace/summary", "spans")])
def test_what_cannot_be_had_is_said(upstream: Faulty, rest: str, lane: str) -> None:
    upstream.on(reply({"detail": "no"}, status=403), path=canned.path(rest=rest))
    found = lanes(upstream)
    # Silence would look like this otherwise.
    assert (found["missing"], found[lane].says) == ((lane,), "not known now")
    assert (found[lane].paths, found[lane].unread) == ((), (Unread("0.00", "100.00"),))


def test_the_log_before_the_newest_lines_is_hatched_until_somebody_fetches_it(upstream: Faulty) -> None:
    logs = canned.path(rest="/logs")
    upstream.on(reply({"results": [record(9, "INFO"), record(6, "ERROR")], "next_cursor": "more"}), path=logs)
    found = lanes(upstream)["lines"]
    assert (found.says, found.unread) == ("2 lines fetched so far", (Unread("0.00", "60.00"),))
    # On the Logs tab, by anybody; the strip itself is the same one still.
    asked = len(upstream.requests)
    upstream.on(reply({"results": [record(4, "INFO"), record(3, "INFO")], "next_cursor": "last"}), path=logs)
    log_pages.read(log_pages.Scope(execution_id=canned.ID, run_id=canned.RUN), "desc", "more")
    found = lanes(upstream)["lines"]
    assert (found.says, found.unread) == ("4 lines fetched so far", (Unread("0.00", "30.00"),))
    assert len(upstream.requests) == asked + 1
    upstream.on(reply({"results": [record(2, "WARN")], "next_cursor": None}), path=logs)
    log_pages.read(log_pages.Scope(execution_id=canned.ID, run_id=canned.RUN), "desc", "last")
    found = lanes(upstream)["lines"]
    assert (found.words, found.unread) == ("5 lines, 1 error, 1 warning", ())
    assert "warn" in dict(found.paths)


def announced(*seconds: int, kind: str = "CUSTOM") -> list[dict[str, Any]]:
    begun = int(START * 1e9)
    return [
        canned.EVENT | {"event_id": f"e-{one}", "event_timestamp": begun + one * 10**9, "event_type": kind}
        for one in seconds
    ]


def cursors(upstream: Faulty) -> list[str | None]:
    """With which pages of events were asked for."""
    return [dict(one.query).get("cursor") for one in upstream.requests if canned.EVENTS in one.target]


def test_events_are_hatched_until_somebody_fetches_them(upstream: Faulty) -> None:
    upstream.on(reply({"events": announced(1, 4), "next_cursor": "more"}), path=canned.EVENTS)
    found = lanes(upstream)["events"]
    assert (found.says, found.unread) == ("2 events fetched so far", (Unread("40.00", "60.00"),))
    upstream.on(reply({"events": announced(6, kind="ACTIVITY_TASK_FAILED")}), path=canned.EVENTS)
    # On the Events tab, by anybody; the strip itself is the same one still.
    fetched_events.read(canned.ID, limit=100, cursor="more")
    found = lanes(upstream)["events"]
    assert (found.says, found.unread, dict(found.paths).keys()) == ("3 events", (), {"ok", "bad"})
    assert cursors(upstream) == [None, "more"]


def test_the_strip_goes_on_where_the_events_were_read_to(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream.on(reply({"events": announced(1, 4), "next_cursor": "more"}), path=canned.EVENTS)
    lanes(upstream)
    found = strip.of(run())
    assert found
    assert found.goes_on
    upstream.on(reply({"events": announced(6)}), path=canned.EVENTS)
    monkeypatch.setattr(strip, "RUNNING_AGE", 0.0)
    assert lanes(upstream)["events"].says == "3 events"
    found = strip.of(run())
    assert found
    assert not found.goes_on
    assert cursors(upstream) == [None, "more"]


def test_ticks_leave_room_for_the_times_of_the_ends(upstream: Faulty) -> None:
    lanes(upstream)
    found = strip.of(run())
    assert found
    assert [(tick.x, tick.label) for tick in found.ticks] == [
        (200, "14:05:02"),
        (400, "14:05:04"),
        (600, "14:05:06"),
        (800, "14:05:08"),
    ]
    assert (found.first.timestamp(), found.last.timestamp()) == (START, START + 10)


@pytest.mark.parametrize(("seconds", "style"), [(0.6, "time"), (10, "clock")])
def test_the_ends_of_a_short_one_are_told_apart(seconds: float, style: str) -> None:
    assert strip.Strip(Axis(START, START + seconds), (), ()).style_of_end == style


def test_it_is_made_once_for_all_who_look(upstream: Faulty) -> None:
    lanes(upstream)
    asked = len(upstream.requests)
    one, other = strip.of(run()), strip.of(run())
    assert one
    assert other
    assert one.axis is other.axis
    assert [*map(id, one.lanes)] == [*map(id, other.lanes)]
    assert len(upstream.requests) == asked


@pytest.mark.parametrize(
    ("after", "before", "shown"),
    [
        (None, None, None),
        (2, 4, ("20.00", "20.00")),
        (None, 4, ("0.00", "40.00")),
        (2, None, ("20.00", "80.00")),
        (3, 3, ("30.00", "0.10")),
        (-20, 40, ("0.00", "100.00")),
    ],
)
def test_the_chosen_range(after: int | None, before: int | None, shown: tuple[Any, ...] | None) -> None:
    begun = datetime(2026, 1, 31, tzinfo=UTC)
    axis = Axis(begun.timestamp(), begun.timestamp() + 10)
    moments = [None if one is None else begun + timedelta(seconds=one) for one in (after, before)]
    assert strip.chosen(axis, TimeRange(*moments)) == (shown and strip.Chosen(*shown))
