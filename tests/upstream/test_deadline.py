"""A call is over at its moment, however slowly the other side goes on."""

import time

import httpcore
import pytest

from executions.upstream import errors
from executions.upstream.client import Client
from executions.upstream.deadline import _Backend
from tests.faulty import HANG, Answer, Drip, Faulty, head, reply
from tests.upstream import KEY

SLOW = 0.05
"""Seconds a byte: always within a limit for each wait, and a minute for the whole."""
DRIPS: dict[str, Answer] = {
    "silence": [HANG],
    "headers": [Drip(head(200, {"X-Long": "x" * 1_000}), SLOW)],
    "body": [head(200, {"Content-Length": "1000"}), Drip(b" " * 1_000, SLOW)],
    "chunks": [head(200, {"Transfer-Encoding": "chunked"}), Drip(b"1\r\n \r\n" * 200, SLOW)],
    "half a body": [head(200, {"Content-Length": "1000"}), b" " * 500, HANG],
}


@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
@pytest.mark.parametrize("answer", DRIPS.values(), ids=DRIPS.keys())
@pytest.mark.slow
def test_a_slow_answer_is_given_up(answer: Answer, write: bool, faulty: Faulty) -> None:
    client = Client(faulty.url, KEY, timeout=0.4)
    faulty.on(answer)
    with pytest.raises(errors.Timeout, match=r"within 0\.4 seconds") as caught:
        client.terminate_workflow_execution("a") if write else client.get_workflow_execution("a")
    assert caught.value.sent
    faulty.wait_until_left()
    assert len(faulty.requests) == 1


def test_slow_but_in_time(faulty: Faulty) -> None:
    content = b'{"execution_id": "a"}'
    faulty.on([head(200, {"Content-Length": str(len(content))}), Drip(content, 0.01)])
    assert Client(faulty.url, KEY, timeout=8).get_workflow_execution("a").execution_id == "a"


def test_the_moment_is_the_calls_own(faulty: Faulty) -> None:
    """A pooled connection that an earlier call has used does not keep that one's moment."""
    client = Client(faulty.url, KEY, timeout=0.5)
    faulty.on(reply({"execution_id": "a"}))
    client.get_workflow_execution("a")
    time.sleep(0.6)  # longer than the first call had
    client.get_workflow_execution("a")
    assert [(request.connection, request.place) for request in faulty.requests] == [(0, 0), (0, 1)]


def test_after_the_moment_not_even_waiting_bytes_are_read(faulty: Faulty) -> None:
    """Or an endless answer that never pauses would go on."""
    faulty.on([b"answer"])
    connection = _Backend().connect_tcp("127.0.0.1", faulty.port, time.monotonic() + 5)
    connection.write(b"GET / HTTP/1.1\r\n\r\n", time.monotonic() + 5)
    assert connection.read(3, time.monotonic() + 5) == b"ans"
    with pytest.raises(httpcore.ReadTimeout):
        connection.read(3, time.monotonic() - 1)
    assert connection.read(3, time.monotonic() + 5) == b"wer"
    connection.close()
