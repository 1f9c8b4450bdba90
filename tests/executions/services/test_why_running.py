"""Why an execution is not moving: each sentence, word by word."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import pending, runs, steps, why
from executions.services.attempts import Attempt
from executions.services.waits import Facts
from executions.services.why import Why
from executions.upstream.types import Execution
from tests.executions.canned import event
from tests.executions.services import hostile
from tests.executions.services.test_history import made
from tests.executions.services.test_steps import odd_events
from tests.executions.services.why_shapes import (
    DONE,
    QUEUE,
    START,
    activity,
    at,
    attempt,
    child,
    facts,
    timer,
)


def tell(found: list[Any], known: Facts | None = None, **more: Any) -> Why:
    events = made(found)
    return why.running(events, steps.steps(events), known or facts(), **more)


FAULT = {"message": "'plan'", "applicationFailureInfo": {"type": "KeyError"}}
UNCLAIMED = (
    "No worker has picked up {} since 14:05:05 (event 5). "
    "It waits in the task queue print-room: is a worker running that polls it?"
)
TASK = event(5, "WORKFLOW_TASK_SCHEDULED", taskQueue=QUEUE)
RUNNING: list[tuple[str, list[Any], Facts, str, str]] = [
    (
        "retries",
        [activity(5)],
        facts(attempt(7, "429 rate limited.")),
        "trouble",
        "Waiting for activity extract, which has failed 7 times since 14:05:07 (event 5). Last error: 429 "
        "rate limited.",
    ),
    (
        "retries within a limit",
        [activity(5, retryPolicy={"maximumAttempts": 10})],
        facts(attempt(7)),
        "trouble",
        "Waiting for activity extract, which has failed 7 times of at most 10 since 14:05:07 (event 5).",
    ),
    (
        "one failure",
        [activity(5)],
        facts(attempt(1, "503")),
        "trouble",
        "Waiting for activity extract, which has failed once, at 14:05:07 (event 5). Last error: 503.",
    ),
    (
        "running",
        [activity(5)],
        facts(attempt()),
        "working",
        "Activity extract has been running since 14:05:06 (event 5).",
    ),
    (
        "running, by the history",
        [activity(5), event(6, "ACTIVITY_TASK_STARTED", scheduledEventId="5")],
        facts(),
        "working",
        "Activity extract has been running since 14:05:06 (event 5).",
    ),
    ("activity unclaimed", [activity(5)], facts(), "trouble", UNCLAIMED.format("activity extract")),
    (
        "activity just scheduled",
        [activity(5)],
        facts(now=at(8)),
        "working",
        "Activity extract was scheduled at 14:05:05 and is about to start (event 5).",
    ),
    (
        "a long stream",
        [activity(5)],
        facts(complete=False, seen=2_000),
        "waiting",
        "Waiting for activity extract, scheduled at 14:05:05 (event 5). Whether it was tried is not known yet: "
        "2,000 announced events were looked at so far.",
    ),
    (
        "a worker that announces nothing",
        [activity(5)],
        facts(seen=0),
        "waiting",
        "Waiting for activity extract, scheduled at 14:05:05 (event 5). Whether it was tried is not known: "
        "its worker announces nothing.",
    ),
    (
        "no stream",
        [activity(5)],
        facts(announced=None),
        "waiting",
        "Waiting for activity extract, scheduled at 14:05:05 (event 5). What its worker announces could not be read: "
        "whether it was tried, and failed, is not known.",
    ),
    (
        "a child",
        child(5),
        facts(),
        "waiting",
        "Waiting for the child inv-1-source-1 since 14:05:06 (event 5).",
    ),
    (
        "a child that has not started",
        child(5)[:1],
        facts(),
        "waiting",
        "Waiting until the child inv-1-source-1 starts, since 14:05:05 (event 5).",
    ),
    ("a timer", [timer(5)], facts(), "waiting", "Waiting for a timer until 15:05:05 (event 5)."),
    (
        "a timer with a name",
        [timer(5, "7.5s", "time to decide")],
        facts(),
        "waiting",
        "Waiting for the timer time to decide until 14:05:12 (event 5).",
    ),
    ("a timer of no length", [timer(5, "soon")], facts(), "waiting", "Waiting for a timer (event 5)."),
    (
        "a timer, and signals that could not be read",
        [timer(5)],
        facts(signals=None),
        "waiting",
        "Waiting for a timer until 15:05:05 (event 5). Which signals it accepts could not be read.",
    ),
    ("a signal", [], facts(signals=("approve", "reject")), "waiting", "Waiting for a signal, approve or reject."),
    (
        "many signals",
        [],
        facts(signals=tuple("abcdefg")),
        "waiting",
        "Waiting for a signal, a, b, c, d, e or 2 more.",
    ),
    (
        "a signal or a timer",
        [timer(5, title="time to decide")],
        facts(signals=("approve", "reject")),
        "waiting",
        "Waiting for a signal, approve or reject, or for the timer time to decide until 15:05:05 (event 5).",
    ),
    ("an update", [], facts(updates=("set_priority",)), "waiting", "Waiting for an update, set_priority."),
    (
        "an update at work",
        [event(5, "WORKFLOW_EXECUTION_UPDATE_ACCEPTED", acceptedRequest={"input": {"name": "set_priority"}})],
        facts(signals=("approve",)),
        "working",
        "Working on the update set_priority since 14:05:05 (event 5).",
    ),
    (
        "a message",
        [event(5, "SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED", workflowExecution={"workflowId": "inv-2"})],
        facts(),
        "waiting",
        "Waiting until inv-2 has taken its message (event 5).",
    ),
    ("its task unclaimed", [TASK], facts(), "trouble", UNCLAIMED.format("the workflow’s task")),
    (
        "its task just scheduled",
        [TASK],
        facts(now=at(9)),
        "working",
        "The workflow’s next task was scheduled at 14:05:05 and is about to be picked up (event 5).",
    ),
    (
        "its task at work",
        [TASK, event(6, "WORKFLOW_TASK_STARTED", scheduledEventId="5")],
        facts(now=at(9)),
        "working",
        "A worker has been running the workflow’s code since 14:05:06 (event 6).",
    ),
    (
        "a worker that went away: the task is scheduled anew, and waits since the first time",
        [
            event(5, "WORKFLOW_TASK_SCHEDULED", taskQueue={"name": "4@vm-1", "normalName": "print-room"}),
            event(6, "WORKFLOW_TASK_TIMED_OUT", scheduledEventId="5"),
            event(7, "WORKFLOW_TASK_SCHEDULED", taskQueue=QUEUE),
        ],
        facts(),
        "trouble",
        UNCLAIMED.format("the workflow’s task"),
    ),
    (
        "code that fails",
        [
            TASK,
            event(
                6, "WORKFLOW_TASK_FAILED", failure={"message": "'plan'", "applicationFailureInfo": {"type": "KeyError"}}
            ),
            event(7, "WORKFLOW_TASK_SCHEDULED", attempt=4),
        ],
        facts(),
        "trouble",
        "The workflow’s code has been failing since 14:05:06 (event 6). Last error: KeyError: 'plan'. "
        "It goes on by itself once a worker runs code that does not fail.",
    ),
    (
        "code that has changed",
        [
            TASK,
            event(
                6,
                "WORKFLOW_TASK_FAILED",
                cause="WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR",
                failure={"message": "[TMPRL1100] Nondeterminism error", "applicationFailureInfo": {}},
            ),
        ],
        facts(),
        "trouble",
        "The workflow’s code no longer takes the steps in its history (non-determinism): it has been failing since "
        "14:05:06 (event 6). Deploy code that takes the same steps, or reset it to before the change. "
        "Last error: [TMPRL1100] Nondeterminism error.",
    ),
    (
        "a reset is no failure",
        [event(5, "WORKFLOW_TASK_FAILED", cause="WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW"), timer(6)],
        facts(),
        "waiting",
        "Waiting for a timer until 15:05:06 (event 6).",
    ),
    (
        "cancel, and clean-up",
        [
            event(5, "WORKFLOW_EXECUTION_CANCEL_REQUESTED"),
            event(8, "WORKFLOW_TASK_COMPLETED"),
            activity(9, "remove_partial_file"),
        ],
        facts(Attempt("remove_partial_file", "r-1", at(9))),
        "working",
        "Cancel was requested at 14:05:05 (event 5), not from this console. Clean-up is running: "
        "activity remove_partial_file has been running since 14:05:09 (event 9).",
    ),
    (
        "cancel, and nothing came of it",
        [timer(5), event(6, "WORKFLOW_EXECUTION_CANCEL_REQUESTED"), event(8, "WORKFLOW_TASK_COMPLETED")],
        facts(),
        "waiting",
        "Cancel was requested at 14:05:06 (event 6), not from this console. The workflow has not ended: "
        "waiting for a timer until 15:05:05 (event 5).",
    ),
    (
        "cancel, and nothing is pending",
        [
            event(6, "WORKFLOW_EXECUTION_CANCEL_REQUESTED", identity="cli@ops"),
            event(8, "WORKFLOW_TASK_COMPLETED"),
        ],
        facts(),
        "unknown",
        "Cancel was requested at 14:05:06 (event 6), not from this console but by cli@ops. "
        "The workflow has not ended: nothing is pending in its history.",
    ),
    (
        "nothing known",
        [],
        facts(),
        "unknown",
        "Not known: nothing is pending in the 2 events of its history, and the workflow declares no signal or update.",
    ),
    (
        "nothing known of signals",
        [],
        facts(signals=None),
        "unknown",
        "Not known: nothing is pending in the 2 events of its history, and which signals it accepts could not be read.",
    ),
    (
        "the end came first",
        [event(5, "WORKFLOW_EXECUTION_COMPLETED")],
        facts(),
        "over",
        "It has just ended, at 14:05:05 (event 5).",
    ),
]


@pytest.mark.parametrize(
    ("events", "known", "tone", "words"), [one[1:] for one in RUNNING], ids=[one[0] for one in RUNNING]
)
def test_a_run_that_has_not_ended(events: list[Any], known: Facts, tone: str, words: str) -> None:
    found = tell([START, DONE, *events], known)
    assert (found.tone, found.text, found.others) == (tone, words, 0)


def test_no_events() -> None:
    assert tell([]).text == "Not known: its history has no events yet."


def test_who_asked_to_cancel_is_not_said_twice() -> None:
    events = [START, event(5, "WORKFLOW_EXECUTION_CANCEL_REQUESTED"), DONE, activity(9)]
    words = "Its clean-up is running: activity extract has been running since 14:05:06 (event 9)."
    assert tell(events, facts(attempt()), asked=True).text == words


@pytest.mark.parametrize(
    ("events", "first", "others"),
    [
        ([timer(8), *child(5), activity(9)], "No worker has picked up activity extract", 2),
        ([timer(8), *child(5)], "Waiting for the child inv-1-source-1", 1),
        ([timer(8), timer(9)], "Waiting for a timer until 15:05:08", 1),
        ([timer(8), event(9, "WORKFLOW_TASK_FAILED", failure={})], "The workflow’s code has been failing", 1),
    ],
)
def test_the_most_telling_comes_first(events: list[Any], first: str, others: int) -> None:
    found = tell([START, DONE, *events])
    assert (found.text.partition(" since ")[0].partition(" (")[0], found.others) == (first, others)


def test_a_retry_comes_before_what_only_runs() -> None:
    other = activity(5, "summarise")
    other["activityTaskScheduledEventAttributes"]["activityId"] = "2"
    known = facts(attempt(3), Attempt("summarise", "r-1", at(6)))
    found = tell([START, DONE, other, activity(6)], known)
    assert (found.text.split(",")[0], found.others) == ("Waiting for activity extract", 1)


def test_of_very_many_the_failing_ones_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "LOOKED_AT", 3)
    timers, others = [timer(5)] * 4, [activity(number, "other") for number in range(6, 15)]
    found = tell([START, DONE, *timers, *others, activity(20)], facts(attempt(3)))
    assert (found.text.split(",")[0], found.others) == ("Waiting for activity extract", 10)


class TestAttempts:
    """Which announcements are this activity's: ids begin anew in every run."""

    def test_of_another_run(self) -> None:
        known = facts(Attempt("extract", "r-0", at(6), 3, at(6)))
        assert known.announced
        known.announced.tasks["r-1", "1"] = attempt(2)
        assert "failed 2 times" in tell([START, DONE, activity(5)], known).text

    def test_by_its_time_where_the_runs_have_other_ids(self) -> None:
        earlier, later = (Attempt("extract", "x", at(second), 3, at(second)) for second in (1, 20))
        assert "has picked up" in tell([START, DONE, activity(15)], facts(earlier)).text
        assert "failed 3 times" in tell([START, DONE, activity(15)], facts(later)).text

    def test_of_another_name(self) -> None:
        assert "has picked up" in tell([START, DONE, activity(5)], facts(Attempt("other", "r-1", at(6), 3))).text

    def test_a_reset_run_has_another_id(self) -> None:
        events = made([START, event(5, "WORKFLOW_TASK_FAILED", newRunId="r-2")])
        run = runs.run(Execution(execution_id="inv-1", run_id="api"))
        assert why.run_ids(run, events) == {"api", "r-2"}
        assert why.run_ids(run, events[:1]) == {"api", "r-1"}


@pytest.mark.parametrize(
    ("events", "needs"),
    [
        ([activity(5)], (True, False)),
        ([timer(5)], (False, True)),
        ([event(5, "WORKFLOW_EXECUTION_SIGNALED")], (False, True)),
        (child(5), (False, False)),
        ([activity(5), event(6, "ACTIVITY_TASK_COMPLETED", scheduledEventId="5")], (False, True)),
    ],
)
def test_what_has_to_be_asked_for(events: list[Any], needs: tuple[bool, bool]) -> None:
    found = steps.steps(made(events))
    assert (why.needs_attempts(found), why.needs_signals(found)) == needs


def test_links() -> None:
    found = tell([START, DONE, *child(5)])
    assert [(part.words, part.execution, part.event) for part in found.parts if part.execution or part.event] == [
        ("inv-1-source-1", "inv-1-source-1", 0),
        ("event 5", "", 5),
    ]
    found = tell([START, DONE], facts(signals=("approve",)))
    assert [(part.words, part.action) for part in found.parts if part.action] == [("approve", "signal")]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("3600s", 3600),
        ("0.5s", 0.5),
        ("-1s", None),
        ("1e99s", None),
        ("nans", None),
        ("s", None),
        (5, None),
        ("1" * 50 + "s", None),
    ],
)
def test_a_timer_of_odd_length(given: Any, seconds: float | None) -> None:
    due = "" if seconds is None else f" until {at(5) + timedelta(seconds=seconds):%H:%M:%S}"
    assert tell([START, DONE, timer(5, given)]).text == f"Waiting for a timer{due} (event 5)."


@given(st.lists(odd_events | hostile.values(["taskQueue", "userMetadata", "retryPolicy"]), max_size=8))
def test_no_history_is_too_odd(found: list[Any]) -> None:
    one = tell(found, facts(attempt(2), signals=("approve",)))
    assert one.text.endswith((".", "?"))
    assert "\x1b" not in one.text
