"""Answers as they came: the bytes and the address they are from, and nothing that is not JSON."""

from collections.abc import Callable, Iterator

import pytest
import stamina

from executions.upstream import errors
from executions.upstream.client import Client
from executions.upstream.received import Received, Receiver
from tests.faulty import Faulty, reply

ID, RUN = "a/b ?", "0b8e1c3e-0000-4000-8000-000000000001"
EXECUTION, LATER = "/v1/workflows/executions/a%2Fb%20%3F", f"/v1/workflows/runs/{RUN}"
CALLS: list[tuple[Callable[[Receiver], Received], str]] = [
    (lambda it: it.execution(ID), EXECUTION),
    (lambda it: it.execution(ID, RUN), LATER),
    (lambda it: it.history(ID), f"{EXECUTION}/history?decode_payloads=false"),
    (lambda it: it.history(ID, RUN, decode_payloads=True), f"{LATER}/history?decode_payloads=true"),
    (lambda it: it.trace(ID, "otel"), f"{EXECUTION}/trace/otel"),
    (lambda it: it.trace(ID, "events"), f"{EXECUTION}/trace/events?include_internal_events=true"),
    (lambda it: it.logs(ID, RUN, limit=5, order="desc"), f"{EXECUTION}/logs?run_id={RUN}&order=desc&limit=5"),
    (lambda it: it.logs(ID, cursor="c", limit=5, order="asc"), f"{EXECUTION}/logs?order=asc&cursor=c&limit=5"),
    (lambda it: it.events(ID, limit=5), "/v1/workflows/events/list?workflow_exec_id=a%2Fb+%3F&limit=5"),
]


@pytest.fixture
def receiver(faulty: Faulty) -> Iterator[Receiver]:
    client = Client(faulty.url, "test-key")
    with stamina.set_testing(True, attempts=1):
        yield Receiver(client)
    client.close()


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_what_is_asked_and_what_came(receiver: Receiver, faulty: Faulty, number: int) -> None:
    call, address = CALLS[number]
    content = b'{"of":\n "any shape",  "n": 1.50}'
    faulty.on(reply(content))
    found = call(receiver)
    (request,) = faulty.requests
    assert (request.method, request.target, request.header("Authorization")) == ("GET", address, "Bearer test-key")
    assert found == Received(address, content)


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"a": ', b"{} {}", b"\xff"])
def test_only_json_is_kept(receiver: Receiver, faulty: Faulty, content: bytes) -> None:
    faulty.on(reply(content))
    with pytest.raises(errors.BrokenAnswer):
        receiver.execution(ID)


def test_what_is_refused_is_an_error(receiver: Receiver, faulty: Faulty) -> None:
    faulty.on(reply({"detail": "no such thing", "code": "WF_1100"}, 404))
    with pytest.raises(errors.NotFound):
        receiver.execution(ID)
    with pytest.raises(errors.InvalidId):
        receiver.execution("..")
