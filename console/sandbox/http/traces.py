"""Traces: what the worker's spans say, in the API's four shapes."""

from collections import defaultdict
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from temporalio.client import WorkflowExecutionDescription

from console.sandbox import promises
from console.sandbox.http.engine_room import EngineRoom, flag, path_id, room


async def _execution(request: Request) -> tuple[EngineRoom, WorkflowExecutionDescription, dict[str, Any]]:
    here = room(request)
    description = await here.describe(path_id(request))
    return here, description, await here.full(description)


def _spans(here: EngineRoom, execution_id: str) -> list[ReadableSpan]:
    """The spans of an execution and of what it started: everything under its own spans."""
    found = here.telemetry.spans.get(here.telemetry.traces.get(execution_id, ""), [])
    parents = {_id(span): _parent(span) for span in found}
    own = {_id(span) for span in found if (span.attributes or {}).get("temporalWorkflowID") == execution_id}

    def below(span_id: str | None) -> bool:
        while span_id:
            if span_id in own:
                return True
            span_id = parents.get(span_id)
        return False

    return [span for span in found if below(_id(span))]


def _id(span: ReadableSpan) -> str:
    return format(span.context.span_id, "016x") if span.context else ""


def _parent(span: ReadableSpan) -> str | None:
    return format(span.parent.span_id, "016x") if span.parent else None


async def info(request: Request) -> Response:
    here, description, _ = await _execution(request)
    trace_id = here.telemetry.traces.get(description.id)
    return JSONResponse({"otel_trace_id": trace_id, "has_trace_data": bool(_spans(here, description.id))})


async def otel(request: Request) -> Response:
    here, description, run = await _execution(request)
    spans = _spans(here, description.id)
    trace_id = here.telemetry.traces.get(description.id)
    data = None
    if spans:
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "sandbox"}}]}
        scope = {"scope": {"name": "sandbox"}, "spans": [_otlp(span) for span in spans]}
        data = {"batches": [{"resource": resource, "scopeSpans": [scope]}]}
    return JSONResponse({**run, "data_source": "sandbox", "otel_trace_id": trace_id, "otel_trace_data": data})


def _otlp(span: ReadableSpan) -> dict[str, Any]:
    kind = span.kind.name if span.kind.name in {"INTERNAL", "SERVER", "CLIENT"} else "INTERNAL"
    return {
        "traceId": format(span.context.trace_id, "032x") if span.context else "",
        "spanId": _id(span),
        "parentSpanId": _parent(span),
        "name": span.name,
        "kind": f"SPAN_KIND_{kind}",
        "startTimeUnixNano": str(span.start_time or 0),
        "endTimeUnixNano": str(span.end_time or 0),
        "attributes": _attributes(span.attributes),
        "events": [
            {"name": one.name, "timeUnixNano": str(one.timestamp), "attributes": _attributes(one.attributes)}
            for one in span.events
        ],
    }


def _attributes(found: Any) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": str(value)}} for key, value in (found or {}).items()]


def _plain(found: Any) -> dict[str, Any]:
    return {
        key: value if isinstance(value, str | int | float | bool) else str(value)
        for key, value in (found or {}).items()
    }


async def summary(request: Request) -> Response:
    here, description, run = await _execution(request)
    spans = sorted(_spans(here, description.id), key=lambda span: span.start_time or 0)
    return JSONResponse({**run, "span_tree": _tree(spans, description) if spans else None})


def _tree(spans: list[ReadableSpan], description: WorkflowExecutionDescription) -> dict[str, Any]:
    """The spans under one for the workflow itself, from its start to its end."""
    known = {_id(span) for span in spans}
    children: dict[str | None, list[ReadableSpan]] = defaultdict(list)
    for span in spans:
        parent = _parent(span)
        children[parent if parent in known else None].append(span)

    def node(span: ReadableSpan) -> dict[str, Any]:
        status = {"status_code": span.status.status_code.name} if span.status.status_code.name == "ERROR" else {}
        return {
            "span_id": _id(span),
            "name": span.name,
            "start_time_unix_nano": span.start_time or 0,
            "end_time_unix_nano": span.end_time,
            "attributes": {**_plain(span.attributes), **status},
            "events": [_event(span, place, one) for place, one in enumerate(span.events)],
            "children": [node(child) for child in children[_id(span)]],
        }

    end = description.close_time
    return {
        "span_id": f"{abs(hash(description.run_id)) % 2**64:016x}",
        "name": description.workflow_type,
        "start_time_unix_nano": min(int(description.start_time.timestamp() * 1e9), spans[0].start_time or 2**63),
        "end_time_unix_nano": int(end.timestamp() * 1e9) if end else None,
        "attributes": {"workflow.execution_id": description.id},
        "events": [],
        "children": [node(span) for span in children[None]],
    }


def _event(span: ReadableSpan, place: int, one: Any) -> dict[str, Any]:
    return {
        "type": "EVENT",
        "name": one.name,
        "id": f"{_id(span)}-{place}",
        "timestamp_unix_nano": one.timestamp,
        "attributes": _plain(one.attributes),
        "internal": False,
    }


async def events(request: Request) -> Response:
    here, description, run = await _execution(request)
    found = [_announced(row.data) for row in here.telemetry.events[description.id].rows]
    if flag(request, "merge_same_id_events"):
        found = _merged(found)
    if flag(request, "include_internal_events"):
        history = await here.history(description.id, description.run_id)
        found += [_internal(one) for one in history.get("events", []) if "WORKFLOW_TASK" in one["eventType"]]
        found.sort(key=lambda one: one["timestamp_unix_nano"])
    return JSONResponse({**run, "events": found})


def _announced(data: dict[str, Any]) -> dict[str, Any]:
    attributes = data["attributes"]
    key = attributes.get("custom_task_id") or attributes.get("task_id") or data["event_id"]
    name = attributes.get("activity_name") or attributes.get("custom_task_type") or data["workflow_name"]
    kind = data["event_type"].rpartition("_")[2]
    status = {"COMPLETED": "COMPLETED", "FAILED": "FAILED", "CANCELED": "FAILED"}.get(kind, "RUNNING")
    moment = data["event_timestamp"]
    failure = attributes.get("failure")
    return {
        "type": "EVENT_PROGRESS",
        "name": name,
        "id": f"{data['workflow_run_id']}-{key}",
        "timestamp_unix_nano": moment,
        "attributes": {"event_type": data["event_type"]},
        "internal": False,
        "status": status,
        "start_time_unix_ms": moment // 1_000_000,
        "end_time_unix_ms": None if status == "RUNNING" else moment // 1_000_000,
        "error": failure["message"] if failure else None,
    }


def _merged(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    merged: dict[str, dict[str, Any]] = {}
    for one in found:
        first = merged.setdefault(one["id"], one)
        if first is not one:
            kept = {name: first[name] for name in ("timestamp_unix_nano", "start_time_unix_ms")}
            merged[one["id"]] = {**one, **kept}
    return list(merged.values())


def _internal(event: dict[str, Any]) -> dict[str, Any]:
    moment = promises._time(event["eventTime"])
    return {
        "type": "EVENT",
        "name": event["eventType"].removeprefix("EVENT_TYPE_"),
        "id": f"history-{event['eventId']}",
        "timestamp_unix_nano": int(moment.timestamp() * 1e9),
        "attributes": {"event_id": int(event["eventId"])},
        "internal": True,
    }
