"""Spans of activities that failed without the spans saying so."""

from typing import Any

import pytest

from executions.services import runs, span_outcomes
from executions.upstream.types import Execution
from tests.executions import canned
from tests.executions.services.test_joined import index
from tests.executions.services.trace_shapes import SECOND, START, failed, span, trace
from tests.executions.services.why_shapes import activity

STARTED = canned.event(12, "ACTIVITY_TASK_STARTED", scheduledEventId="5", attempt=2)
TIMED_OUT = canned.event(13, "ACTIVITY_TASK_TIMED_OUT", scheduledEventId="5")
FAILED = canned.event(13, "ACTIVITY_TASK_FAILED", scheduledEventId="5")


def tried(name: str, begin: float, end: float, **more: Any) -> dict[str, Any]:
    about = {"temporalWorkflowID": canned.ID, "temporalActivityID": "1"}
    thrown = failed(**about) if more.pop("failed", False) else {"attributes": about}
    return span("RunActivity:extract", begin, end, **thrown) | {"span_id": name}


def of(
    *tries: dict[str, Any], events: list[dict[str, Any]], limit: str = ""
) -> tuple[dict[str, str], dict[str, float]]:
    """Words and ends, in seconds, by the spans' ids."""
    opened = activity(5)
    if limit:
        opened["activityTaskScheduledEventAttributes"]["startToCloseTimeout"] = limit
    begun = opened["eventTime"]
    assert begun
    run = runs.run(Execution(execution_id=canned.ID, status="FAILED"))
    made = trace(span("root", 0, 20, span("StartActivity:extract", 5, 5, *tries) | {"span_id": "start"}))
    found = span_outcomes.of(run, made, index(opened, *events))
    assert all(one.over for one in found.words.values())
    return (
        {made.nodes[place].id: one.words for place, one in found.words.items()},
        {made.nodes[place].id: (end - START) / SECOND for place, end in found.ends.items()},
    )


def test_attempts_that_timed_out_say_so_with_their_numbers() -> None:
    words, ends = of(tried("a", 5, 12), tried("b", 11, 18), events=[STARTED, TIMED_OUT], limit="2s")
    assert words == {"start": "timed out, 2 attempts", "a": "timed out, attempt 1", "b": "timed out, attempt 2"}
    assert ends["a"] == pytest.approx(7)
    assert ends["b"] == pytest.approx(13)


def test_one_that_ended_before_the_next_began_did_not_time_out_as_far_as_is_known() -> None:
    words, _ = of(tried("a", 5, 6), tried("b", 11, 18), events=[STARTED, TIMED_OUT])
    assert words == {"start": "timed out, 2 attempts", "b": "timed out, attempt 2"}
    words, ends = of(tried("a", 5, 12), tried("b", 11, 18), events=[STARTED, TIMED_OUT])
    assert words["a"] == "timed out, attempt 1"
    assert ends["a"] == pytest.approx(11)


def test_one_that_says_itself_that_it_failed_says_it() -> None:
    words, _ = of(tried("a", 5, 12, failed=True), tried("b", 11, 18), events=[STARTED, TIMED_OUT])
    assert words == {"start": "timed out, 2 attempts", "b": "timed out, attempt 2"}


def test_without_any_attempt_s_span_the_start_says_it() -> None:
    assert of(events=[TIMED_OUT])[0] == {"start": "timed out"}
    assert of(events=[FAILED])[0] == {"start": "failed"}
    assert of(tried("a", 5, 6, failed=True), events=[FAILED])[0] == {}


def test_what_ended_well_is_left_alone() -> None:
    done = canned.event(13, "ACTIVITY_TASK_COMPLETED", scheduledEventId="5")
    assert of(tried("a", 5, 6), events=[done]) == ({}, {})
