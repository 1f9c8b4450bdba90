"""What a timer is called, and when it is due."""

from datetime import UTC, datetime
from typing import Any

import pytest

from executions.services import steps, timers
from tests.executions.canned import encoded, event
from tests.executions.services.test_history import made


def timer(length: Any, **more: Any) -> steps.Step:
    (found,) = steps.steps(made([event(7, "TIMER_STARTED", timerId="1", startToFireTimeout=length) | more]))
    return found


@pytest.mark.parametrize(
    ("length", "due"),
    [
        ("30s", datetime(2026, 1, 31, 14, 5, 37, tzinfo=UTC)),
        ("0.500s", datetime(2026, 1, 31, 14, 5, 7, 500_000, tzinfo=UTC)),
        *((odd, None) for odd in ("-1s", "1m", "nans", "infs", f"{timers.LIMIT + 1}s", 30, None, "s")),
    ],
)
def test_when_it_is_due(length: Any, due: datetime | None) -> None:
    assert timer(length).due == due


def test_without_a_time_it_is_never_due() -> None:
    assert timer("30s", eventTime=None).due is None


@pytest.mark.parametrize(
    ("summary", "title"),
    [({"summary": encoded("time to decide")}, "time to decide"), ({}, "Timer 1"), (None, "Timer 1"), ([1], "Timer 1")],
)
def test_what_it_is_called(summary: Any, title: str) -> None:
    assert timer("30s", userMetadata=summary).title == title


def test_other_steps_have_their_own_names_and_are_never_due() -> None:
    (activity,) = steps.steps(made([event(5, "ACTIVITY_TASK_SCHEDULED", activityType={"name": "extract"})]))
    assert (activity.title, activity.due) == ("extract", None)
