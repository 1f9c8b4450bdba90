"""Traces: what the worker's spans and events say, in the API's four shapes."""

from datetime import datetime
from typing import Any

import msgspec
from opentelemetry.sdk.trace import ReadableSpan
from starlette.requests import Request
from starlette.responses import Response
from temporalio.client import WorkflowExecutionDescription

from console.sandbox.http import shapes, spans
from console.sandbox.http.engine_room import EngineRoom, room
from console.sandbox.http.reading import answer, path_id, query

_PROGRESS = {"COMPLETED": "COMPLETED", "FAILED": "FAILED", "CANCELED": "FAILED"}
"""How an event's last word reads as progress; anything else is still running."""


class EventQuery(msgspec.Struct):
    merge_same_id_events: bool = False
    include_internal_events: bool = False


def _trace(here: EngineRoom, run: WorkflowExecutionDescription) -> tuple[str | None, list[ReadableSpan]]:
    trace_id = here.telemetry.traces.get(run.id)
    return trace_id, spans.of_execution(here.telemetry.spans.get(trace_id or "", []), run.id)


async def info(request: Request) -> Response:
    here = room(request)
    trace_id, found = _trace(here, await here.describe(path_id(request)))
    return answer({"otel_trace_id": trace_id, "has_trace_data": bool(found)})


async def otel(request: Request) -> Response:
    here = room(request)
    run = await here.describe(path_id(request))
    trace_id, found = _trace(here, run)
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "sandbox"}}]}
    scope = {"scope": {"name": "sandbox"}, "spans": [spans.otlp(span) for span in found]}
    data = {"batches": [{"resource": resource, "scopeSpans": [scope]}]} if found else None
    more = {"data_source": "sandbox", "otel_trace_id": trace_id, "otel_trace_data": data}
    return answer(await here.full(run) | more)


async def summary(request: Request) -> Response:
    here = room(request)
    run = await here.describe(path_id(request))
    _, found = _trace(here, run)
    return answer(await here.full(run) | {"span_tree": spans.tree(found, run) if found else None})


async def events(request: Request) -> Response:
    here, wanted = room(request), query(request, EventQuery)
    run = await here.describe(path_id(request))
    feed = here.telemetry.events.get(run.id)
    found = [_announced(row.data) for row in (feed.rows if feed else ())]
    if wanted.merge_same_id_events:
        found = _merged(found)
    if wanted.include_internal_events:
        history = await here.history(run.id, run.run_id)
        found += [_internal(one) for one in history.get("events", []) if "WORKFLOW_TASK" in one["eventType"]]
        found.sort(key=lambda one: one["timestamp_unix_nano"])
    return answer(await here.full(run) | {"events": found})


def _announced(data: dict[str, Any]) -> dict[str, Any]:
    """A stream's event as a step of what it is about."""
    attributes = data["attributes"]
    about = attributes.get("custom_task_id") or attributes.get("task_id") or data["event_id"]
    status = _PROGRESS.get(data["event_type"].rpartition("_")[2], "RUNNING")
    moment = data["event_timestamp"]
    plain = {key: value for key, value in attributes.items() if isinstance(value, str | int | float | bool)}
    return {
        "type": "EVENT_PROGRESS",
        "name": attributes.get("activity_name") or attributes.get("custom_task_type") or data["workflow_name"],
        "id": f"{data['workflow_run_id']}-{about}",
        "timestamp_unix_nano": moment,
        "attributes": {"event_type": data["event_type"], **plain},
        "internal": False,
        "status": status,
        "start_time_unix_ms": moment // 1_000_000,
        "end_time_unix_ms": None if status == "RUNNING" else moment // 1_000_000,
        "error": (attributes.get("failure") or {}).get("message"),
    }


def _merged(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One event for each id: the last, with the start of the first."""
    merged: dict[str, dict[str, Any]] = {}
    for one in found:
        first = merged.get(one["id"], one)
        merged[one["id"]] = one | {name: first[name] for name in ("timestamp_unix_nano", "start_time_unix_ms")}
    return list(merged.values())


def _internal(event: dict[str, Any]) -> dict[str, Any]:
    """An event of the history; the completed workflow tasks are where a run can be reset to."""
    return {
        "type": "EVENT",
        "name": event["eventType"].removeprefix("EVENT_TYPE_"),
        "id": f"history-{event['eventId']}",
        "timestamp_unix_nano": shapes.nanoseconds(datetime.fromisoformat(event["eventTime"])),
        "attributes": {"event_id": int(event["eventId"])},
        "internal": True,
    }
