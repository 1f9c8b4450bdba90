"""The sentence at the top of an execution's pages."""

from typing import Any

import pytest
from django.test import Client

from executions.services import attempts, beside, children
from tests.executions import canned, pages
from tests.executions.services import hostile
from tests.executions.views.test_endings import _row
from tests.faulty import RESET, Faulty, reply

PAGE = f"/executions/{canned.ID}/"
WHY = f"{PAGE}why/"
HISTORY = f"{canned.RUNS}/{canned.RUN}/history"
DONE = canned.HISTORY["events"][:4]
ACTIVITY = canned.HISTORY["events"][4]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that another test's API said."""
    monkeypatch.setattr(attempts, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(beside, "DECLARED_AGE", 0.0)


def history(upstream: Faulty, *events: dict[str, Any]) -> None:
    upstream.on(reply({"events": [*DONE, *events]}), path=HISTORY)


def announced(upstream: Faulty, *kinds: str, **attributes: Any) -> None:
    about = {"task_id": "1", "activity_name": "extract_invoice"} | attributes
    moment = 1_769_868_306_000_000_000
    events = [
        canned.EVENT | {"event_type": kind, "event_timestamp": moment + place * 10**9, "attributes": about}
        for place, kind in enumerate(kinds)
    ]
    upstream.on(reply({"events": events, "next_cursor": None}), path=canned.EVENTS)


def said(browser: Client, address: str = WHY, **headers: str) -> str:
    response = browser.get(address, headers={"HX-Request": "true", **headers})
    assert response.status_code == 200
    (place,) = [tag for _, tag in pages.parse(response).tags if tag.get("id") == "why"]
    assert "data-poll" in place
    return pages.text(response)


@pytest.mark.parametrize("tab", ["", "history/", "trace/", "logs/", "events/", "actions/", "signal/"])
def test_it_stands_on_every_page_and_is_loaded_after_it(operator: Client, tab: str) -> None:
    found = pages.poller(operator.get(PAGE + tab), "why")
    assert (found["hx-get"], found["hx-trigger"]) == (WHY, "load, every 10s, facts-changed from:body, due")
    pinned = pages.poller(operator.get(f"{PAGE}{tab}?run={canned.RUN}"), "why")
    # A form is about the latest run, whatever its address says.
    assert pinned["hx-get"] == (WHY if tab == "signal/" else f"{WHY}?run={canned.RUN}")


def test_a_retrying_activity(operator: Client, upstream: Faulty) -> None:
    failure = {"message": "<script>429</script>\x1b[31m rate limited"}
    announced(upstream, "ACTIVITY_TASK_STARTED", *["ACTIVITY_TASK_FAILED"] * 3, failure=failure)
    response = operator.get(WHY)
    assert pages.text(response) == (
        "Waiting for activity extract_invoice , which has failed 3 times since 14:05:07 ( event 5 ). "
        "Last error: <script>429</script> rate limited ."
    )
    assert "<script>" not in response.content.decode()
    assert pages.links(response) == [f"{PAGE}history/?event=5&run={canned.RUN}#event-5"]
    assert [one.target.partition("?")[0] for one in upstream.requests] == [canned.path(), HISTORY, canned.EVENTS]


def test_signals_lead_to_their_form_for_those_who_may_send_one(
    operator: Client, sign_in: Any, upstream: Faulty
) -> None:
    history(upstream)
    assert said(operator) == "Waiting for a signal, approve ."
    assert pages.links(operator.get(WHY)) == [f"{PAGE}signal/?name=approve"]
    assert operator.get(f"{PAGE}signal/?name=approve").status_code == 200
    viewer = sign_in("viewer")
    assert (said(viewer), pages.links(viewer.get(WHY))) == ("Waiting for a signal, approve .", [])


def test_several_things_lead_to_all_that_is_pending(operator: Client, upstream: Faulty) -> None:
    timers = [canned.event(number, "TIMER_STARTED", startToFireTimeout="60s") for number in (6, 7)]
    history(upstream, ACTIVITY, *timers)
    link = pages.links(operator.get(WHY))[-1]
    assert link == f"{PAGE}history/?state=pending&run={canned.RUN}"
    assert said(operator).endswith(" And 2 more .")
    assert operator.get(link).status_code == 200


def test_a_child_leads_to_its_page(operator: Client, upstream: Faulty) -> None:
    history(upstream, canned.event(5, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId="c/1"))
    assert pages.links(operator.get(WHY))[0] == "/executions/c~2F1/"


def test_what_the_child_waits_for_has_links_into_it(
    operator: Client, upstream: Faulty, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "AGE", 0.0)
    started = canned.event(6, "CHILD_WORKFLOW_EXECUTION_STARTED", initiatedEventId="5")
    history(upstream, canned.event(5, "START_CHILD_WORKFLOW_EXECUTION_INITIATED", workflowId="c/1"), started)
    own = {"execution_id": "c/1", "run_id": canned.OTHER_RUN}
    upstream.on(reply(canned.execution(**own)), path=canned.path("c/1"))
    timer = canned.event(5, "TIMER_STARTED", startToFireTimeout="60s")
    upstream.on(reply({"events": [*DONE, timer]}), path=f"{canned.RUNS}/{canned.OTHER_RUN}/history")
    assert said(operator) == (
        "Waiting for the child c/1 since 14:05:06 ( event 5 ). In the child: waiting for a signal, approve , "
        "or for a timer until 14:06:05 ( event 5 )."
    )
    assert pages.links(operator.get(WHY)) == [
        "/executions/c~2F1/",
        f"{PAGE}history/?event=5&run={canned.RUN}#event-5",
        "/executions/c~2F1/signal/?name=approve",
        "/executions/c~2F1/history/?event=5#event-5",
    ]
    # Who may not send a signal is led to the child.
    assert pages.links(sign_in("viewer").get(WHY))[2] == "/executions/c~2F1/"


def test_a_link_to_a_form_without_more_has_no_question_mark(operator: Client, upstream: Faulty) -> None:
    cause = "WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR"
    task = [canned.event(5, "WORKFLOW_TASK_SCHEDULED"), canned.event(6, "WORKFLOW_TASK_STARTED", scheduledEventId="5")]
    history(upstream, *task, canned.event(7, "WORKFLOW_TASK_FAILED", scheduledEventId="5", cause=cause))
    assert f"{PAGE}reset/" in pages.links(operator.get(WHY))


def test_rows_of_the_history_learn_how_their_activities_are_doing(operator: Client, upstream: Faulty) -> None:
    announced(upstream, "ACTIVITY_TASK_STARTED", *["ACTIVITY_TASK_FAILED"] * 3, failure={"message": "<b>429"})
    on_history = {"HX-Current-URL": f"http://testserver{PAGE}history/?view=compact"}
    response = operator.get(WHY, headers={"HX-Request": "true", **on_history})
    rows = [tag["data-standing"] for _, tag in pages.parse(response).tags if "data-standing" in tag]
    assert rows == ["5"]
    assert pages.text(response).endswith("retrying ×3 <b>429 , since 14:05:07")
    # Other tabs have no such rows.
    elsewhere = operator.get(WHY, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{PAGE}logs/"})
    assert "data-standing" not in elsewhere.content.decode()
    # Another attempt is another answer; the same one is none.
    before = {"HX-Request": "true", **on_history, "X-Was": response.context["why_mark"]}
    assert operator.get(WHY, headers=before).status_code == 204
    announced(upstream, "ACTIVITY_TASK_STARTED", *["ACTIVITY_TASK_FAILED"] * 4, failure={"message": "<b>429"})
    assert operator.get(WHY, headers=before).status_code == 200


def test_a_failure_shows_its_stack_trace(operator: Client, upstream: Faulty) -> None:
    failure = hostile.nested(3, message="the first", stackTrace="  line 7") | {"message": "the last"}
    canned.healthy(upstream, status="FAILED", end_time="2026-01-31T14:06:10Z")
    history(upstream, canned.event(9, "WORKFLOW_EXECUTION_FAILED", failure=failure))
    assert said(operator) == (
        "Failed at 14:06:10 , in the workflow’s own code. First cause: the first ( event 9 ). "
        "Stack trace In the last , in no message , in no message line 7 Copy the trace"
    )


def test_who_of_us_ended_it(operator: Client, upstream: Faulty) -> None:
    canned.healthy(upstream, status="CANCELED", end_time="2026-01-31T14:06:10Z")
    history(upstream, canned.event(6, "WORKFLOW_EXECUTION_CANCEL_REQUESTED"))
    words = "Canceled at 14:06:10 , as requested at 14:05:06 ( event 6 )"
    assert said(operator) == f"{words}, not from this console."
    _row("done")
    assert said(operator) == f"{words} by ana : r ."


def test_a_cancel_of_ours_is_told_above_it_already(operator: Client, upstream: Faulty) -> None:
    cancel = canned.event(5, "WORKFLOW_EXECUTION_CANCEL_REQUESTED")
    history(upstream, cancel, {**ACTIVITY, "eventId": "6"})
    announced(upstream, "ACTIVITY_TASK_STARTED")
    rest = "activity extract_invoice has been running since 14:05:06 ( event 6 )."
    elsewhere = "Cancel was requested at 14:05:05 ( event 5 ), not from this console."
    assert said(operator) == f"{elsewhere} Clean-up is running: {rest}"
    _row("done")
    assert said(operator) == f"Its clean-up is running: {rest}"


def test_a_completed_run_needs_no_history(operator: Client, upstream: Faulty) -> None:
    canned.healthy(upstream, status="COMPLETED", end_time="2026-01-31T14:06:10Z")
    assert said(operator) == "Completed at 14:06:10 ."
    assert [one.target for one in upstream.requests] == [canned.path()]


def test_the_run_that_goes_on(operator: Client, upstream: Faulty) -> None:
    canned.healthy(upstream, status="CONTINUED_AS_NEW", end_time="2026-01-31T14:06:10Z")
    following = canned.execution(run_id=canned.OTHER_RUN)
    upstream.on(reply({"executions": [following, canned.execution(status="CONTINUED_AS_NEW")]}), path=canned.RUNS)
    response = operator.get(f"{WHY}?run={canned.RUN}")
    assert pages.text(response) == "Continued as new at 14:06:10 : run 0b8e1c3e went on from it."
    assert pages.links(response) == [f"{PAGE}?run={canned.OTHER_RUN}"]


@pytest.mark.parametrize(
    ("status", "count", "seconds"),
    [("RUNNING", 1, 4), ("RUNNING", 9_000, 9), ("TERMINATED", 1, 0), ("COMPLETED", 1, 0)],
)
def test_how_often_it_is_looked_at_again(
    operator: Client, upstream: Faulty, status: str, count: int, seconds: int
) -> None:
    canned.healthy(upstream, status=status)
    history(upstream, *(canned.event(number, "MARKER_RECORDED") for number in range(5, 5 + count)))
    often = f"every {seconds}s, seen from:body, " if seconds else ""
    assert pages.poller(operator.get(WHY), "why")["hx-trigger"] == f"{often}facts-changed from:body, due"


def test_it_answers_only_with_something_else(operator: Client, upstream: Faulty) -> None:
    announced(upstream, "ACTIVITY_TASK_STARTED")
    before = pages.refresh(operator.get(WHY), "why")
    assert operator.get(WHY, headers=before).status_code == 204
    announced(upstream, "ACTIVITY_TASK_STARTED", "ACTIVITY_TASK_FAILED")
    assert "failed once" in said(operator, **before)


def test_a_history_of_another_shape(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"rows": []}), path=HISTORY)
    words = "Not known: its history came in a shape of its own, which cannot be read as events."
    assert said(operator) == words


@pytest.mark.parametrize(
    ("answer", "title"),
    [([RESET], "The Workflows API does not answer"), (reply(status=500), "The Workflows API had an error of its own")],
)
def test_a_history_that_does_not_come(operator: Client, upstream: Faulty, answer: list[Any], title: str) -> None:
    upstream.on(answer, path=HISTORY)
    words = f"What it waits for is not known now: {title}. This is looked at again by itself."
    assert said(operator) == words
    assert pages.poller(operator.get(WHY), "why")["hx-trigger"].startswith("every 10s, ")


def test_attempts_or_signals_that_cannot_be_read(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply(status=500), path=canned.EVENTS)
    assert said(operator).endswith("could not be read: whether it was tried, and failed, is not known.")
    upstream.on(reply(status=500), path=canned.REGISTRATIONS)
    history(upstream)
    assert said(operator).endswith("which signals it accepts could not be read.")


def test_without_the_execution_there_is_no_sentence(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"detail": "gone", "code": "WF_1100"}, 404), path=canned.path())
    assert operator.get(WHY, headers={"HX-Request": "true"}).status_code == 404
