"""Runs as pages show them, and the names that their workflow declares."""

from typing import Any

import msgspec
import pytest
from django.test import Client

from executions.services import runs
from executions.upstream import errors
from executions.upstream.types import Execution
from tests.executions import canned
from tests.faulty import Faulty, reply


def run(**changes: Any) -> runs.Run:
    return runs.run(msgspec.json.decode(msgspec.json.encode(canned.execution() | changes), type=Execution))


def test_a_run() -> None:
    found = run(status="COMPLETED", end_time="2026-01-31T14:05:30+00:00", parent_execution_id="p/1")
    assert (found.execution_id, found.run_id, found.workflow) == (canned.ID, canned.RUN, "invoice-pipeline")
    assert (found.user, found.parent, found.root, found.deployment) == ("user-42", "p/1", canned.ID, "main")
    assert (found.is_running, found.seconds, found.status.word) == (False, 30, "Completed")


def test_what_is_missing_leaves_a_run() -> None:
    found = runs.run(Execution(execution_id="e"))
    assert (found.run_id, found.workflow, found.user, found.parent, found.root) == ("", "—", "", "", "")
    assert (found.started, found.ended, found.seconds, found.is_running) == (None, None, None, True)


@pytest.mark.parametrize("moment", ["soon", "", None, "0001-01-01T00:00:00+14:00"])
def test_odd_times_are_no_times(moment: str | None) -> None:
    assert run(start_time=moment, end_time="2026-01-31T14:05:30Z").seconds is None


def registered(upstream: Faulty, *registrations: dict[str, Any]) -> None:
    upstream.on(reply({"workflow_registrations": list(registrations)}), path=canned.REGISTRATIONS)


@pytest.mark.parametrize(
    ("operation", "names"), [("signal", ["approve"]), ("query", ["get_status"]), ("update", ["set_priority"])]
)
def test_handlers(upstream: Faulty, operation: str, names: list[str]) -> None:
    assert [one.name for one in runs.handlers(run(), operation)] == names
    asked = dict(upstream.requests[0].query)
    assert asked["workflow_id"] == canned.execution()["workflow_id"]


def test_handlers_are_those_of_the_run_s_deployment(upstream: Faulty) -> None:
    other = canned.REGISTRATION | {"deployment_name": "canary", "definition": {"signals": [{"name": "reject"}]}}
    registered(upstream, other, canned.REGISTRATION)
    assert [one.name for one in runs.handlers(run(), "signal")] == ["approve"]
    assert [one.name for one in runs.handlers(run(deployment_name="canary"), "signal")] == ["reject"]
    assert [one.name for one in runs.handlers(run(deployment_name=None), "signal")] == ["reject"]
    assert runs.handlers(run(deployment_name="gone"), "signal") == []


@pytest.mark.parametrize("definition", [{}, {"signals": None}, {"signals": []}])
def test_a_workflow_may_declare_nothing(upstream: Faulty, definition: dict[str, Any]) -> None:
    registered(upstream, canned.REGISTRATION | {"definition": definition})
    assert runs.handlers(run(), "signal") == []


def test_an_api_that_fails_is_not_a_workflow_without_names(upstream: Faulty) -> None:
    upstream.on(reply(status=500), path=canned.REGISTRATIONS)
    with pytest.raises(errors.ServerFault):
        runs.handlers(run(), "signal")


@pytest.mark.parametrize("tone", ["RUNNING", "TERMINATED", "<script>", None])
def test_a_page_takes_any_status(operator: Client, upstream: Faulty, tone: str | None) -> None:
    canned.healthy(upstream, status=tone)
    response = operator.get(f"/executions/{canned.ID}/")
    assert response.status_code == 200
    assert "<script>" not in response.content.decode().replace("<script ", "")
