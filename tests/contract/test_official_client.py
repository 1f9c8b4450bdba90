"""The vendor's own client as the judge of the sandbox: every success must parse, and mean what it says."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from mistralai.client import Mistral
from mistralai.client.errors import ResponseValidationError, SDKError

from tests.contract.conftest import Started
from tests.contract.operations import Operations
from tests.sandbox.api import Api

_ELSEWHERE = {
    "list_runs": "runs",
    "get_run": "runs",
    "get_run_history": "runs",
    "get_workflow_events": "events",
}


def plain(value: Any) -> Any:
    """A model as the JSON that it was read from."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.model_dump(mode="json", by_alias=True) if hasattr(value, "model_dump") else value


class Official:
    """The SDK's operations, with plain answers."""

    def __init__(self, url: str) -> None:
        self.sdk = Mistral(api_key="test-key", server_url=url, timeout_ms=60_000)

    def raw(self, operation: str) -> Callable[..., Any]:
        """The SDK's own method."""
        workflows = self.sdk.workflows
        if "registration" in operation:
            return getattr(workflows, operation)  # type: ignore[no-any-return]
        return getattr(getattr(workflows, _ELSEWHERE.get(operation, "executions")), operation)  # type: ignore[no-any-return]

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        call = self.raw(operation)
        return lambda **given: plain(call(**{key: value for key, value in given.items() if value is not None}))

    def list_runs(self, **given: Any) -> Any:
        return plain(self.raw("list_runs")(**given).result)

    def get_workflow_registration(self, **given: Any) -> Any:
        return plain(self.raw("get_workflow_registration")(**given).workflow_registration)

    def stream(self, **given: Any) -> Any:
        with self.raw("stream")(**given) as found:
            return plain(list(found))

    def stream_workflow_execution_logs(self, **given: Any) -> Any:
        with self.raw("stream_workflow_execution_logs")(**given) as found:
            return plain(list(found))


@pytest.fixture(scope="module")
def client(sandbox: str) -> Official:
    return Official(sandbox)


class TestOfficialClient(Operations):
    """All the operations."""


def test_no_event_is_of_a_kind_that_the_sdk_does_not_know(client: Official, invoice: str) -> None:
    with client.raw("stream")(execution_id=invoice) as found:
        kinds = {type(one.data.data).__name__ for one in found}
    assert kinds == {
        "WorkflowExecutionStartedResponse",
        "ActivityTaskStartedResponse",
        "ActivityTaskCompletedResponse",
        "CustomTaskStartedResponse",
        "CustomTaskInProgressResponse",
        "CustomTaskCompletedResponse",
        "WorkflowExecutionCompletedResponse",
    }


def test_search_keys_on_request(client: Official, invoice: str) -> None:
    assert client.get_workflow_execution(execution_id=invoice, include_search_keys=True)["search_keys"] == {}
    assert "search_keys" not in client.get_workflow_execution(execution_id=invoice)


def test_an_unknown_execution_is_a_404(client: Official) -> None:
    with pytest.raises(SDKError) as caught:
        client.get_workflow_execution(execution_id="nobody")
    body = json.loads(caught.value.body)
    assert (caught.value.status_code, body) == (
        404,
        {"detail": "Workflow execution nobody not found", "code": "WF_1100"},
    )


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("signal_workflow_execution", {"name": "approve", "input": {"reviewer": "user-7"}}),
        ("update_workflow_execution", {"name": "set_priority", "input": {"priority": "high"}}),
        ("cancel_workflow_execution", {}),
        ("terminate_workflow_execution", {}),
    ],
)
def test_a_closed_execution_is_a_409_with_its_status(
    client: Official, started: Started, api: Api, operation: str, given: dict[str, Any]
) -> None:
    api.wait_for(started.refused, "FAILED")
    with pytest.raises(SDKError) as caught:
        getattr(client, operation)(execution_id=started.refused, **given)
    body = json.loads(caught.value.body)
    assert (caught.value.status_code, body["code"], body["status"]) == (409, "WF_1102", "FAILED")


def test_a_bad_reset_point_is_a_422_with_the_good_ones(client: Official, invoice: str) -> None:
    # The SDK knows only FastAPI's form of 422, and stumbles over the one that the API documents here.
    with pytest.raises(ResponseValidationError) as caught:
        client.reset_workflow(execution_id=invoice, event_id=3)
    body = json.loads(caught.value.body)
    assert (caught.value.status_code, body["code"], body["valid_reset_events"]) == (422, "WF_1001", [4, 10, 16, 22, 28])


def test_without_a_key_it_is_a_401(client: Official) -> None:
    with pytest.raises(SDKError) as caught:
        client.get_workflow_execution(execution_id="nobody", http_headers={"Authorization": "Basic none"})
    assert (caught.value.status_code, json.loads(caught.value.body)) == (401, {"detail": "Unauthorized"})
