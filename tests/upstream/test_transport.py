"""How requests travel: ids arrive as they are, reads are retried, writes are sent once, the key is never seen."""

import contextlib
import gzip
import json
import logging
import socket
import string
import traceback
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import FrameType
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from executions.upstream import deadline, errors, transport
from executions.upstream.client import Client
from executions.upstream.transport import check_base_url, segment
from tests.faulty import CLOSE, HANG, RESET, Answer, Drip, Faulty, Request, head, redirect, reply, running, sse
from tests.upstream import KEY

FOUND = reply({"execution_id": "a"})
READ, WRITE = "read", "write"


def call(client: Client, shape: str) -> object:
    """A plain read, or a plain write."""
    return client.get_workflow_execution("a") if shape == READ else client.cancel_workflow_execution("a")


def failure(client: Client, shape: str) -> errors.UpstreamError:
    with pytest.raises(errors.UpstreamError) as caught:
        call(client, shape)
    return caught.value


@pytest.fixture
def pauses() -> Iterator[list[RetryDetails]]:
    """What stamina says before each further attempt."""
    found: list[RetryDetails] = []
    set_on_retry_hooks([found.append])
    yield found
    set_on_retry_hooks(None)


# Retries of reads


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(
    "answer",
    [
        reply(status=502),
        reply(status=503),
        reply(status=504),
        reply(status=429, headers={"Retry-After": "0"}),
        reply(status=503, headers={"Retry-After": "0"}),
        [RESET],
        [CLOSE],
        [b"HTTP/1.1 20", RESET],
    ],
    ids=["502", "503", "504", "429", "503 with Retry-After", "reset", "closed", "reset in the status line"],
)
def test_a_read_is_tried_again(answer: Answer, times: int, client: Client, faulty: Faulty) -> None:
    faulty.on(*[answer] * times, FOUND)
    assert client.get_workflow_execution("a").execution_id == "a"
    assert [request.target for request in faulty.requests] == ["/v1/workflows/executions/a"] * (times + 1)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply({"detail": "away"}, 503), errors.ServerFault),
        (reply(status=429, headers={"Retry-After": "0"}), errors.RateLimited),
        ([RESET], errors.NoAnswer),
    ],
    ids=["503", "429", "reset"],
)
def test_a_read_is_tried_three_times(
    answer: Answer, kind: type[errors.UpstreamError], client: Client, faulty: Faulty
) -> None:
    faulty.on(answer)
    assert type(failure(client, READ)) is kind
    assert len(faulty.requests) == transport.ATTEMPTS == 3


ONCE: dict[str, Answer] = {
    **{str(status): reply(status=status) for status in (302, 400, 401, 403, 404, 409, 422, 500, 501, 505)},
    "429 without a time": reply(status=429),
    "500 with a time": reply(status=500, headers={"Retry-After": "0"}),
    "404 with a time": reply(status=404, headers={"Retry-After": "0"}),
    "truncated": reply(b"{", missing=5),
    "reset in the body": [head(200, {"Content-Length": "50"}), b"{", RESET],
    "wrong shape": reply([1]),
    "not HTTP": [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", CLOSE],
}


@pytest.mark.parametrize("answer", ONCE.values(), ids=ONCE.keys())
def test_a_read_is_not_tried_again_where_that_cannot_help(answer: Answer, client: Client, faulty: Faulty) -> None:
    faulty.on(answer)
    failure(client, READ)
    assert len(faulty.requests) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds(status: int, client: Client, faulty: Faulty, pauses: list[RetryDetails]) -> None:
    faulty.on(reply(status=status, headers={"Retry-After": "1"}), FOUND)
    client.get_workflow_execution("a")
    assert [1 <= pause.wait_for <= 1 + transport.JITTER for pause in pauses] == [True]


def test_retry_after_as_a_date(client: Client, faulty: Faulty, pauses: list[RetryDetails]) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    faulty.on(reply(status=429, headers={"Retry-After": moment}), FOUND)
    client.get_workflow_execution("a")
    assert [0 < pause.wait_for <= 2 + transport.JITTER for pause in pauses] == [True]
    assert len(faulty.requests) == 2


def test_pauses_have_jitter(client: Client, faulty: Faulty, pauses: list[RetryDetails]) -> None:
    faulty.on(reply(status=503))
    failure(client, READ)
    failure(client, READ)
    waits = [pause.wait_for for pause in pauses]
    assert [0 < wait <= transport.LONGEST_PAUSE for wait in waits] == [True] * 4
    assert len(set(waits)) > 2


@pytest.mark.parametrize(("timeout", "asked"), [(30, "6"), (30, "3600"), (2, "3")])
def test_nobody_waits_longer_than_patience_or_the_budget(timeout: float, asked: str, faulty: Faulty) -> None:
    faulty.on(reply(status=429, headers={"Retry-After": asked}))
    error = failure(Client(faulty.url, KEY, timeout=timeout), READ)
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after == float(asked)
    assert len(faulty.requests) == 1


def test_no_attempt_begins_without_time_for_its_pause(
    client: Client, faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LONGEST_PAUSE", 60)
    faulty.on(reply(status=503))
    assert type(failure(client, READ)) is errors.ServerFault
    assert len(faulty.requests) == 1


def test_attempts_share_one_budget(faulty: Faulty) -> None:
    """Either answer comes in time for a call of its own, both do not."""
    late = [[Drip(step[:1], 1.2), step[1:]] for step in (*reply(status=503), *FOUND) if isinstance(step, bytes)]
    faulty.on(*late)
    assert type(failure(Client(faulty.url, KEY, timeout=2), READ)) is errors.Timeout
    assert len(faulty.requests) == 2


def test_retries_can_be_switched_off(client: Client, faulty: Faulty) -> None:
    faulty.on(reply(status=503))
    stamina.set_active(False)
    try:
        assert type(failure(client, READ)) is errors.ServerFault
    finally:
        stamina.set_active(True)
    assert len(faulty.requests) == 1


# Writes

FAULTS: dict[str, tuple[Answer, type[errors.UpstreamError]]] = {
    "reset before the answer": ([RESET], errors.NoAnswer),
    "closed before the answer": ([CLOSE], errors.NoAnswer),
    "reset in the status line": ([b"HTTP/1.1 20", RESET], errors.NoAnswer),
    "reset in the body": ([head(200, {"Content-Length": "50"}), b"{", RESET], errors.BrokenAnswer),
    "truncated": (reply(b"{", missing=5), errors.BrokenAnswer),
    "not HTTP": ([b"SSH-2.0-OpenSSH_9.6\r\n\r\n", CLOSE], errors.BrokenAnswer),
    "redirect": (redirect("/elsewhere"), errors.BrokenAnswer),
    "502": (reply(b"<html>", 502), errors.ServerFault),
    "503": (reply(status=503, headers={"Retry-After": "0"}), errors.ServerFault),
    "504": (reply(status=504), errors.ServerFault),
    "500": (reply(status=500), errors.ServerFault),
    "429": (reply(status=429, headers={"Retry-After": "0"}), errors.RateLimited),
    "409": (reply(status=409), errors.NotRunning),
}
WRITES: list[Callable[[Client], object]] = [
    lambda client: client.signal_workflow_execution("a", name="n", input={"a": 1}),
    lambda client: client.query_workflow_execution("a", name="n"),
    lambda client: client.update_workflow_execution("a", name="n"),
    lambda client: client.terminate_workflow_execution("a"),
    lambda client: client.cancel_workflow_execution("a"),
    lambda client: client.reset_workflow("a", event_id=4),
    lambda client: client.batch_cancel_workflow_executions(["a"]),
    lambda client: client.batch_terminate_workflow_executions(["a"]),
]


@pytest.mark.parametrize("write", range(len(WRITES)))
@pytest.mark.parametrize(("answer", "kind"), FAULTS.values(), ids=FAULTS.keys())
def test_a_write_is_sent_once(
    answer: Answer, kind: type[errors.UpstreamError], write: int, client: Client, faulty: Faulty
) -> None:
    faulty.on(answer)
    with pytest.raises(errors.UpstreamError) as caught:
        WRITES[write](client)
    assert type(caught.value) is kind
    assert [request.method for request in faulty.requests] == ["POST"]
    # What may have arrived is never called unsent.
    assert getattr(caught.value, "sent", True)


def test_a_write_that_hangs_is_sent_once(faulty: Faulty) -> None:
    faulty.on([HANG])
    error = failure(Client(faulty.url, KEY, timeout=0.5), WRITE)
    assert isinstance(error, errors.Timeout)
    assert error.sent
    faulty.wait_until_left()
    assert len(faulty.requests) == 1


def test_the_status_tells_more_than_a_body_cut_short(client: Client, faulty: Faulty) -> None:
    faulty.on(reply({"detail": "Closed"}, 409, missing=5))
    assert type(failure(client, WRITE)) is errors.NotRunning


# No connection


@pytest.mark.parametrize("shape", [READ, WRITE])
def test_refused_connections_are_tried_again_and_nothing_is_sent_twice(shape: str, pauses: list[RetryDetails]) -> None:
    with running(listening=False) as server:
        server.on(FOUND)
        # The server comes up between the attempts.
        set_on_retry_hooks([pauses.append, lambda details: server.listen()])
        call(Client(server.url, KEY, timeout=5), shape)
        assert len(pauses) == 1
        assert len(server.requests) == 1


@pytest.mark.parametrize("shape", [READ, WRITE])
def test_refused_for_good(shape: str, pauses: list[RetryDetails]) -> None:
    with running(listening=False) as server:
        error = failure(Client(server.url, KEY, timeout=5), shape)
    assert type(error) is errors.NoAnswer
    assert (str(error), error.sent) == ("The Workflows API cannot be reached.", False)
    assert len(pauses) == transport.ATTEMPTS - 1


@pytest.fixture
def full() -> Iterator[str]:
    """An address where connections do not come about: the queue of those that nobody accepts is full."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("shape", [READ, WRITE])
def test_a_connection_that_does_not_come_about(
    shape: str, full: str, pauses: list[RetryDetails], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "CONNECT_SECONDS", 0.1)
    error = failure(Client(full, KEY, timeout=5), shape)
    assert isinstance(error, errors.Timeout)
    assert (str(error), error.sent) == ("The Workflows API cannot be reached.", False)
    assert len(pauses) == transport.ATTEMPTS - 1


async def test_a_stream_that_does_not_come_about(full: str) -> None:
    with pytest.raises(errors.NoAnswer, match="cannot be reached") as caught:
        await anext(Client(full, KEY, heartbeat=0.1).stream("a"))
    assert not caught.value.sent


@pytest.mark.parametrize("shape", [READ, WRITE])
def test_a_name_that_does_not_resolve(shape: str) -> None:
    error = failure(Client("http://nowhere.invalid", KEY, timeout=0.4), shape)
    assert isinstance(error, errors.NoAnswer)
    assert not error.sent


@pytest.mark.parametrize("shape", [READ, WRITE])
def test_a_server_without_tls_was_sent_nothing(shape: str, faulty: Faulty) -> None:
    error = failure(Client(faulty.url.replace("http:", "https:"), KEY, timeout=0.4), shape)
    assert isinstance(error, errors.NoAnswer)
    assert not error.sent


@pytest.mark.parametrize("shape", [READ, WRITE])
def test_no_free_connection_means_not_sent(shape: str, faulty: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONNECTIONS", 1)
    client = Client(faulty.url, KEY, timeout=5)
    gate = faulty.gate()
    faulty.on([gate, *FOUND])
    with ThreadPoolExecutor(1) as other:
        held = other.submit(call, client, shape)
        faulty.wait_for_requests(1)
        client._transport.timeout = 0.2
        error = failure(client, shape)
        gate.set()
        held.result()
    assert isinstance(error, errors.Timeout)
    assert not error.sent
    assert len(faulty.requests) == 1


# Connections that are kept alive


@pytest.mark.parametrize("shape", [READ, WRITE])
def test_a_connection_closed_while_idle_is_not_used(shape: str, client: Client, faulty: Faulty) -> None:
    faulty.on([*FOUND, CLOSE])
    client.get_workflow_execution("a")
    faulty.wait_for_requests(1)
    call(client, shape)
    assert [(request.connection, request.place) for request in faulty.requests] == [(0, 0), (1, 0)]


def _closing_as_it_is_used(request: Request) -> Any:
    return FOUND if request.place == 0 else [RESET]


def test_a_write_never_meets_a_connection_that_is_being_closed(client: Client, faulty: Faulty) -> None:
    faulty.on(_closing_as_it_is_used)
    for _ in range(3):
        client.get_workflow_execution("a")
        client.cancel_workflow_execution("a")
    writes = [request for request in faulty.requests if request.method == "POST"]
    assert len(writes) == 3
    assert [request.place for request in writes] == [0, 0, 0]


def test_a_read_that_meets_one_is_sent_again(client: Client, faulty: Faulty) -> None:
    faulty.on(_closing_as_it_is_used)
    client.get_workflow_execution("a")
    client.get_workflow_execution("a")
    assert [(request.connection, request.place) for request in faulty.requests] == [(0, 0), (0, 1), (1, 0)]


def test_reads_share_connections(client: Client, faulty: Faulty) -> None:
    faulty.on(FOUND)
    for _ in range(5):
        client.get_workflow_execution("a")
    assert [(request.connection, request.place) for request in faulty.requests] == [(0, n) for n in range(5)]


def test_threads_share_a_client(client: Client, faulty: Faulty) -> None:
    faulty.on(lambda request: reply({"execution_id": request.path.rpartition("/")[2]}))
    names = [f"id-{number}" for number in range(200)]
    with ThreadPoolExecutor(20) as threads:
        found = threads.map(lambda name: client.get_workflow_execution(name).execution_id, names)
    assert list(found) == names
    assert len(faulty.connections) <= transport.CONNECTIONS


async def test_a_stream_takes_no_place_from_calls(faulty: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CONNECTIONS", 1)
    client = Client(faulty.url, KEY, timeout=2)
    faulty.on(FOUND)
    faulty.on(sse(b"data: 1\n\n", HANG), path="/v1/workflows/executions/a/stream")
    streams = [client.stream("a") for _ in range(3)]
    for stream in streams:
        assert (await anext(stream)).data == "1"
    client.get_workflow_execution("a")
    client.cancel_workflow_execution("a")
    for stream in streams:
        await stream.aclose()


# Bounds and foreign answers


@pytest.mark.parametrize("shape", [READ, WRITE])
def test_an_endless_answer_is_given_up(
    shape: str, client: Client, faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 2 << 20)
    faulty.on([head(200, {"Content-Length": str(1 << 40)}), b" " * (3 << 20), HANG])
    error = failure(client, shape)
    assert (type(error), str(error)) == (errors.BrokenAnswer, "The Workflows API’s answer is larger than 2 MB.")
    faulty.wait_until_left()
    assert len(faulty.requests) == 1


@pytest.mark.parametrize("shape", [READ, WRITE])
def test_of_an_endless_error_the_status_counts(shape: str, client: Client, faulty: Faulty) -> None:
    faulty.on([head(404, {"Content-Length": str(1 << 40)}), b" " * (transport.MAX_ERROR_BYTES + 100_000), HANG])
    assert type(failure(client, shape)) is errors.NotFound
    faulty.wait_until_left()


def test_of_a_long_error_only_the_start_is_read(
    client: Client, faulty: Faulty, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty.on(reply({"detail": "words", "more": "x" * 200_000}, 404))
    assert str(failure(client, READ)) == "words"
    monkeypatch.setattr(transport, "MAX_ERROR_BYTES", 1_000)
    assert str(failure(client, READ)) == "The Workflows API does not know this."


def test_an_answer_may_be_large(client: Client, faulty: Faulty) -> None:
    result = "x" * (5 << 20)
    faulty.on(reply({"execution_id": "a", "result": result}))
    assert json.loads(bytes(client.get_workflow_execution("a").result)) == result


CONTENT = b'{"execution_id": "a"}'


def test_gzip_is_asked_for_and_unpacked(client: Client, faulty: Faulty) -> None:
    faulty.on(reply(gzip.compress(CONTENT), headers={"Content-Encoding": "gzip"}))
    assert client.get_workflow_execution("a").execution_id == "a"
    assert faulty.requests[0].header("Accept-Encoding") == "gzip"


def test_what_unpacks_to_too_much_is_given_up(client: Client, faulty: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 2 << 20)
    faulty.on(reply(gzip.compress(b" " * (8 << 20)), headers={"Content-Encoding": "gzip"}))
    assert str(failure(client, READ)) == "The Workflows API’s answer is larger than 2 MB."


@pytest.mark.parametrize(
    ("packing", "content"),
    [
        ("gzip, gzip", gzip.compress(gzip.compress(CONTENT, mtime=0), mtime=0)),
        ("deflate", zlib.compress(CONTENT)),
        ("br", b"\x0b\x0a\x80"),
        ("zstd", b"("),
        ("made-up", CONTENT),
        ("gzip", CONTENT),
        ("gzip", gzip.compress(CONTENT, mtime=0)[:-12]),
    ],
)
@pytest.mark.parametrize("shape", [READ, WRITE])
def test_other_packings_are_broken_answers(
    shape: str, packing: str, content: bytes, client: Client, faulty: Faulty
) -> None:
    faulty.on(reply(content, headers={"Content-Encoding": packing}))
    assert type(failure(client, shape)) is errors.BrokenAnswer
    assert len(faulty.requests) == 1


def test_cookies_are_not_kept(client: Client, faulty: Faulty) -> None:
    faulty.on(reply({"execution_id": "a"}, headers={"Set-Cookie": "session=1; Path=/"}))
    client.get_workflow_execution("a")
    client.get_workflow_execution("a")
    assert [request.header("Cookie") for request in faulty.requests] == [None, None]


def test_the_environment_changes_nothing(faulty: Faulty, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    faulty.on(FOUND)
    client = Client(faulty.url, KEY, timeout=5)
    client.get_workflow_execution("a")
    client.cancel_workflow_execution("a")
    assert [request.header("Authorization") for request in faulty.requests] == [f"Bearer {KEY}"] * 2


# Ids

PATHS = [
    ("plain-1_2~3.4", "plain-1_2~3.4"),
    ("a/b", "a%2Fb"),
    ("/", "%2F"),
    ("%2F", "%252F"),
    ("..%2f..", "..%252f.."),
    ("a/../b", "a%2F..%2Fb"),
    ("../cancel", "..%2Fcancel"),
    ("...", "..."),
    (".a", ".a"),
    ("\\..\\", "%5C..%5C"),
    ("?status=RUNNING", "%3Fstatus%3DRUNNING"),
    ("a#b", "a%23b"),
    ("a;b=c,d", "a%3Bb%3Dc%2Cd"),
    ("a:b@c", "a%3Ab%40c"),
    (" ", "%20"),
    ("a b+c", "a%20b%2Bc"),
    ("line\nline\r\n", "line%0Aline%0D%0A"),
    ("a HTTP/1.1\r\nHost: x\r\n\r\n", "a%20HTTP%2F1.1%0D%0AHost%3A%20x%0D%0A%0D%0A"),
    ("<script>", "%3Cscript%3E"),
    ("😀é", "%F0%9F%98%80%C3%A9"),
    ("e\u0301\u202e\ufeff", "e%CC%81%E2%80%AE%EF%BB%BF"),
    ("http://other.example/x", "http%3A%2F%2Fother.example%2Fx"),
    ("x" * 1_000, "x" * 1_000),
    ("é" * 500, "%C3%A9" * 500),
]


@pytest.mark.parametrize(("value", "raw"), PATHS, ids=[raw[:30] for _, raw in PATHS])
async def test_an_id_arrives_as_one_segment(value: str, raw: str, client: Client, faulty: Faulty) -> None:
    faulty.on(FOUND)
    faulty.on(sse(), path=f"/v1/workflows/executions/{raw}/stream")
    client.get_workflow_execution(value)
    client.terminate_workflow_execution(value)
    assert [event async for event in client.stream(value)] == []
    assert [(request.method, request.target) for request in faulty.requests] == [
        ("GET", f"/v1/workflows/executions/{raw}"),
        ("POST", f"/v1/workflows/executions/{raw}/terminate"),
        ("GET", f"/v1/workflows/executions/{raw}/stream"),
    ]


REFUSED = ["", ".", "..", "\0", "a\0b", "\ud800", "a\udfff", "x" * 1_001, "é" * 501, "😀" * 251]


@pytest.mark.parametrize("value", REFUSED, ids=[ascii(value)[:20] for value in REFUSED])
def test_an_id_that_could_not_is_refused_and_nothing_is_sent(value: str, client: Client, faulty: Faulty) -> None:
    calls: list[Callable[[], object]] = [
        lambda: client.get_workflow_execution(value),
        lambda: client.get_workflow_execution_history(value),
        lambda: client.terminate_workflow_execution(value),
        lambda: client.signal_workflow_execution(value, name="n"),
        lambda: client.reset_workflow(value, event_id=1),
        lambda: client.stream(value),
        lambda: client.stream_workflow_execution_logs(value),
        lambda: client.get_run(value),
        lambda: client.get_workflow_registration(value),
    ]
    for one in calls:
        with pytest.raises(errors.InvalidId):
            one()
    assert faulty.requests == []


@pytest.fixture(scope="module")
def echo() -> Iterator[tuple[Client, Faulty]]:
    with running() as server:
        server.on(FOUND)
        client = Client(server.url, KEY, timeout=5)
        yield client, server
        client.close()


@given(value=st.text(min_size=1, max_size=40) | st.text(st.sampled_from("./%\\?#~ a"), min_size=1, max_size=8))
def test_any_id_arrives_or_is_refused(echo: tuple[Client, Faulty], value: str) -> None:
    client, server = echo
    server.requests.clear()
    try:
        client.get_workflow_execution(value)
    except errors.InvalidId:
        assert server.requests == []
        assert value in {".", ".."} or "\0" in value
        return
    (request,) = server.requests
    prefix, _, sent = request.target.rpartition("/")
    assert prefix == "/v1/workflows/executions"
    assert unquote_to_bytes(sent) == value.encode()
    assert set(sent) <= set(string.ascii_letters + string.digits + "-._~%")


def test_an_address_that_httpx_would_change_is_refused(client: Client) -> None:
    with pytest.raises(errors.InvalidId, match="without changing it"):
        client._transport.url("/v1/workflows/executions/../cancel")


def test_segments_need_no_dots() -> None:
    assert segment("a.b") == "a.b"


@pytest.mark.parametrize("value", ["\ud800", "x" * 70_000])
def test_other_text_that_cannot_be_sent_is_refused(value: str, client: Client, faulty: Faulty) -> None:
    with pytest.raises(errors.InvalidId):
        client.list_runs(search=value)
    with pytest.raises(errors.InvalidId):
        client.get_workflow_execution_logs("a", cursor=value)
    assert faulty.requests == []


def _nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"a": found}
    return found


@pytest.mark.parametrize("value", [{"a": "\ud800"}, {"a": float("nan")}, _nested(100_000)], ids=["text", "nan", "deep"])
def test_input_that_cannot_be_sent_is_refused(value: dict[str, Any], client: Client, faulty: Faulty) -> None:
    with pytest.raises(errors.Invalid, match="Nothing was sent"):
        client.signal_workflow_execution("a", name="n", input=value)
    assert faulty.requests == []


# Addresses of the API


@pytest.mark.parametrize("path", ["", "/", "/api", "/api/v2/"])
def test_a_base_url_with_a_path(path: str, faulty: Faulty) -> None:
    faulty.on(FOUND)
    Client(faulty.url + path, KEY, timeout=5).get_workflow_execution("a/b")
    assert [request.target for request in faulty.requests] == [f"{path.rstrip('/')}/v1/workflows/executions/a%2Fb"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.com",
        "ftp://api.example.com",
        "https://",
        "https://api.example.com?x=1",
        "https://api.example.com#x",
        "https://user:pass@api.example.com",
        "https://api.example.com:port",
        "https://api.example.com/a/../b",
        "https://api.example.com/é",
        "https://[::1",
        "https://api.example.com\n",
    ],
)
def test_a_base_url_that_is_none(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the words are urllib's in part)
        check_base_url(url)


# The key


def frames(error: BaseException) -> Iterator[FrameType]:
    """Of the error and of whatever hangs on it."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in seen:
            seen.append(one)
            waiting += [one.__context__, one.__cause__]
            yield from (frame for frame, _ in traceback.walk_tb(one.__traceback__))


def shown(error: BaseException) -> str:
    """Everything that a report of this error could show."""
    report = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    values = [repr(value) for frame in frames(error) for value in frame.f_locals.values()]
    return "\n".join([repr(error), str(error), repr(vars(error)), report, *values])


KEY_FAULTS: dict[str, Answer] = {
    "hang": [HANG],
    "reset": [RESET],
    "reset in the body": [head(200, {"Content-Length": "50"}), b"{", RESET],
    "not HTTP": [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", CLOSE],
    "redirect": redirect("/elsewhere"),
    "401": reply(status=401),
    "404": reply(status=404),
    "503": reply(status=503),
    "a web page": reply(b"<html>"),
    "packed": reply(b"x", headers={"Content-Encoding": "br"}),
}


@pytest.fixture
def loud(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything is logged, also by those that we keep quiet."""
    for name in ("", "httpx", "httpcore", "stamina", "asyncio"):
        caplog.set_level(1, logger=name or None)
    return caplog


def logged(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(f"{record.getMessage()} {vars(record)!r}" for record in caplog.records)


@pytest.mark.parametrize("shape", [READ, WRITE])
@pytest.mark.parametrize("answer", KEY_FAULTS.values(), ids=KEY_FAULTS.keys())
def test_an_error_shows_no_key(answer: Answer, shape: str, faulty: Faulty, loud: pytest.LogCaptureFixture) -> None:
    faulty.on(answer)
    client = Client(faulty.url, KEY, timeout=0.7)
    error = failure(client, shape)
    assert KEY not in shown(error)
    assert (error.__context__, error.__cause__) == (None, None)
    assert faulty.requests[0].header("Authorization") == f"Bearer {KEY}"
    assert KEY not in logged(loud)
    assert "httpcore" in {record.name.partition(".")[0] for record in loud.records}


@pytest.mark.parametrize("answer", KEY_FAULTS.values(), ids=KEY_FAULTS.keys())
async def test_an_error_of_a_stream_shows_no_key(
    answer: Answer, faulty: Faulty, loud: pytest.LogCaptureFixture
) -> None:
    faulty.on(answer)
    stream = Client(faulty.url, KEY, heartbeat=0.1).stream("a", last_event_id="1")
    with pytest.raises(errors.UpstreamError) as caught:
        await anext(stream)
    assert KEY not in shown(caught.value)
    assert (caught.value.__context__, caught.value.__cause__) == (None, None)
    assert faulty.requests[0].header("Authorization") == f"Bearer {KEY}"
    assert KEY not in logged(loud)


@pytest.mark.parametrize("shape", [READ, WRITE])
def test_an_error_without_a_connection_shows_no_key(shape: str) -> None:
    with running(listening=False) as server:
        error = failure(Client(server.url, KEY, timeout=0.3), shape)
    assert KEY not in shown(error)
    assert error.__context__ is None


def test_reprs_show_no_key(client: Client) -> None:
    parts = [client, client._transport, client._transport.key, client._transport._reads, vars(client)]
    assert [KEY in repr(part) for part in parts] == [False] * len(parts)
    assert KEY not in repr(vars(client._transport))


def test_a_wrong_address_shows_no_key() -> None:
    with pytest.raises(ValueError, match="must look like") as caught:
        Client("ftp://x", KEY)
    assert KEY not in shown(caught.value)


@pytest.mark.parametrize("part", ["\n", " ", "é", "\0", "\x7f", "\ud800"], ids=ascii)
def test_a_key_that_cannot_be_sent_shows_itself_not(part: str) -> None:
    with pytest.raises(ValueError, match="characters that no key has") as caught:
        Client("http://127.0.0.1:9", KEY + part)
    assert KEY not in shown(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_the_key_goes_to_no_other_host(status: int, client: Client, faulty: Faulty) -> None:
    with running() as other:
        other.on(FOUND)
        faulty.on(redirect(f"{other.url}/v1/workflows/executions/a", status))
        for shape in (READ, WRITE):
            assert type(failure(client, shape)) is errors.BrokenAnswer
        with pytest.raises(errors.BrokenAnswer):
            await anext(client.stream("a"))
        assert other.connections == []


def test_logs_name_no_execution(faulty: Faulty, caplog: pytest.LogCaptureFixture) -> None:
    """Neither httpx's lines at INFO nor stamina's about retries, with what they carry along."""
    caplog.set_level(logging.DEBUG)
    faulty.on(reply({"detail": "No worker for inv-secret"}, 503), reply({"execution_id": "inv-secret"}))
    Client(faulty.url, KEY, timeout=5).get_workflow_execution("inv-secret")
    assert "stamina" in {record.name for record in caplog.records}
    assert "inv-secret" not in logged(caplog)
