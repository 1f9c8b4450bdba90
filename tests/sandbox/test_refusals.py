"""What the sandbox makes of requests that no well-behaved client sends: a 4xx that says why, never a 500."""

import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.sandbox.api import Api

DEEP = b'{"a":' * 3000
UNKNOWN_RUN = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def review(api: Api) -> str:
    return api.start_review()


def where(answer: httpx.Response) -> Any:
    """Where a FastAPI form of 422 says the fault is."""
    assert answer.status_code == 422, (answer.status_code, answer.text)
    return answer.json()["detail"][0]["loc"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"5", b"\xff", b'{"name": NaN}', b'{"name": "\\ud800"}', DEEP], ids=repr
)
def test_a_body_that_is_no_json_object(api: Api, review: str, body: bytes) -> None:
    assert where(api.http.post(f"/executions/{review}/signals", content=body))[:1] == ["body"]


@pytest.mark.parametrize("path", ["/executions/nobody/reset", "/executions/cancel", "/kyc-review/execute"])
def test_other_bodies_are_checked_the_same(api: Api, path: str) -> None:
    assert where(api.http.post(path, content=b"[]")) == ["body"]


@pytest.mark.parametrize(
    ("rest", "body", "place"),
    [
        ("/signals", {}, ["body", "name"]),
        ("/signals", {"name": 5}, ["body", "name"]),
        ("/queries", {"name": "get_status", "input": []}, ["body", "input"]),
        ("/queries", {"name": "get_status", "input": {"a": 1}}, ["body", "input"]),
        ("/signals", {"name": "approve"}, ["body", "input", "reviewer"]),
        ("/signals", {"name": "approve", "input": {"reviewer": 5}}, ["body", "input", "reviewer"]),
        ("/updates", {"name": "set_priority", "input": "high"}, ["body", "input"]),
        ("/reset", {}, ["body", "event_id"]),
        ("/reset", {"event_id": "4"}, ["body", "event_id"]),
        ("/reset", {"event_id": True}, ["body", "event_id"]),
        ("/reset", {"event_id": 4, "reason": 5}, ["body", "reason"]),
        ("/reset", {"event_id": 4, "exclude_signals": "x"}, ["body", "exclude_signals"]),
    ],
)
def test_a_body_of_the_wrong_shape(api: Api, review: str, rest: str, body: Any, place: list[str]) -> None:
    assert where(api.post(review, rest, body)) == place


@pytest.mark.parametrize("event_id", [-1, 0, 3, 10**30])
def test_no_reset_point(api: Api, review: str, event_id: int) -> None:
    answer = api.post(review, "/reset", {"event_id": event_id})
    assert (answer.status_code, answer.json()["valid_reset_events"]) == (422, [4, 10])


@pytest.mark.parametrize("operation", ["cancel", "terminate"])
@pytest.mark.parametrize(
    ("ids", "place"),
    [
        ([], ["body", "execution_ids"]),
        ("kyc", ["body", "execution_ids"]),
        (["a", 5], ["body", "execution_ids", 1]),
        ([None], ["body", "execution_ids", 0]),
        (["a"] * 101, ["body", "execution_ids"]),
    ],
)
def test_a_batch_of_the_wrong_shape(api: Api, operation: str, ids: Any, place: list[Any]) -> None:
    assert where(api.http.post(f"/executions/{operation}", json={"execution_ids": ids})) == place


def test_odd_ids_in_a_batch_fail_each_for_itself(api: Api) -> None:
    ids = ["", "\n", "é" * 1000, "a/b", "<script>"]
    results = api.http.post("/executions/cancel", json={"execution_ids": ids}).json()["results"]
    assert {name: result["status"] for name, result in results.items()} == dict.fromkeys(ids, "failure")


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("page_size=0", ["query", "page_size"]),
        ("page_size=1001", ["query", "page_size"]),
        ("page_size=x", ["query", "page_size"]),
        ("order=up", ["query", "order"]),
        ("sort_by=name", ["query", "sort_by"]),
        ("status=RUNNING&status=WHAT", ["query", "status", 1]),
        ("start_time_after=yesterday", ["query", "start_time_after"]),
        ("end_time_before=2026-01-01T00:00:00%2B25:00", ["query", "end_time_before"]),
        ("include_internal=maybe", ["query", "include_internal"]),
        ("next_page_token=x", ["query", "next_page_token"]),
        ("search_key=:a", ["query", "search_key", 0]),
        ("&".join(["search_key=a:b"] * 4), ["query", "search_key"]),
        ("&".join(["workflow_tags=a"] * 21), ["query", "workflow_tags"]),
    ],
)
def test_a_list_that_cannot_be_asked_for(api: Api, query: str, place: list[Any]) -> None:
    assert where(api.http.get(f"/runs?{query}")) == place


@pytest.mark.parametrize(
    ("rest", "place"),
    [
        ("/history?decode_payloads=maybe", ["query", "decode_payloads"]),
        ("/logs?limit=0", ["query", "limit"]),
        ("/logs?limit=101", ["query", "limit"]),
        ("/logs?limit=²", ["query", "limit"]),
        ("/logs?after=x", ["query", "after"]),
        ("/logs?before=x", ["query", "before"]),
        ("/logs?order=x", ["query", "order"]),
        ("/logs?run_id=x", ["query", "run_id"]),
        ("/logs?activity_id=x", ["query", "activity_id"]),
        ("/logs?cursor=x", ["query", "cursor"]),
        ("/logs?cursor=bnVsbA==", ["query", "cursor"]),
        ("/logs/stream?after=x", ["query", "after"]),
        ("/logs/stream?last_event_id=x", ["query", "last_event_id"]),
        ("/stream?last_event_id=²", ["query", "last_event_id"]),
        (f"/stream?last_event_id={'9' * 5000}", ["query", "last_event_id"]),
        ("/stream?event_source=x", ["query", "event_source"]),
        ("/trace/events?merge_same_id_events=x", ["query", "merge_same_id_events"]),
    ],
)
def test_a_read_that_cannot_be_asked_for(api: Api, review: str, rest: str, place: list[str]) -> None:
    assert where(api.http.get(f"/executions/{review}{rest}")) == place


def test_a_broken_last_event_id_in_the_header(api: Api, review: str) -> None:
    answer = api.http.get(f"/executions/{review}/logs/stream", headers={"Last-Event-ID": "x"})
    assert where(answer) == ["header", "Last-Event-ID"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/events/list?limit=1001", ["query", "limit"]),
        ("/events/list?cursor=x", ["query", "cursor"]),
        ("/registrations?limit=0", ["query", "limit"]),
        ("/registrations?workflow_id=x", ["query", "workflow_id"]),
        ("/runs/x", ["path", "run_id"]),
        ("/runs/x/history", ["path", "run_id"]),
        ("/executions/%FF", ["path"]),
    ],
)
def test_other_addresses_that_cannot_be_asked_for(api: Api, path: str, place: list[str]) -> None:
    assert where(api.http.get(path)) == place


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"input": {}}, ["body", "input", "case"]),
        ({"input": []}, ["body", "input"]),
        ({"execution_id": 5}, ["body", "execution_id"]),
        ({"execution_id": "x" * 257, "input": {"case": "c"}}, ["body", "execution_id"]),
        ({"input": {"case": "c"}, "wait_for_result": True}, ["body", "wait_for_result"]),
        ({"input": {"case": "c", "sla_seconds": 1e300}}, ["body", "input", "sla_seconds"]),
    ],
)
def test_a_start_of_the_wrong_shape(api: Api, body: Any, place: list[str]) -> None:
    assert where(api.http.post("/kyc-review/execute", json=body)) == place


def test_an_id_that_runs_already(api: Api, review: str) -> None:
    answer = api.http.post("/kyc-review/execute", json={"execution_id": review, "input": {"case": "c"}})
    assert (answer.status_code, answer.json()["code"]) == (409, "WF_1101")


@pytest.mark.parametrize(
    "path",
    [
        "/executions/nobody",
        "/executions/nobody/history",
        "/executions/nobody/logs",
        "/executions/nobody/logs/stream",
        "/executions/nobody/stream",
        "/executions/nobody/trace/info",
        "/executions/nobody/trace/otel",
        "/executions/nobody/trace/summary",
        "/executions/nobody/trace/events",
        f"/runs/{UNKNOWN_RUN}",
        f"/runs/{UNKNOWN_RUN}/history",
        "/registrations/nobody",
        "/nobody",
    ],
)
def test_what_does_not_exist_is_a_404_with_its_code(api: Api, path: str) -> None:
    answer = api.http.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "WF_1100")


@pytest.mark.parametrize("rest", ["/signals", "/queries", "/updates", "/cancel", "/terminate", "/reset"])
def test_nobody_can_be_acted_on(api: Api, rest: str) -> None:
    answer = api.post("nobody", rest, {"name": "approve", "event_id": 4})
    assert (answer.status_code, answer.json()["code"]) == (404, "WF_1100")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/executions/", 404),
        ("GET", "/executions//history", 404),
        ("GET", "/executions/a/b/c/d", 404),
        ("GET", "/executions/a/signals", 405),
        ("POST", "/executions/a/history", 405),
        ("DELETE", "/executions/a", 405),
        ("HEAD", "/runs", 405),
    ],
)
def test_addresses_that_are_none(api: Api, method: str, path: str, status: int) -> None:
    assert api.http.request(method, path).status_code == status


@pytest.mark.parametrize("authorization", [None, "Basic abc", "Bearer"])
def test_without_a_key(sandbox: str, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = httpx.get(f"{sandbox}/v1/workflows/runs", headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Unauthorized"})


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (b"/v1/workflowsruns", 404),
        (b"//v1/workflows/runs", 404),
        (b"/v1/workflows/executions/%zz", 404),
        (b"/v1/workflows/executions/\xc3\xa9", 400),
        (b"/v1/workflows/runs?page_size=%zz", 422),
    ],
)
def test_raw_paths(sandbox: str, path: bytes, status: int) -> None:
    address = urlsplit(sandbox)
    with socket.create_connection((address.hostname, address.port)) as connection:
        head = b"Host: sandbox\r\nAuthorization: Bearer k\r\nConnection: close\r\n\r\n"
        connection.sendall(b"GET " + path + b" HTTP/1.1\r\n" + head)
        assert int(connection.makefile("rb").readline().split()[1]) == status


def test_the_sandbox_still_answers(api: Api, review: str) -> None:
    assert api.get(review)["status"] == "RUNNING"
