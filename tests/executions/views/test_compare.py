"""Two runs side by side: which ones, and what the page says of them."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.executions import canned, pages
from tests.executions.services.test_comparison import NEWER, OLDER
from tests.faulty import Faulty, reply

PAGE = f"/executions/{canned.ID}/compare/"
FIRST, SECOND, THIRD = (f"0b8e1c3e-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
NOBODY = "0b8e1c3e-0000-4000-8000-000000000009"
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
    other = canned.execution("inv-10", run_id=NOBODY)
    upstream.on(reply({"executions": [other, *listed], "next_page_token": None}), method="GET", path=canned.RUNS)
    upstream.on(reply(RUNS[THIRD]), method="GET", path=canned.path())
    upstream.on(reply(other), method="GET", path=f"{canned.RUNS}/{NOBODY}")
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
        ({"with": "latest"}, 400),
        ({"run": "latest"}, 400),
        ({"with": NOBODY}, 404),
        ({"run": NOBODY}, 404),
        ({"with": "0b8e1c3e-0000-4000-8000-000000000008"}, 404),
    ],
)
def test_runs_that_are_not_this_execution_s(
    operator: Client, upstream: Faulty, query: dict[str, str], status: int
) -> None:
    unknown = f"{canned.RUNS}/0b8e1c3e-0000-4000-8000-000000000008"
    upstream.on(reply({"detail": "no such run", "code": "WF_1100"}, 404), method="GET", path=unknown)
    assert operator.get(PAGE, query).status_code == status


def test_what_it_says(operator: Client) -> None:
    response = operator.get(PAGE, {"run": SECOND, "with": FIRST})
    shown = pages.text(response)
    for words in (
        "Status Failed Completed",
        "Events 13 16",
        "Cause LedgerUnavailable 503 event 13 —",
        "The newer run has the older one’s events up to event 5",
        "“the ledger is back”",
        "5 steps, 4 not the same",
        "book outcome differs failed 1.0 s · event 11 503 completed 1.0 s · event 13 b-1",
        "approve signal only here — received event 7",
        "extract completed 1.0 s · event 7 1 completed 1.0 s · event 9 1",
        "Only the newer run has a result.",
    ):
        assert words in shown
    links = pages.links(response)
    history = f"/executions/{canned.ID}/history/"
    for run_id, event in ((FIRST, 11), (SECOND, 13), (SECOND, 5), (SECOND, 6)):
        assert f"{history}?{urlencode({'run': run_id, 'event': event})}#event-{event}" in links


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
    assert "Choose another run to compare with" in pages.text(response)


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
    assert f"{PAGE}?run={THIRD}" in pages.links(operator.get(switch))
    upstream.on(reply({"executions": [RUNS[THIRD]]}), method="GET", path=canned.RUNS)
    assert PAGE not in operator.get(switch).content.decode()
