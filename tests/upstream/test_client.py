"""What each method sends, to the byte, and what it makes of the answers."""

import contextlib
import inspect
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from executions.operations import OPERATIONS
from executions.upstream import errors, types
from executions.upstream.client import Client
from tests.faulty import Answer, Faulty, reply, sse

ID, SEGMENT = "inv/2026 é?", "inv%2F2026%20%C3%A9%3F"
EXECUTION = f"/v1/workflows/executions/{SEGMENT}"
TIME, TIME_SENT = "2026-01-01T00:00:00Z", "2026-01-01T00%3A00%3A00Z"

METHODS = {
    "get": "get_workflow_execution",
    "history": "get_workflow_execution_history",
    "signal": "signal_workflow_execution",
    "query": "query_workflow_execution",
    "update": "update_workflow_execution",
    "terminate": "terminate_workflow_execution",
    "batch-terminate": "batch_terminate_workflow_executions",
    "cancel": "cancel_workflow_execution",
    "batch-cancel": "batch_cancel_workflow_executions",
    "reset": "reset_workflow",
    "trace-info": "get_workflow_execution_trace_info",
    "trace-otel": "get_workflow_execution_trace_otel",
    "trace-summary": "get_workflow_execution_trace_summary",
    "trace-events": "get_workflow_execution_trace_events",
    "event-stream": "stream",
    "logs": "get_workflow_execution_logs",
    "log-stream": "stream_workflow_execution_logs",
}
"""The client's method for each operation: the official SDK's names."""
OTHERS = {
    "list_runs",
    "get_run",
    "get_run_history",
    "get_workflow_events",
    "get_workflow_registrations",
    "get_workflow_registration",
}
IN_PATH = {"execution_id", "run_id", "workflow_registration_id"}
EXECUTION_ANSWER = {"execution_id": ID}


@dataclass(frozen=True)
class Call:
    """A call with every parameter that the API documents, none at its default, and the request it must become."""

    name: str
    method: str
    target: str
    keywords: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    answer: Any = b""
    arguments: tuple[Any, ...] = (ID,)

    async def make(self, client: Client) -> Any:
        made = getattr(client, self.name)(*self.arguments, **self.keywords)
        return [event async for event in made] if isinstance(made, AsyncIterator) else made


CALLS = [
    Call(
        "get_workflow_execution",
        "GET",
        f"{EXECUTION}?include_search_keys=true",
        {"include_search_keys": True},
        answer=EXECUTION_ANSWER,
    ),
    Call(
        "get_workflow_execution_history",
        "GET",
        f"{EXECUTION}/history?decode_payloads=true",
        {"decode_payloads": True},
        answer={"events": []},
    ),
    Call(
        "signal_workflow_execution",
        "POST",
        f"{EXECUTION}/signals",
        {"name": "approve", "input": {"by": "é", "rows": [1, None]}},
        body={"name": "approve", "input": {"by": "é", "rows": [1, None]}},
        answer={"message": "Signal accepted"},
    ),
    Call(
        "query_workflow_execution",
        "POST",
        f"{EXECUTION}/queries",
        {"name": "get_status", "input": {}},
        body={"name": "get_status", "input": {}},
        answer={"query_name": "get_status", "result": 1},
    ),
    Call(
        "update_workflow_execution",
        "POST",
        f"{EXECUTION}/updates",
        {"name": "set_priority", "input": {"level": 2}},
        body={"name": "set_priority", "input": {"level": 2}},
        answer={"update_name": "set_priority", "result": None},
    ),
    Call("terminate_workflow_execution", "POST", f"{EXECUTION}/terminate"),
    Call(
        "batch_terminate_workflow_executions",
        "POST",
        "/v1/workflows/executions/terminate",
        arguments=((ID, "b"),),
        body={"execution_ids": [ID, "b"]},
        answer={"results": {}},
    ),
    Call("cancel_workflow_execution", "POST", f"{EXECUTION}/cancel"),
    Call(
        "batch_cancel_workflow_executions",
        "POST",
        "/v1/workflows/executions/cancel",
        arguments=((ID, "b"),),
        body={"execution_ids": [ID, "b"]},
        answer={"results": {}},
    ),
    Call(
        "reset_workflow",
        "POST",
        f"{EXECUTION}/reset",
        {"event_id": 7, "reason": "bad data", "exclude_signals": True, "exclude_updates": True},
        body={"event_id": 7, "reason": "bad data", "exclude_signals": True, "exclude_updates": True},
    ),
    Call("get_workflow_execution_trace_info", "GET", f"{EXECUTION}/trace/info", answer={}),
    Call("get_workflow_execution_trace_otel", "GET", f"{EXECUTION}/trace/otel", answer=EXECUTION_ANSWER),
    Call("get_workflow_execution_trace_summary", "GET", f"{EXECUTION}/trace/summary", answer=EXECUTION_ANSWER),
    Call(
        "get_workflow_execution_trace_events",
        "GET",
        f"{EXECUTION}/trace/events?merge_same_id_events=true&include_internal_events=true",
        {"merge_same_id_events": True, "include_internal_events": True},
        answer=EXECUTION_ANSWER,
    ),
    Call(
        "get_workflow_execution_logs",
        "GET",
        f"{EXECUTION}/logs?run_id=r&activity_id=3&after={TIME_SENT}&before={TIME_SENT}&order=desc"
        "&cursor=c%2B%2F%3D&limit=100",
        {
            "run_id": "r",
            "activity_id": "3",
            "after": TIME,
            "before": TIME,
            "order": "desc",
            "cursor": "c+/=",
            "limit": 100,
        },
        answer={"results": []},
    ),
    Call(
        "stream",
        "GET",
        f"{EXECUTION}/stream?event_source=LIVE&last_event_id=17",
        {"event_source": "LIVE", "last_event_id": "17"},
    ),
    Call(
        "stream_workflow_execution_logs",
        "GET",
        f"{EXECUTION}/logs/stream?run_id=r&activity_id=3&after={TIME_SENT}&last_event_id=17",
        {"run_id": "r", "activity_id": "3", "after": TIME, "last_event_id": "17"},
    ),
    Call(
        "list_runs",
        "GET",
        "/v1/workflows/runs?workflow_identifier=invoice&root_execution_id=root&search=a+%26+b"
        "&status=RUNNING&status=NEW_ONE&deployment_name=prod&sort_by=start_time&order=asc"
        f"&start_time_after={TIME_SENT}&start_time_before={TIME_SENT}"
        f"&end_time_after={TIME_SENT}&end_time_before={TIME_SENT}&user_id=u&workflow_tags=x&workflow_tags=y"
        "&page_size=25&next_page_token=t%3D%3D&search_key=k%3D1&search_key=k%3D2"
        "&include_internal=false",
        {
            "workflow_identifier": "invoice",
            "root_execution_id": "root",
            "search": "a & b",
            "status": ("RUNNING", "NEW_ONE"),
            "deployment_name": "prod",
            "sort_by": "start_time",
            "order": "asc",
            "start_time_after": TIME,
            "start_time_before": TIME,
            "end_time_after": TIME,
            "end_time_before": TIME,
            "user_id": "u",
            "workflow_tags": ("x", "y"),
            "include_internal": False,
            "page_size": 25,
            "next_page_token": "t==",
            "search_key": ("k=1", "k=2"),
        },
        answer={"executions": []},
        arguments=(),
    ),
    Call("get_run", "GET", f"/v1/workflows/runs/{SEGMENT}", answer=EXECUTION_ANSWER),
    Call(
        "get_run_history",
        "GET",
        f"/v1/workflows/runs/{SEGMENT}/history?decode_payloads=true",
        {"decode_payloads": True},
        answer={"events": []},
    ),
    Call(
        "get_workflow_events",
        "GET",
        "/v1/workflows/events/list?root_workflow_exec_id=root&workflow_exec_id=a&workflow_run_id=r&limit=1000&cursor=c",
        {
            "root_workflow_exec_id": "root",
            "workflow_exec_id": "a",
            "workflow_run_id": "r",
            "limit": 1000,
            "cursor": "c",
        },
        answer={"events": []},
        arguments=(),
    ),
    Call(
        "get_workflow_registrations",
        "GET",
        "/v1/workflows/registrations?workflow_id=w&task_queue=q&active_only=true&workflow_search=inv&with_workflow=true"
        "&limit=20&cursor=c&archived=false&available_in_chat_assistant=true&include_shared=false",
        {
            "workflow_id": "w",
            "task_queue": "q",
            "active_only": True,
            "include_shared": False,
            "workflow_search": "inv",
            "archived": False,
            "with_workflow": True,
            "available_in_chat_assistant": True,
            "limit": 20,
            "cursor": "c",
        },
        answer={"workflow_registrations": []},
        arguments=(),
    ),
    Call(
        "get_workflow_registration",
        "GET",
        f"/v1/workflows/registrations/{SEGMENT}?with_workflow=true&include_shared=false",
        {"with_workflow": True, "include_shared": False},
        answer={"workflow_registration": {"id": "g", "definition": {}}},
    ),
]


def named(calls: list[Call]) -> Any:
    return pytest.mark.parametrize("call", calls, ids=lambda call: call.name)


def answer_of(call: Call, **rest: Any) -> Answer:
    return sse() if "stream" in call.name else reply(call.answer, **rest)


def test_every_operation_has_a_method_and_every_method_a_row_here() -> None:
    public = {name for name in vars(Client) if not name.startswith("_")} - {"close"}
    assert set(METHODS) == {operation.slug for operation in OPERATIONS}
    assert public == {*METHODS.values(), *OTHERS}
    assert [call.name for call in CALLS] == list(dict.fromkeys(call.name for call in CALLS))
    assert {call.name for call in CALLS} == public


def test_what_changes_or_asks_is_sent_by_post() -> None:
    by_name = {call.name: call.method for call in CALLS}
    assert {operation.slug: by_name[METHODS[operation.slug]] for operation in OPERATIONS} == {
        operation.slug: "POST" if operation.kind in {"write", "ask"} else "GET" for operation in OPERATIONS
    }


@named(CALLS)
def test_the_row_gives_every_parameter(call: Call) -> None:
    """So that the next test sees each of them arrive under the name that the API documents."""
    parameters = inspect.signature(getattr(Client, call.name)).parameters
    optional = {name for name, one in parameters.items() if one.kind is inspect.Parameter.KEYWORD_ONLY}
    assert set(call.keywords) == optional - {"opened"}


@named(CALLS)
async def test_the_request(call: Call, client: Client, faulty: Faulty) -> None:
    faulty.on(answer_of(call))
    await call.make(client)
    (request,) = faulty.requests
    assert (request.method, request.target) == (call.method, call.target)
    if call.body is None:
        assert request.body == b""
    else:
        assert (request.header("Content-Type"), request.json) == ("application/json", call.body)


DEFAULTS = [
    Call(call.name, call.method, call.target.partition("?")[0], answer=call.answer, arguments=call.arguments)
    for call in CALLS
    if call.method == "GET"
]


@named(DEFAULTS)
async def test_parameters_left_out_are_not_sent(call: Call, client: Client, faulty: Faulty) -> None:
    faulty.on(answer_of(call))
    await call.make(client)
    assert [request.target for request in faulty.requests] == [call.target]


@pytest.mark.parametrize("name", ["signal_workflow_execution", "query_workflow_execution", "update_workflow_execution"])
def test_no_input_is_left_out_and_an_empty_one_is_not(name: str, client: Client, faulty: Faulty) -> None:
    faulty.on(reply({}))
    getattr(client, name)("a", name="n")
    getattr(client, name)("a", name="n", input={})
    assert [request.json for request in faulty.requests] == [{"name": "n"}, {"name": "n", "input": {}}]


def test_a_reset_without_a_reason(client: Client, faulty: Faulty) -> None:
    faulty.on(reply(status=204))
    client.reset_workflow("a", event_id=4)
    assert faulty.requests[0].json == {"event_id": 4, "exclude_signals": False, "exclude_updates": False}


# What the answers become

FULL_EXECUTION = {
    "workflow_name": "invoice-pipeline",
    "workflow_id": "0191c5e0-0000-7000-8000-000000000001",
    "deployment_name": "prod",
    "execution_id": "inv-1",
    "parent_execution_id": None,
    "root_execution_id": "inv-1",
    "run_id": "0191c5e0-0000-7000-8000-000000000002",
    "user_id": None,
    "status": "COMPLETED",
    "start_time": "2026-01-01T00:00:00Z",
    "end_time": "2026-01-01T00:04:12.123456Z",
    "total_duration_ms": 252123,
    "result": {"total": 1.5},
}
KNOWN_EXECUTION = {name: value for name, value in FULL_EXECUTION.items() if name != "result"}


def fields(found: Any) -> dict[str, Any]:
    """Of an execution, without its result, which is raw."""
    return {name: getattr(found, name) for name in KNOWN_EXECUTION}


def test_an_execution(client: Client, faulty: Faulty) -> None:
    faulty.on(reply(FULL_EXECUTION))
    found = client.get_workflow_execution("inv-1")
    assert fields(found) == KNOWN_EXECUTION
    assert bytes(found.result) == b'{"total": 1.5}'


def test_an_execution_of_a_newer_api(client: Client, faulty: Faulty) -> None:
    faulty.on(reply({**FULL_EXECUTION, "status": "PAUSED_FOR_LUNCH", "mood": {"deep": [1]}}))
    assert fields(client.get_run("r")) == {**KNOWN_EXECUTION, "status": "PAUSED_FOR_LUNCH"}


@pytest.mark.parametrize(
    "answer", [{"execution_id": "a"}, {"execution_id": "a", **dict.fromkeys(KNOWN_EXECUTION), **EXECUTION_ANSWER}]
)
def test_missing_and_null_fields(answer: dict[str, Any], client: Client, faulty: Faulty) -> None:
    faulty.on(reply(answer))
    found = fields(client.get_workflow_execution("a"))
    assert found == {**dict.fromkeys(KNOWN_EXECUTION), "execution_id": answer["execution_id"]}


def test_a_page_of_runs(client: Client, faulty: Faulty) -> None:
    faulty.on(reply({"executions": [KNOWN_EXECUTION, {"execution_id": "b"}], "next_page_token": "t", "total": 2}))
    page = client.list_runs()
    assert [fields(one) for one in page.executions] == [
        KNOWN_EXECUTION,
        {**dict.fromkeys(KNOWN_EXECUTION), "execution_id": "b"},
    ]
    assert page.next_page_token == "t"


HISTORY = {
    "events": [
        {
            "eventId": "1",
            "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
            "workflowExecutionStartedEventAttributes": {},
        },
        {"eventId": "2", "eventType": "EVENT_TYPE_UNHEARD_OF"},
    ]
}


@pytest.mark.parametrize("name", ["get_workflow_execution_history", "get_run_history"])
def test_a_history_is_kept_raw_event_by_event(name: str, client: Client, faulty: Faulty) -> None:
    faulty.on(reply(HISTORY))
    found = getattr(client, name)("a")
    assert [msgspec.json.decode(event) for event in found.events] == HISTORY["events"]
    assert msgspec.json.decode(found.raw) == HISTORY


@pytest.mark.parametrize("content", [b'[{"a": 1}]', b'{"events": {"a": 1}}', b"{}", b"null", b'"text"'])
def test_a_history_of_another_shape_can_still_be_read(content: bytes, client: Client, faulty: Faulty) -> None:
    faulty.on(reply(content))
    found = client.get_workflow_execution_history("a")
    assert (found.raw, found.events) == (content, None)


@pytest.mark.parametrize(
    "content", [b'{"events": [{"eventId": "1"', b'[{"eventId": "1"', b'{"events": {"a"', b"", b"<p>"]
)
def test_a_history_cut_short_is_not_one_of_another_shape(content: bytes, client: Client, faulty: Faulty) -> None:
    faulty.on(reply(content))
    with pytest.raises(errors.BrokenAnswer):
        client.get_workflow_execution_history("a")


def test_answers_of_signal_query_and_update(client: Client, faulty: Faulty) -> None:
    faulty.on(reply({"message": "Signal accepted"}, status=202), path="/v1/workflows/executions/a/signals")
    faulty.on(reply({"query_name": "q", "result": [1, 2]}), path="/v1/workflows/executions/a/queries")
    faulty.on(reply({"update_name": "u", "result": None}), path="/v1/workflows/executions/a/updates")
    assert client.signal_workflow_execution("a", name="s").message == "Signal accepted"
    query = client.query_workflow_execution("a", name="q")
    assert (query.query_name, bytes(query.result)) == ("q", b"[1, 2]")
    update = client.update_workflow_execution("a", name="u")
    assert (update.update_name, bytes(update.result)) == ("u", b"null")


def test_a_batch_answers_for_each(client: Client, faulty: Faulty) -> None:
    faulty.on(
        reply({"results": {"a": {"status": "success"}, "b": {"status": "failure", "error": "closed", "code": 7}}})
    )
    found = client.batch_cancel_workflow_executions(["a", "b"]).results
    assert found == {
        "a": types.BatchResult(status="success"),
        "b": types.BatchResult(status="failure", error="closed"),
    }


NOTHING = ["terminate_workflow_execution", "cancel_workflow_execution"]


@pytest.mark.parametrize("answer", [reply(status=204), reply(b""), reply(b"null"), reply({"ok": True})], ids=str)
@pytest.mark.parametrize("name", NOTHING)
def test_nothing_to_say_is_a_fine_answer(name: str, answer: Answer, client: Client, faulty: Faulty) -> None:
    faulty.on(answer)
    assert getattr(client, name)("a") is None


def test_a_web_page_does_not_pass_for_success(client: Client, faulty: Faulty) -> None:
    faulty.on(reply(b"<!doctype html><title>Sign in</title>", headers={"Content-Type": "text/html"}))
    for name in NOTHING:
        with pytest.raises(errors.BrokenAnswer):
            getattr(client, name)("a")
    with pytest.raises(errors.BrokenAnswer):
        client.reset_workflow("a", event_id=4)
    assert len(faulty.requests) == 3


def test_logs(client: Client, faulty: Faulty) -> None:
    record = {
        "timestamp": "2026-01-01T00:00:00.123456789Z",
        "trace_id": "t",
        "span_id": "s",
        "severity_text": "INFO",
        "body": "done",
        "log_attributes": {"activity_type": "ocr"},
    }
    faulty.on(reply({"results": [{**record, "new": 1}, {}], "next_cursor": "c"}))
    page = client.get_workflow_execution_logs("a")
    assert page.results == [types.LogRecord(**record), types.LogRecord()]
    assert page.next_cursor == "c"


def test_one_odd_log_record_does_not_take_the_others_away(client: Client, faulty: Faulty) -> None:
    odd = [
        {"body": {"a": [1]}, "log_attributes": ["x"]},
        {"body": 5, "log_attributes": "x"},
        {"body": None, "log_attributes": None},
        {"body": "fine", "log_attributes": {"n": 1}},
    ]
    faulty.on(reply({"results": odd}))
    found = [(one.body, one.log_attributes) for one in client.get_workflow_execution_logs("a").results]
    assert found == [
        ('{"a":[1]}', {"value": ["x"]}),
        ("5", {"value": "x"}),
        (None, None),
        ("fine", {"n": 1}),
    ]


def test_traces(client: Client, faulty: Faulty) -> None:
    event = {
        "type": "EVENT",
        "name": "e",
        "id": "1",
        "timestamp_unix_nano": 5,
        "attributes": {"k": [1]},
        "internal": True,
    }
    progress = {**event, "status": "RUNNING", "start_time_unix_ms": 1, "end_time_unix_ms": None, "error": None}
    child = {"span_id": "c", "name": "child", "start_time_unix_nano": 2, "end_time_unix_nano": None, "attributes": {}}
    root = {
        "span_id": "r",
        "start_time_unix_nano": "1",
        "end_time_unix_nano": 9,
        "events": [event],
        "children": [child],
    }
    base = "/v1/workflows/executions/a/trace"
    faulty.on(reply({"otel_trace_id": "t", "has_trace_data": True}), path=f"{base}/info")
    faulty.on(
        reply({**FULL_EXECUTION, "data_source": "tempo", "otel_trace_data": {"batches": []}}), path=f"{base}/otel"
    )
    faulty.on(reply({**FULL_EXECUTION, "span_tree": root}), path=f"{base}/summary")
    faulty.on(reply({**FULL_EXECUTION, "events": [event, progress]}), path=f"{base}/events")
    assert client.get_workflow_execution_trace_info("a") == types.TraceInfo(otel_trace_id="t", has_trace_data=True)
    otel = client.get_workflow_execution_trace_otel("a")
    assert (otel.data_source, bytes(otel.otel_trace_data)) == ("tempo", b'{"batches": []}')
    tree = client.get_workflow_execution_trace_summary("a").span_tree
    assert tree == types.Span(
        span_id="r",
        start_time_unix_nano=1,
        end_time_unix_nano=9,
        events=raw([event]),
        children=[types.Span(span_id="c", name="child", start_time_unix_nano=2, attributes=raw({}))],
    )
    attributes = raw(event["attributes"])
    assert client.get_workflow_execution_trace_events("a").events == [
        types.TraceEvent(**{**event, "attributes": attributes}),
        types.TraceEvent(**{**progress, "attributes": attributes}),
    ]


def raw(value: Any) -> Raw:
    """A value as the test's upstream writes it."""
    return Raw(json.dumps(value).encode())


def test_odd_attributes_in_a_trace(client: Client, faulty: Faulty) -> None:
    span = {"span_id": "r", "attributes": ["x"], "events": [{"attributes": 1, "error": {"code": 5}}]}
    faulty.on(reply({"execution_id": "a", "span_tree": span}))
    tree = client.get_workflow_execution_trace_summary("a").span_tree
    assert tree == types.Span(span_id="r", attributes=raw(["x"]), events=raw(span["events"]))
    faulty.on(reply({"execution_id": "a", "events": span["events"]}))
    assert client.get_workflow_execution_trace_events("a").events == [
        types.TraceEvent(attributes=raw(1), error='{"code":5}')
    ]


def test_a_page_of_events(client: Client, faulty: Faulty) -> None:
    event = {
        "event_id": "e1",
        "event_timestamp": 1767225600000000000,
        "event_type": "ACTIVITY_TASK_STARTED",
        "workflow_exec_id": "a",
        "attributes": {"task_id": "1"},
        "schedule_id": None,
    }
    faulty.on(reply({"events": [event, {"event_type": "NOT_YET_KNOWN"}], "next_cursor": None}))
    first, second = client.get_workflow_events().events
    assert (first.event_id, first.event_timestamp, bytes(first.attributes)) == (
        "e1",
        1767225600000000000,
        b'{"task_id": "1"}',
    )
    assert (second.event_type, bytes(second.attributes)) == ("NOT_YET_KNOWN", b"")


def test_registrations(client: Client, faulty: Faulty) -> None:
    schema = {"type": "object", "properties": {"by": {"type": "string"}}}
    signal = {"name": "approve", "description": None, "input_schema": schema}
    odd = {"name": "any", "input_schema": True}
    registration = {
        "id": "g",
        "definition": {"signals": [signal, odd], "input_schema": {}},
        "workflow_id": "w",
        "active": True,
    }
    faulty.on(
        reply({"workflow_registrations": [registration], "workflow_versions": []}), path="/v1/workflows/registrations"
    )
    faulty.on(reply({"workflow_registration": registration}), path="/v1/workflows/registrations/g")
    expected = types.Registration(
        id="g",
        definition=types.Definition(
            signals=[types.Handler(name="approve", input_schema=schema), types.Handler(name="any")], input_schema={}
        ),
        workflow_id="w",
        active=True,
    )
    assert client.get_workflow_registrations().workflow_registrations == [expected]
    assert client.get_workflow_registration("g") == expected


DEEP = b"[" * 100_000 + b"]" * 100_000
FOREIGN = {
    "empty": b"",
    "html": b"<!doctype html>",
    "truncated": b'{"execution_id": "a", "result": {"b": ',
    "null": b"null",
    "list": b"[]",
    "text": b'"a"',
    "not UTF-8": b'{"execution_id": "\xff"}',
    "half a surrogate": b'{"execution_id": "\\ud800"}',
    "id missing": b'{"workflow_name": "a"}',
    "id null": b'{"execution_id": null}',
    "id not text": b'{"execution_id": {"a": 1}}',
    "deep": b'{"execution_id": "a", "result": %b}' % DEEP,
    "deep and unknown": b'{"execution_id": "a", "new": %b}' % DEEP,
    "two answers": b'{"execution_id": "a"}{"execution_id": "b"}',
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_foreign_answer_is_broken_and_nothing_else(content: bytes, client: Client, faulty: Faulty) -> None:
    faulty.on(reply(content))
    with pytest.raises(errors.BrokenAnswer, match="not in its documented shape"):
        client.get_workflow_execution("a")


@named([call for call in CALLS if call.answer and not isinstance(call.answer, bytes)])
@pytest.mark.parametrize("content", [b"[1]", b"\xff", b'{"results": 1, "events": "\xff", "executions": {}}'], ids=str)
async def test_no_answer_makes_a_method_fail_in_another_way(
    call: Call, content: bytes, client: Client, faulty: Faulty
) -> None:
    faulty.on(reply(content))
    with contextlib.suppress(errors.BrokenAnswer):
        await call.make(client)
    assert len(faulty.requests) == 1


async def test_a_client_closes(faulty: Faulty) -> None:
    faulty.on(reply(EXECUTION_ANSWER))
    client = Client(faulty.url, "key")
    client.get_workflow_execution("a")
    client.close()
    faulty.wait_until_left()
