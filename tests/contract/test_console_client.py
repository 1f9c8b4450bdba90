"""The console's own client against the sandbox: the same operations, and its errors for the sandbox's refusals."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import msgspec
import pytest

from executions.upstream import errors
from executions.upstream.client import Client
from executions.upstream.sse import ServerEvent
from tests.contract.conftest import Started
from tests.contract.operations import Operations
from tests.sandbox.api import Api


def plain(value: Any) -> Any:
    """A typed answer as plain values."""
    if isinstance(value, msgspec.Raw):
        return msgspec.json.decode(value) if bytes(value) else None
    if isinstance(value, msgspec.Struct):
        return {name: plain(item) for name, item in msgspec.structs.asdict(value).items()}
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


async def _all(events: AsyncIterator[ServerEvent]) -> list[dict[str, Any]]:
    return [{"id": one.id, "event": one.event, "data": json.loads(one.data)} async for one in events]


class Ours:
    """The console's client, with plain answers."""

    def __init__(self, typed: Client) -> None:
        self.typed = typed

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **given: plain(getattr(self.typed, operation)(**given))

    def get_workflow_execution_history(self, **given: Any) -> Any:
        return json.loads(self.typed.get_workflow_execution_history(**given).raw)

    def get_run_history(self, **given: Any) -> Any:
        return json.loads(self.typed.get_run_history(**given).raw)

    def stream(self, **given: Any) -> Any:
        return asyncio.run(_all(self.typed.stream(**given)))

    def stream_workflow_execution_logs(self, **given: Any) -> Any:
        return asyncio.run(_all(self.typed.stream_workflow_execution_logs(**given)))


@pytest.fixture(scope="module")
def client(sandbox: str) -> Iterator[Ours]:
    typed = Client(sandbox, "test-key")
    yield Ours(typed)
    typed.close()


class TestConsoleClient(Operations):
    """All the operations."""


def test_an_unknown_execution_is_not_found(client: Ours) -> None:
    with pytest.raises(errors.NotFound, match="nobody not found") as caught:
        client.get_workflow_execution(execution_id="nobody")
    assert caught.value.code == "WF_1100"


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        ("signal_workflow_execution", {"name": "approve", "input": {"reviewer": "user-7"}}),
        ("update_workflow_execution", {"name": "set_priority", "input": {"priority": "high"}}),
        ("cancel_workflow_execution", {}),
        ("terminate_workflow_execution", {}),
    ],
)
def test_a_closed_execution_is_not_running(
    client: Ours, started: Started, api: Api, operation: str, given: dict[str, Any]
) -> None:
    api.wait_for(started.refused, "FAILED")
    with pytest.raises(errors.NotRunning) as caught:
        getattr(client, operation)(execution_id=started.refused, **given)
    assert (caught.value.code, caught.value.execution_status) == ("WF_1102", "FAILED")


def test_a_bad_reset_point_is_invalid_with_the_good_ones(client: Ours, invoice: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        client.reset_workflow(execution_id=invoice, event_id=3)
    assert (caught.value.code, caught.value.valid_reset_events) == ("WF_1001", (4, 10, 16, 22, 28))


def test_a_bad_input_is_invalid_with_its_field(client: Ours, api: Api) -> None:
    review = api.start_review()
    with pytest.raises(errors.Invalid) as caught:
        client.update_workflow_execution(execution_id=review, name="set_priority", input={"priority": "utmost"})
    assert caught.value.fields == (("body.input.priority", "Invalid enum value 'utmost'"),)


def test_an_undeclared_signal_is_invalid(client: Ours, api: Api) -> None:
    review = api.start_review()
    with pytest.raises(errors.Invalid, match="Signal 'aprove' is not declared; declared: approve, reject"):
        client.signal_workflow_execution(execution_id=review, name="aprove", input={})


def test_an_update_that_the_workflow_refuses_is_invalid(client: Ours, api: Api) -> None:
    review = api.start_review(priority="high")
    with pytest.raises(errors.Invalid, match="the priority is high already"):
        client.update_workflow_execution(execution_id=review, name="set_priority", input={"priority": "high"})


@pytest.mark.parametrize("odd", ["a/b", "%2F", "a?b#c", "ünï/côdé-☃", "line\nbreak", "<script>", "é" * 256])
def test_odd_ids_arrive_as_they_are(client: Ours, api: Api, odd: str) -> None:
    api.start("invoice-pipeline", {"document": "scan-9.pdf", "amount": 1}, odd)
    assert client.get_workflow_execution(execution_id=odd)["execution_id"] == odd
    client.terminate_workflow_execution(execution_id=odd)
    assert client.get_workflow_execution(execution_id=odd)["status"] == "TERMINATED"
