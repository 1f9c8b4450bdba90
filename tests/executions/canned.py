"""A healthy Workflows API in a few answers: tests break one of them."""

import base64
import json
from typing import Any
from urllib.parse import quote

from tests.faulty import Drip, Faulty, reply

ID = "inv-1"
RUN = "0b8e1c3e-0000-4000-8000-000000000001"
OTHER_RUN = "0b8e1c3e-0000-4000-8000-000000000002"
EXECUTIONS = "/v1/workflows/executions"
RUNS = "/v1/workflows/runs"
EVENTS = "/v1/workflows/events/list"
REGISTRATIONS = "/v1/workflows/registrations"


def execution(execution_id: str = ID, **changes: Any) -> dict[str, Any]:
    """A running execution as the API gives it."""
    return {
        "workflow_name": "invoice-pipeline",
        "workflow_id": "0b8e1c3e-0000-4000-8000-0000000000aa",
        "deployment_name": "main",
        "execution_id": execution_id,
        "parent_execution_id": None,
        "root_execution_id": execution_id,
        "run_id": RUN,
        "user_id": "user-42",
        "status": "RUNNING",
        "start_time": "2026-01-31T14:05:00Z",
        "end_time": None,
        "total_duration_ms": None,
        "result": None,
    } | changes


def encoded(value: Any, encoding: str = "json/plain") -> dict[str, Any]:
    """A payload as Temporal's JSON has it."""
    data = base64.b64encode(json.dumps(value).encode()).decode()
    return {"metadata": {"encoding": base64.b64encode(encoding.encode()).decode()}, "data": data}


def event(number: int, kind: str, **attributes: Any) -> dict[str, Any]:
    """An event of a history: `event(5, "ACTIVITY_TASK_SCHEDULED", activityId="1")`."""
    words = kind.lower().split("_")
    key = words[0] + "".join(word.capitalize() for word in words[1:]) + "EventAttributes"
    moment = f"2026-01-31T14:05:{number % 60:02}.000000000Z"
    return {"eventId": str(number), "eventTime": moment, "eventType": f"EVENT_TYPE_{kind}", key: attributes}


HISTORY = {
    "events": [
        event(1, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": "invoice-pipeline"}),
        event(2, "WORKFLOW_TASK_SCHEDULED"),
        event(3, "WORKFLOW_TASK_STARTED", scheduledEventId="2"),
        event(4, "WORKFLOW_TASK_COMPLETED", scheduledEventId="2", startedEventId="3"),
        event(5, "ACTIVITY_TASK_SCHEDULED", activityId="1", activityType={"name": "extract_invoice"}),
    ]
}
REGISTRATION = {
    "id": "0b8e1c3e-0000-4000-8000-0000000000bb",
    "deployment_name": "main",
    "definition": {
        "signals": [{"name": "approve", "description": "Lets it pass."}],
        "queries": [{"name": "get_status", "description": None}],
        "updates": [{"name": "set_priority", "description": None}],
    },
}
SPAN = {
    "span_id": "5fa1",
    "name": "RunWorkflow",
    "start_time_unix_nano": 1_000_000_000_000_000_000,
    "end_time_unix_nano": 1_000_000_001_000_000_000,
    "children": [],
}
LOG = {"timestamp": "2026-01-31T14:05:01Z", "severity_text": "INFO", "body": "The invoice came.", "log_attributes": {}}
EVENT = {
    "event_id": "e-1",
    "event_timestamp": 1_000_000_000_000_000_000,
    "event_type": "WORKFLOW_EXECUTION_STARTED",
    "workflow_name": "invoice-pipeline",
    "attributes": {"task_id": "1"},
}


def path(execution_id: str = ID, rest: str = "") -> str:
    """The raw path at which the API is asked for an execution."""
    return f"{EXECUTIONS}/{quote(execution_id, safe='')}{rest}"


def slowly(answer: list[Any], seconds: float) -> list[Any]:
    """The same answer, so much later."""
    return [Drip(answer[0][:1], seconds), answer[0][1:], *answer[1:]] if seconds else answer


def healthy(upstream: Faulty, execution_id: str = ID, *, slow: float = 0.0, **changes: Any) -> None:
    """Answers for everything that the console asks about one execution; those to reads take `slow` seconds."""
    found = execution(execution_id, **changes)

    def read(body: Any, at: str) -> None:
        upstream.on(slowly(reply(body), slow), method="GET", path=at)

    reads = {
        "": found,
        "/history": HISTORY,
        "/trace/info": {"otel_trace_id": "ab12", "has_trace_data": True},
        "/trace/summary": found | {"span_tree": SPAN},
        "/trace/events": found | {"events": [{"id": "t-1", "name": "extract", "timestamp_unix_nano": 1}]},
        "/trace/otel": found | {"data_source": "tempo", "otel_trace_data": {"batches": []}},
        "/logs": {"results": [LOG], "next_cursor": None},
    }
    for rest, body in reads.items():
        read(body, path(execution_id, rest))
    read({"executions": [found], "next_page_token": None}, RUNS)
    read(found, f"{RUNS}/{found['run_id']}")
    read(HISTORY, f"{RUNS}/{found['run_id']}/history")
    read({"events": [EVENT], "next_cursor": None}, EVENTS)
    read({"workflow_registrations": [REGISTRATION]}, REGISTRATIONS)
    accepted(upstream, execution_id)


def accepted(upstream: Faulty, *execution_ids: str) -> None:
    """Every write on these executions is accepted."""
    for one in execution_ids:
        upstream.on(reply({"message": "Signal accepted"}, 202), method="POST", path=path(one, "/signals"))
        upstream.on(reply({"query_name": "q", "result": {"step": 3}}), method="POST", path=path(one, "/queries"))
        upstream.on(reply({"update_name": "u", "result": {"priority": 1}}), method="POST", path=path(one, "/updates"))
        for rest in ("/cancel", "/terminate", "/reset"):
            upstream.on(reply(status=204), method="POST", path=path(one, rest))
    results = {one: {"status": "success", "error": None} for one in execution_ids}
    for rest in ("/cancel", "/terminate"):
        upstream.on(reply({"results": results}), method="POST", path=f"{EXECUTIONS}{rest}")


def sent(upstream: Faulty) -> list[tuple[str, Any]]:
    """What was sent by POST: raw path and body, in the order in which it came."""
    return [(one.target, one.json if one.body else None) for one in upstream.requests if one.method == "POST"]
