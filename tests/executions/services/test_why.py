"""Why an execution is not moving: each sentence, word by word."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executions.services import pending, runs, steps, why
from executions.services.attempts import Announced, Attempt
from executions.services.waits import Facts
from executions.services.why import Ended, Why
from executions.upstream.types import Execution
from tests.executions.canned import encoded, event
from tests.executions.services import hostile
from tests.executions.services.test_history import made
from tests.executions.services.test_steps import odd_events

START = event(1, "WORKFLOW_EXECUTION_STARTED", originalExecutionRunId="r-1")
DONE = event(4, "WORKFLOW_TASK_COMPLETED", scheduledEventId="2")
QUEUE = {"name": "print-room"}
NOW = datetime(2026, 1, 31, 14, 6, 30, tzinfo=UTC)
ENDED = "2026-01-31T14:06:10Z"


def at(second: int) -> datetime:
    return datetime(2026, 1, 31, 14, 5, second, tzinfo=UTC)


def activity(number: int, name: str = "extract", **more: Any) -> dict[str, Any]:
    about = {"activityId": "1", "activityType": {"name": name}, "taskQueue": QUEUE}
    return event(number, "ACTIVITY_TASK_SCHEDULED", **about, **more)


def timer(number: int, length: str = "3600s", title: str = "") -> dict[str, Any]:
    found = event(number, "TIMER_STARTED", timerId="1", startToFireTimeout=length)
    return found | ({"userMetadata": {"summary": encoded(title)}} if title else {})


def child(number: int, name: str = "inv-1-source-1") -> list[dict[str, Any]]:
    opened = event(
        number, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId=name, workflowType={"name": "source-reader"}
    )
    return [opened, event(number + 1, "CHILD_WORKFLOW_EXECUTION_STARTED", initiatedEventId=str(number))]


def facts(*attempts: Attempt, complete: bool = True, seen: int = 9, **more: Any) -> Facts:
    known = Announced(seen=seen, complete=complete)
    for number, one in enumerate(attempts, 1):
        known.tasks[one.run_id, str(number)] = one
    return Facts(**{"now": NOW, "announced": known, "run_ids": frozenset({"r-1"}), "signals": ()} | more)


def tell(found: list[Any], known: Facts | None = None, **more: Any) -> Why:
    events = made(found)
    return why.running(events, steps.steps(events), known or facts(), **more)


def attempt(failures: int = 0, error: str = "", since: int = 7) -> Attempt:
    return Attempt("extract", "r-1", at(6), failures, at(since) if failures else None, error)


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
        [event(6, "WORKFLOW_EXECUTION_CANCEL_REQUESTED"), event(8, "WORKFLOW_TASK_COMPLETED")],
        facts(),
        "unknown",
        "Cancel was requested at 14:05:06 (event 6), not from this console. "
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


def run(status: str) -> runs.Run:
    return runs.run(Execution(execution_id="inv-1", run_id="api-run-1", status=status, end_time=ENDED))


def end(status: str, found: list[Any], known: Facts | None = None, by: Ended | None = None) -> str:
    events = made(found)
    return why.over(run(status), events, steps.steps(events), known or facts(announced=None), by=by).text


ANA = Ended("ana", "exported twice")
CANCEL = event(6, "WORKFLOW_EXECUTION_CANCEL_REQUESTED")
KILL = event(9, "WORKFLOW_EXECUTION_TERMINATED", reason="duplicate.", identity="cli@ops")
LATE = event(9, "WORKFLOW_EXECUTION_TIMED_OUT")
LIMITED = event(1, "WORKFLOW_EXECUTION_STARTED", workflowRunTimeout="30s")
INFO = {"scheduledEventId": "5", "activityType": {"name": "extract"}}
DEEP = {"message": "no total.", "stackTrace": "line 7", "applicationFailureInfo": {"type": "TotalsDoNotMatch"}}
ACTIVITY_FAILURE = {"message": "Activity task failed", "cause": DEEP, "activityFailureInfo": INFO}
CHILD_INFO = {"initiatedEventId": "5", "workflowExecution": {"workflowId": "c-1"}, "workflowType": {"name": "reader"}}
CHILD_FAILURE = {"cause": ACTIVITY_FAILURE, "childWorkflowExecutionFailureInfo": CHILD_INFO}


def late(kind: str) -> list[Any]:
    failure = {"message": "timeout", "timeoutFailureInfo": {"timeoutType": f"TIMEOUT_TYPE_{kind}"}}
    limits = {"startToCloseTimeout": "2s", "heartbeatTimeout": "3s", "scheduleToStartTimeout": "4s"}
    return [
        activity(5, **limits),
        event(6, "ACTIVITY_TASK_STARTED", scheduledEventId="5", attempt=2),
        event(7, "ACTIVITY_TASK_TIMED_OUT", scheduledEventId="5", failure=failure),
        event(9, "WORKFLOW_EXECUTION_FAILED", failure={"cause": failure, "activityFailureInfo": INFO}),
    ]


OVER: list[tuple[str, str, list[Any], Ended | None, str]] = [
    (
        "canceled",
        "CANCELED",
        [CANCEL],
        ANA,
        "Canceled at 14:06:10, as requested at 14:05:06 (event 6) by ana: exported twice.",
    ),
    (
        "canceled elsewhere",
        "CANCELED",
        [CANCEL],
        None,
        "Canceled at 14:06:10, as requested at 14:05:06 (event 6), not from this console.",
    ),
    (
        "canceled, without a request",
        "CANCELED",
        [],
        None,
        "Canceled at 14:06:10. Its history does not say when that was requested.",
    ),
    (
        "terminated",
        "TERMINATED",
        [timer(5), KILL],
        ANA,
        "Terminated at 14:06:10 (event 9) by ana: exported twice. It was then waiting for a timer until "
        "15:05:05 (event 5).",
    ),
    (
        "terminated elsewhere",
        "TERMINATED",
        [KILL],
        None,
        "Terminated at 14:06:10 (event 9), not from this console but by cli@ops: duplicate.",
    ),
    (
        "terminated without a word",
        "TERMINATED",
        [event(9, "WORKFLOW_EXECUTION_TERMINATED")],
        None,
        "Terminated at 14:06:10 (event 9), not from this console: no reason was given.",
    ),
    (
        "terminated, without an event",
        "TERMINATED",
        [],
        None,
        "Terminated at 14:06:10. Its history does not say why.",
    ),
    (
        "timed out",
        "TIMED_OUT",
        [activity(5), timer(6), LATE],
        None,
        "Timed out at 14:06:10 (event 9): it did not end within its limit of 30s. It was then waiting for "
        "activity extract (event 5), and for 1 more.",
    ),
    ("timed out, without an event", "TIMED_OUT", [], None, "Timed out at 14:06:10."),
    (
        "failed in an activity",
        "FAILED",
        [
            activity(5),
            event(6, "ACTIVITY_TASK_STARTED", scheduledEventId="5", attempt=3),
            event(7, "ACTIVITY_TASK_FAILED", scheduledEventId="5", failure=DEEP),
            event(9, "WORKFLOW_EXECUTION_FAILED", failure=ACTIVITY_FAILURE),
        ],
        None,
        "Failed at 14:06:10, because activity extract failed 3 times. First cause: TotalsDoNotMatch: no "
        "total (event 7).",
    ),
    (
        "an attempt was too long",
        "FAILED",
        late("START_TO_CLOSE"),
        None,
        "Failed at 14:06:10, because activity extract timed out 2 times. First cause: an attempt took "
        "longer than its limit of 2s (event 7).",
    ),
    (
        "no sign of life",
        "FAILED",
        late("HEARTBEAT"),
        None,
        "Failed at 14:06:10, because activity extract timed out 2 times. First cause: an attempt gave no "
        "sign of life within its limit of 3s (event 7).",
    ),
    (
        "nobody took it",
        "FAILED",
        late("SCHEDULE_TO_START"),
        None,
        "Failed at 14:06:10, because activity extract timed out 2 times. First cause: no worker picked it "
        "up within its limit of 4s (event 7).",
    ),
    (
        "a limit without a length",
        "FAILED",
        late("SCHEDULE_TO_CLOSE"),
        None,
        "Failed at 14:06:10, because activity extract timed out 2 times. First cause: all its attempts "
        "took longer than their limit (event 7).",
    ),
    (
        "failed in a child",
        "FAILED",
        [
            event(
                9,
                "WORKFLOW_EXECUTION_FAILED",
                failure={"cause": ACTIVITY_FAILURE, "childWorkflowExecutionFailureInfo": CHILD_INFO},
            )
        ],
        None,
        "Failed at 14:06:10, because the child c-1 failed. First cause: TotalsDoNotMatch: no total (event 5).",
    ),
    (
        "failed by itself",
        "FAILED",
        [event(9, "WORKFLOW_EXECUTION_FAILED", failure={"message": "no plan", "applicationFailureInfo": {}})],
        None,
        "Failed at 14:06:10, in the workflow’s own code. First cause: no plan (event 9).",
    ),
    ("failed, without an event", "FAILED", [], None, "Failed at 14:06:10. Its history names no cause."),
    (
        "a new status",
        "PAUSED",
        [],
        None,
        "Not known: the console does not know what the status PAUSED means.",
    ),
]


@pytest.mark.parametrize(("status", "events", "by", "words"), [one[1:] for one in OVER], ids=[one[0] for one in OVER])
def test_a_run_that_has_ended(status: str, events: list[Any], by: Ended | None, words: str) -> None:
    assert end(status, [LIMITED, DONE, *events], by=by) == words


def test_what_was_waited_for_at_the_end_is_a_signal_too() -> None:
    words = "it did not end within its limit of 30s. It was then waiting for a signal, approve."
    assert (
        end("TIMED_OUT", [LIMITED, DONE, LATE], facts(signals=("approve",)))
        == f"Timed out at 14:06:10 (event 9): {words}"
    )


def test_a_failure_brings_its_stack_trace() -> None:
    events = made([START, event(9, "WORKFLOW_EXECUTION_FAILED", failure=ACTIVITY_FAILURE)])
    found = why.over(run("FAILED"), events, [], facts())
    assert found.cause
    assert (found.cause.stack, found.cause.wrappers) == ("line 7", ("Activity task failed",))


def test_completed_and_continued() -> None:
    following = runs.run(Execution(execution_id="inv-1", run_id="7b0e1234-x", status="RUNNING"))
    assert why.completed(run("COMPLETED")).text == "Completed at 14:06:10."
    found = why.continued(run("CONTINUED_AS_NEW"), following)
    assert found.text == "Continued as new at 14:06:10: run 7b0e1234 went on from it."
    assert [part.run_id for part in found.parts if part.run_id] == ["7b0e1234-x"]
    words = "Continued as new at 14:06:10: its next run is not among the runs that the API lists."
    assert why.continued(run("CONTINUED_AS_NEW"), None).text == words


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


@settings(max_examples=200)
@given(
    st.lists(odd_events | hostile.values(["taskQueue", "userMetadata", "retryPolicy"]), max_size=8),
    st.sampled_from(["FAILED", "CANCELED", "TERMINATED", "TIMED_OUT"]),
)
def test_no_history_is_too_odd(found: list[Any], status: str) -> None:
    events = made(found)
    known = facts(attempt(2), signals=("approve",), run_ids=why.run_ids(run(status), events))
    did = steps.steps(events)
    for one in (why.running(events, did, known), why.over(run(status), events, did, known)):
        assert one.text.endswith((".", "?"))
        assert "\x1b" not in one.text
