"""Two runs side by side: which ones, and what the page says of them."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.executions import canned, pages
from tests.executions.canned import event
from tests.executions.conftest import SignIn
from tests.executions.services.test_comparison import NEWER, OLDER, later, work
from tests.faulty import Faulty, Request, reply

PAGE = f"/executions/{canned.ID}/compare/"
FIRST, SECOND, THIRD = (f"0b8e1c3e-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
OTHERS, UNKNOWN = "0b8e1c3e-0000-4000-8000-000000000009", "0b8e1c3e-0000-4000-8000-000000000008"
OTHER = canned.execution("inv-10", run_id=OTHERS, status="COMPLETED", end_time="2026-01-31T14:05:30Z")
RUNS: dict[str, dict[str, Any]] = {
    FIRST: canned.execution(run_id=FIRST, status="FAILED", end_time="2026-01-31T14:06:00Z"),
    SECOND: canned.execution(
        run_id=SECOND,
        status="COMPLETED",
        start_time="2026-01-31T15:00:00Z",
        end_time="2026-01-31T15:00:02Z",
        result={"booking": "b-1"},
    ),
    THIRD: canned.execution(
        run_id=THIRD, status="COMPLETED", start_time="2026-01-31T16:00:00Z", result={"booking": "b-2"}
    ),
}


@pytest.fixture(autouse=True)
def runs(upstream: Faulty) -> None:
    """An execution that was reset twice. Its latest run is the third."""
    listed = [RUNS[run_id] | {"result": None} for run_id in (THIRD, SECOND, FIRST)]
    upstream.on(reply({"executions": [OTHER, *listed], "next_page_token": None}), method="GET", path=canned.RUNS)
    upstream.on(reply(RUNS[THIRD]), method="GET", path=canned.path())
    for path in (f"{canned.RUNS}/{OTHERS}", canned.path("inv-10")):
        upstream.on(reply(OTHER), method="GET", path=path)
    upstream.on(reply({"events": OLDER}), method="GET", path=f"{canned.RUNS}/{OTHERS}/history")
    for run_id, events in ((FIRST, OLDER), (SECOND, NEWER), (THIRD, NEWER)):
        upstream.on(reply(RUNS[run_id]), method="GET", path=f"{canned.RUNS}/{run_id}")
        upstream.on(reply({"events": events}), method="GET", path=f"{canned.RUNS}/{run_id}/history")


def compared(response: HttpResponse) -> tuple[str, str]:
    return response.context["older"].run.run_id, response.context["newer"].run.run_id


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # The latest, and the one before it.
        ({}, (SECOND, THIRD)),
        ({"run": SECOND}, (FIRST, SECOND)),
        # There is none before the first.
        ({"run": FIRST}, (FIRST, SECOND)),
        # What came of a run.
        ({"with": FIRST}, (FIRST, SECOND)),
        ({"with": SECOND}, (SECOND, THIRD)),
        ({"with": THIRD, "run": FIRST}, (FIRST, THIRD)),
        # The older stands on the left, however they are named.
        ({"with": FIRST, "run": THIRD}, (FIRST, THIRD)),
    ],
)
def test_which_runs(operator: Client, query: dict[str, str], expected: tuple[str, str]) -> None:
    assert compared(operator.get(PAGE, query)) == expected


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"with": ".."}, 400),
        ({"with": "x" * 1_001}, 400),
        ({"run": "latest"}, 400),
        ({"run": OTHERS}, 404),
        ({"with": UNKNOWN}, 404),
        ({"with": "inv-unknown"}, 404),
    ],
)
def test_what_cannot_be_compared(operator: Client, upstream: Faulty, query: dict[str, str], status: int) -> None:
    missing = reply({"detail": "no such thing", "code": "WF_1100"}, 404)
    for path in (f"{canned.RUNS}/{UNKNOWN}", canned.path(UNKNOWN), canned.path("inv-unknown")):
        upstream.on(missing, method="GET", path=path)
    response = operator.get(PAGE, query)
    assert response.status_code == status
    if status == 404 and "with" in query:
        # The field is there to name another, with what was typed.
        assert f"There is no execution and no run “{query['with']}”" in pages.text(response)
        assert f'value="{query["with"]}"' in response.content.decode()


@pytest.mark.parametrize("named", ["inv-10", "OTHERS"])
def test_another_execution_of_the_workflow(operator: Client, named: str) -> None:
    """By its id, or by one of its runs: its steps from the first, the older on the left."""
    response = operator.get(PAGE, {"with": OTHERS if named == "OTHERS" else named})
    shown = pages.text(response)
    assert compared(response) == (OTHERS, THIRD)
    assert "Two executions side by side" in shown
    assert "two different workflows" not in shown
    assert "Older inv-10 Newer inv-1 Difference" in shown
    # The events of each side lead to its own execution.
    links = pages.links(response)
    assert f"/executions/inv-10/history/?run={OTHERS}&event=6#event-6" in links
    assert f"/executions/{canned.ID}/history/?run={THIRD}&event=6#event-6" in links


def test_another_workflow_is_said(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply(OTHER | {"workflow_name": "export"}), method="GET", path=f"{canned.RUNS}/{OTHERS}")
    assert "two different workflows: export, and invoice-pipeline" in pages.text(operator.get(PAGE, {"with": OTHERS}))


def test_two_workflows_part_at_once(operator: Client, upstream: Faulty) -> None:
    started = [event(1, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": "export"})]
    upstream.on(reply(OTHER | {"workflow_name": "export"}), method="GET", path=f"{canned.RUNS}/{OTHERS}")
    upstream.on(reply({"events": started}), method="GET", path=f"{canned.RUNS}/{OTHERS}/history")
    shown = pages.text(operator.get(PAGE, {"with": OTHERS}))
    assert "Where they part They are different workflows: export and invoice-pipeline." in shown
    assert "first history events" not in shown


def test_timers_are_called_as_the_history_calls_them(operator: Client, upstream: Faulty) -> None:
    older, newer = timer(1, "time to decide"), [*timer(1, "time to decide"), event(2, "TIMER_STARTED", timerId="2")]
    for run_id, events in ((SECOND, older), (THIRD, later(newer))):
        upstream.on(reply({"events": events}), method="GET", path=f"{canned.RUNS}/{run_id}/history")
    shown = pages.text(operator.get(PAGE))
    assert "time to decide timer not completed" in shown
    assert "Timer 2 only here" in shown


def test_an_execution_whose_id_looks_like_a_run_s(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"detail": "no such run"}, 404), method="GET", path=f"{canned.RUNS}/{UNKNOWN}")
    upstream.on(reply(OTHER), method="GET", path=canned.path(UNKNOWN))
    assert compared(operator.get(PAGE, {"with": UNKNOWN})) == (OTHERS, THIRD)


def test_a_run_that_still_runs_is_said(operator: Client, upstream: Faulty) -> None:
    running = RUNS[THIRD] | {"status": "RUNNING", "end_time": None}
    upstream.on(reply(running), method="GET", path=canned.path())
    response = operator.get(PAGE)
    assert "The newer is still running: what is missing there may still come." in pages.text(response)
    assert "so far" in pages.text(response)


def test_suggestions(operator: Client, upstream: Faulty) -> None:
    """The last completed, the last failed, and the workflow's latest, but never the run itself."""
    asked: list[dict[str, list[str]]] = []

    def listed(request: Request) -> Any:
        query: dict[str, list[str]] = {}
        for name, value in request.query:
            query.setdefault(name, []).append(value)
        asked.append(query)
        return reply({"executions": [RUNS[THIRD], OTHER], "next_page_token": None})

    upstream.on(listed, method="GET", path=canned.RUNS)
    response = operator.get(PAGE, {"part": "suggestions"}, headers={"HX-Request": "true"})
    assert [(one["workflow_identifier"], one.get("status")) for one in asked] == [
        (["invoice-pipeline"], ["COMPLETED"]),
        (["invoice-pipeline"], ["FAILED", "TIMED_OUT"]),
        (["invoice-pipeline"], None),
    ]
    assert pages.links(response) == [f"{PAGE}?run={THIRD}&with={OTHERS}"] * 2
    assert pages.text(response).startswith("Last failed inv-10")
    assert [tag["value"] for name, tag in pages.parse(response).tags if name == "option"] == ["inv-10"]
    upstream.on(reply(status=500), method="GET", path=canned.RUNS)
    response = operator.get(PAGE, {"part": "suggestions"}, headers={"HX-Request": "true"})
    assert (response.status_code, pages.links(response)) == (200, [])


def test_only_some_of_the_steps(operator: Client) -> None:
    query = {"run": SECOND, "with": FIRST}
    shown = {which: operator.get(PAGE, query | {"show": which}) for which in ("", "differing", "slower", "odd")}
    names = {which: [row.line.step.name for row in page.context["rows"]] for which, page in shown.items()}
    assert names == {
        "": ["slow", "approve", "extract", "check", "book"],
        "differing": ["slow", "approve", "check", "book"],
        "slower": [],
        "odd": ["slow", "approve", "extract", "check", "book"],
    }
    assert "None of them." in pages.text(shown["slower"])
    assert f"?run={SECOND}&with={FIRST}&show=differing#steps" in pages.links(shown[""])


def test_many_steps_come_in_pages(operator: Client, upstream: Faulty) -> None:
    many = [one for number in range(450) for one in work(1 + 2 * number, f"chunk-{number}", number)]
    for run_id in (SECOND, THIRD):
        shifted = many if run_id == SECOND else later(many)
        upstream.on(reply({"events": shifted}), method="GET", path=f"{canned.RUNS}/{run_id}/history")
    response = operator.get(PAGE)
    assert "1 to 200 of 450" in pages.text(response)
    assert "?page=2#steps" in pages.links(response)
    last = operator.get(PAGE, {"page": "3"})
    assert [row.line.step.name for row in last.context["rows"]][::49] == ["chunk-400", "chunk-449"]


def test_what_it_says(operator: Client) -> None:
    response = operator.get(PAGE, {"run": SECOND, "with": FIRST})
    shown = pages.text(response)
    for words in (
        "Status Failed Completed",
        "History events 13 16",
        "Cause LedgerUnavailable 503 event 13 —",
        "The newer run took over what the older one had done, up to history event 5",
        "“the ledger is back”",
        "5 steps, 4 not the same",
        "book outcome differs failed 1.00 s · event 11 503 completed 1.00 s · event 13 b-1",
        "approve signal only here — received event 7",
        "extract completed 1.00 s · event 7 1 completed 1.00 s · event 9 1",
        "Only the newer run has a result.",
    ):
        assert words in shown
    links = pages.links(response)
    history = f"/executions/{canned.ID}/history/"
    for run_id, number in ((FIRST, 11), (SECOND, 13), (SECOND, 5), (SECOND, 6)):
        assert f"{history}?{urlencode({'run': run_id, 'event': number})}#event-{number}" in links


def timer(number: int, title: str, *, fired: bool = False) -> list[dict[str, Any]]:
    started = event(number, "TIMER_STARTED", timerId="1") | {"userMetadata": {"summary": canned.encoded(title)}}
    end = event(number + 1, "TIMER_FIRED", timerId="1", startedEventId=str(number))
    return [started, end] if fired else [started]


@pytest.mark.parametrize(
    ("older", "newer", "words"),
    [
        (
            NEWER,
            later(NEWER),
            "Only at their ends: both did the same, step by step, but their results are not the same.",
        ),
        (
            work(1, "read", 1),
            later(work(1, "read", 2)),
            "At the step read: its result differs (event 2). Up to there, both did the same. "
            "Even so, their histories have events of the same kinds in the same order, to the last event 2.",
        ),
        (
            [*work(1, "read", 1), *work(3, "a", 1)],
            later([*work(1, "read", 1), *work(3, "b", 1)]),
            "After history event 2: up to there, both did the same, step by step. "
            "Then the older ActivityTaskScheduled a (event 3) Then the newer ActivityTaskScheduled b (event 3) "
            "First step that differs a: only the older has it (event 3)",
        ),
        (
            timer(1, "time to decide", fired=True),
            later([*timer(1, "time to decide"), event(2, "TIMER_STARTED", timerId="2")]),
            "After history event 1: up to there, both did the same, step by step. "
            "Then the older TimerFired time to decide (event 2) Then the newer TimerStarted Timer 2 (event 2) "
            "First step that differs time to decide: its outcome differs (event 2)",
        ),
        (
            [event(1, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": "export"})],
            later([event(1, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": "invoice-pipeline"})]),
            "They are not alike in anything: already their first history events are not the same. "
            "The older begins with WorkflowExecutionStarted export (event 1) "
            "The newer begins with WorkflowExecutionStarted invoice-pipeline (event 1)",
        ),
    ],
)
def test_where_they_part(operator: Client, upstream: Faulty, older: Any, newer: Any, words: str) -> None:
    for run_id, events in ((SECOND, older), (THIRD, newer)):
        upstream.on(reply({"events": events}), method="GET", path=f"{canned.RUNS}/{run_id}/history")
    shown = re.sub(r"(?<=\() | (?=[.:)])", "", pages.text(operator.get(PAGE)))
    assert f"Where they part {words} Input" in shown


def test_the_one_it_is_compared_with_is_said_in_words(operator: Client) -> None:
    """What stands in the field is an id, often a run's; without one it is the run before."""
    shown = pages.text(operator.get(PAGE, {"with": OTHERS}))
    assert "run 0b8e1c3e of inv-10 · Completed · started 2026-01-31" in shown
    shown = pages.text(operator.get(PAGE))
    assert "With run 0b8e1c3e of this execution · Completed · started 2026-01-31 15:00:00" in shown
    assert "0b8e1c3e Failed, 2026-01-31 14:05 UTC" in shown


def test_results_that_differ(operator: Client, upstream: Faulty) -> None:
    shown = pages.text(operator.get(PAGE))
    assert "booking b-1 b-2" in shown
    assert "all the same" in shown
    for run_id in (SECOND, THIRD):
        upstream.on(reply(RUNS[run_id] | {"result": {"a": 1}}), method="GET", path=f"{canned.RUNS}/{run_id}")
    upstream.on(reply(RUNS[THIRD] | {"result": {"a": 1}}), method="GET", path=canned.path())
    assert "The results are the same." in pages.text(operator.get(PAGE))


def test_one_run_alone(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"executions": [RUNS[THIRD]]}), method="GET", path=canned.RUNS)
    response = operator.get(PAGE)
    assert response.status_code == 200
    assert "There is only one run" in pages.text(response)


def test_a_run_with_itself(operator: Client) -> None:
    response = operator.get(PAGE, {"run": FIRST, "with": FIRST})
    assert response.status_code == 200
    assert "This is one and the same run" in pages.text(response)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply({"detail": "An error occurred"}, 500), "cannot be compared: The Workflows API had an error of its own"),
        (reply({"pages": []}), "a history in a shape of its own"),
        (reply({"events": []}), "a history in a shape of its own, or an empty one"),
    ],
)
def test_without_a_history_the_rest_stays(operator: Client, upstream: Faulty, answer: Any, words: str) -> None:
    upstream.on(answer, method="GET", path=f"{canned.RUNS}/{FIRST}/history")
    response = operator.get(PAGE, {"run": SECOND, "with": FIRST})
    assert response.status_code == 200
    assert words in pages.text(response)
    assert "Status Failed Completed" in pages.text(response)
    assert "Only the newer run has a result." in pages.text(response)


def test_without_a_list_of_runs_the_frame_stays(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"detail": "An error occurred"}, 500), method="GET", path=canned.RUNS)
    response = operator.get(PAGE)
    assert (response.status_code, pages.problem(response)) == (502, "The Workflows API had an error of its own")
    assert canned.ID in pages.text(response)


def test_the_switch_of_runs_leads_here(operator: Client, upstream: Faulty) -> None:
    switch = f"/executions/{canned.ID}/?part=runs"
    assert f"{PAGE}?run={THIRD}" in pages.links(found := operator.get(switch))
    assert "Compare two runs" in pages.text(found)
    upstream.on(reply({"executions": [RUNS[THIRD]]}), method="GET", path=canned.RUNS)
    assert f"{PAGE}?run={THIRD}" in pages.links(found := operator.get(switch))
    assert "Compare with another execution" in pages.text(found)


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
def test_rows_of_the_list_can_be_ticked_to_compare_them(sign_in: SignIn, upstream: Faulty, role: str) -> None:
    """All of them, by all who may read; only what runs can be acted on, by those who may."""
    running = canned.execution("inv-11", run_id=UNKNOWN)
    upstream.on(reply({"executions": [running, OTHER]}), method="GET", path=canned.RUNS)
    boxes = [tag for _, tag in pages.parse(sign_in(role).get("/executions/")).tags if "data-compare" in tag]
    assert [(box["data-compare"], box["data-run"]) for box in boxes] == [
        ("/executions/inv-11/compare/", UNKNOWN),
        ("/executions/inv-10/compare/", OTHERS),
    ]
    assert [box.get("value") for box in boxes] == (["inv-11", None] if role == "admin" else [None, None])
