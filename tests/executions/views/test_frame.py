"""The frame around an execution's pages: it stays when a part fails, and it shows the run that the address names."""

from typing import Any

import pytest
from django.test import Client

from executions.models import ActionRequested
from tests.executions import canned, pages
from tests.executions.conftest import SignIn
from tests.faulty import RESET, Faulty, reply

PAGE = f"/executions/{canned.ID}/"
PART = {"HX-Request": "true", "HX-Target": "part"}
HISTORY = f"{canned.RUNS}/{canned.RUN}/history"
FAILURES = [
    pytest.param(reply({"detail": "An error occurred", "code": "WF_1500"}, 500), 502, id="500"),
    pytest.param(reply({"detail": "No trace"}, 404), 404, id="404"),
    pytest.param(reply({}, 429, {"Retry-After": "9"}), 503, id="429"),
    pytest.param(reply(["wrong", "shape"]), 502, id="wrong shape"),
    pytest.param([RESET], 504, id="reset"),
]
PARTS = {
    "history/": HISTORY,
    "history/?view=json": HISTORY,
    "trace/": canned.path(rest="/trace/summary"),
    "trace/?view=events": canned.path(rest="/trace/events"),
    "trace/?view=otel": canned.path(rest="/trace/otel"),
    "trace/?view=otel&download=1": canned.path(rest="/trace/otel"),
    "logs/": canned.path(rest="/logs"),
    "events/": canned.EVENTS,
}
TABS = [f"{PAGE}{name}" for name in ("", "history/", "trace/", "logs/", "events/", "actions/")]
ACTS = [f"{PAGE}{name}/" for name in ("signal", "query", "update", "reset", "cancel")]


def _has_frame(response: Any) -> bool:
    found = pages.links(response)
    return all(link in found for link in [*TABS, *ACTS]) and "invoice-pipeline" in pages.text(response)


# A history may have any shape: the page shows it as JSON.
FAILING = [
    pytest.param(address, answer.values[0], answer.values[1], id=f"{address}-{answer.id}")
    for address in PARTS
    for answer in FAILURES
    if not (address.startswith("history") and answer.id == "wrong shape")
]


@pytest.mark.parametrize(("address", "answer", "status"), FAILING)
def test_a_failing_part_leaves_the_frame(
    operator: Client, upstream: Faulty, address: str, answer: Any, status: int
) -> None:
    upstream.on(answer, path=PARTS[address])
    response = operator.get(PAGE + address)
    assert response.status_code == status
    assert _has_frame(response)
    assert pages.problem(response)
    assert response.headers.get("Retry-After") == ("9" if status == 503 else None)
    fragment = operator.get(PAGE + address, headers=PART)
    assert (fragment.status_code, pages.problem(fragment)) == (status, pages.problem(response))
    assert not _has_frame(fragment)


def test_a_long_id_is_whole_for_who_copies_it(operator: Client, upstream: Faulty) -> None:
    """Only to the eye is its middle left out: it is one text, in two parts."""
    long = "invoice-" + "0123456789" * 20 + "-the-end-0042"
    canned.healthy(upstream, long, run_id=None)
    html = operator.get(f"/executions/{long}/").content.decode()
    shown = f'<span class="cut">{long[:-12]}</span>{long[-12:]}</h1>'
    assert f'<h1 class="cut-middle" title="{long}">{shown}' in html
    assert f'data-copy="{long}"' in html


def test_a_healthy_part_stands_in_the_same_frame(operator: Client, upstream: Faulty) -> None:
    for address in PARTS:
        response = operator.get(PAGE + address)
        assert response.status_code == 200
        assert _has_frame(response) == (response.headers["Content-Type"] != "application/json")


@pytest.mark.parametrize("address", ["logs/?after=yesterday", "logs/?before=2026", "logs/?activity=first"])
def test_an_address_that_a_part_cannot_use_leaves_the_frame(operator: Client, upstream: Faulty, address: str) -> None:
    response = operator.get(PAGE + address)
    title = "This cannot be done" if "activity" in address else "The chosen time cannot be read"
    assert (response.status_code, pages.problem(response)) == (400, title)
    assert address.partition("?")[2].partition("=")[0] in pages.problem_text(response)
    assert _has_frame(response)


def test_a_failing_fragment_of_the_overview_says_so_in_its_place(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"detail": "An error occurred"}, 500), path=canned.RUNS)
    response = operator.get(f"{PAGE}?part=runs", headers={"HX-Request": "true"})
    assert (response.status_code, pages.problem(response)) == (502, "The Workflows API had an error of its own")
    assert "<html" not in response.content.decode()
    # The page around it does not wait for it.
    assert operator.get(PAGE).status_code == 200


SECONDARY = {
    "trace/": (canned.path(rest="/trace/info"), "trace id: The Workflows API had an error of its own"),
    "signal/": (canned.REGISTRATIONS, "What the workflow declares cannot be read"),
    "query/": (canned.REGISTRATIONS, "What the workflow declares cannot be read"),
    "update/": (canned.REGISTRATIONS, "What the workflow declares cannot be read"),
    "reset/": (HISTORY, "The history cannot be read, so nothing says where a reset may start"),
    "actions/": (canned.path(), "The Workflows API had an error of its own"),
}


@pytest.mark.parametrize("address", SECONDARY)
def test_what_a_page_can_do_without_fails_in_its_place(operator: Client, upstream: Faulty, address: str) -> None:
    path, words = SECONDARY[address]
    ActionRequested.objects.create(token="t", username="operator", operation="cancel", execution_id=canned.ID)
    assert words not in pages.text(operator.get(PAGE + address))
    upstream.on(reply({"detail": "An error occurred"}, 500), method="GET", path=path)
    response = operator.get(PAGE + address)
    assert response.status_code == 200
    assert words in pages.text(response)


def test_what_operators_did_shows_without_the_api(operator: Client, upstream: Faulty) -> None:
    """It is our own knowledge, and most wanted when an action got no answer."""
    ActionRequested.objects.create(token="t", username="ana", operation="cancel", execution_id=canned.ID, reason="why")
    upstream.on([RESET])
    response = operator.get(f"{PAGE}actions/")
    assert response.status_code == 200
    assert [entry.action.username for entry in response.context["entries"]] == ["ana"]
    assert pages.problem(response) == "The Workflows API does not answer"


def test_an_execution_that_nobody_knows_is_not_found(operator: Client, upstream: Faulty) -> None:
    upstream.on(reply({"detail": "Unknown", "code": "WF_1100"}, 404), path=canned.path())
    for address in TABS:
        response = operator.get(address)
        assert (response.status_code, pages.problem(response)) == (404, "Not found WF_1100")


class TestRun:
    @pytest.fixture(autouse=True)
    def _old(self, upstream: Faulty) -> None:
        old = canned.execution(run_id=canned.OTHER_RUN, status="TERMINATED")
        upstream.on(reply(old), path=f"{canned.RUNS}/{canned.OTHER_RUN}")
        upstream.on(reply({"events": []}), path=f"{canned.RUNS}/{canned.OTHER_RUN}/history")

    @pytest.mark.parametrize("tab", ["", "history/", "trace/", "logs/", "events/", "actions/"])
    def test_it_is_the_one_of_the_address(self, operator: Client, tab: str) -> None:
        shown = operator.get(f"{PAGE}{tab}?run={canned.OTHER_RUN}").context["run"]
        assert (shown.run_id, shown.status.value) == (canned.OTHER_RUN, "TERMINATED")
        shown = operator.get(f"{PAGE}{tab}").context["run"]
        assert (shown.run_id, shown.status.value) == (canned.RUN, "RUNNING")

    def test_its_own_history_and_logs_are_read(self, operator: Client, upstream: Faulty) -> None:
        operator.get(f"{PAGE}history/?run={canned.OTHER_RUN}")
        assert upstream.requests[-1].path == f"{canned.RUNS}/{canned.OTHER_RUN}/history"
        operator.get(f"{PAGE}logs/?run={canned.OTHER_RUN}")
        assert ("run_id", canned.OTHER_RUN) in upstream.requests[-1].query

    @pytest.mark.parametrize("tab", ["", "history/", "logs/", "cancel/", "reset/"])
    def test_of_another_execution_it_is_not_found(self, operator: Client, upstream: Faulty, tab: str) -> None:
        upstream.on(reply(canned.execution("another")), path=f"{canned.RUNS}/{canned.OTHER_RUN}")
        response = operator.get(f"{PAGE}{tab}?run={canned.OTHER_RUN}")
        assert (response.status_code, pages.problem(response)) == (404, "Not found")
        assert "This run belongs to another execution." in pages.problem_text(response)

    @pytest.mark.parametrize("run", ["1", "../x", "0b8e1c3e-0000-4000-8000-00000000000g", "%00"])
    def test_what_cannot_be_a_run_is_said(self, operator: Client, upstream: Faulty, run: str) -> None:
        response = operator.get(f"{PAGE}?run={run}")
        assert (response.status_code, pages.problem(response)) == (400, "This cannot be done")
        assert "a run id is a UUID" in pages.problem_text(response)
        assert upstream.requests == []

    def test_links_to_the_tabs_keep_it(self, operator: Client) -> None:
        query = f"?run={canned.OTHER_RUN}"
        assert {f"{tab}{query}" for tab in TABS} <= set(pages.links(operator.get(f"{PAGE}logs/{query}")))


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        ("RUNNING", ["signal", "query", "update", "reset", "cancel", "terminate"]),
        ("SOMETHING_NEW", ["signal", "query", "update", "reset", "cancel", "terminate"]),
        (None, ["signal", "query", "update", "reset", "cancel", "terminate"]),
        ("COMPLETED", ["query", "reset"]),
        ("TERMINATED", ["query", "reset"]),
    ],
)
def test_only_what_makes_sense_now_is_offered(
    sign_in: SignIn, upstream: Faulty, status: str | None, offered: list[str]
) -> None:
    canned.healthy(upstream, status=status)
    shown = sign_in("admin").get(PAGE)
    assert [slug for slug, _, _ in shown.context["offered"]] == offered
    # The server leaves it to the API to refuse the rest: a status may be old by now.
    assert sign_in("admin").get(f"{PAGE}cancel/").status_code == 200
