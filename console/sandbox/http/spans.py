"""Spans in the API's two shapes: OpenTelemetry's JSON, and a tree."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.sdk.trace import Event, ReadableSpan
from temporalio.client import WorkflowExecutionDescription

from console.sandbox.http import shapes

DEEPEST = 200
"""Levels of a tree: neither side's JSON reads endless ones. What is deeper hangs on its ancestor at this level."""
_KINDS = {"INTERNAL", "SERVER", "CLIENT"}
"""The kinds that the API documents."""


def span_id(span: ReadableSpan) -> str:
    return format(span.context.span_id, "016x") if span.context else ""


def parent_id(span: ReadableSpan) -> str | None:
    return format(span.parent.span_id, "016x") if span.parent else None


def of_execution(spans: Sequence[ReadableSpan], execution_id: str) -> list[ReadableSpan]:
    """The spans of an execution and of what it started: everything under its own spans."""
    parents = {span_id(span): parent_id(span) for span in spans}
    is_below = {
        span_id(span): True for span in spans if (span.attributes or {}).get("temporalWorkflowID") == execution_id
    }

    def below(found: str | None) -> bool:
        way = []
        while found and found not in is_below:
            way.append(found)
            found = parents.get(found)
        verdict = bool(found) and is_below[found or ""]
        is_below.update(dict.fromkeys(way, verdict))
        return verdict

    return [span for span in spans if below(span_id(span))]


def otlp(span: ReadableSpan) -> dict[str, Any]:
    """A span as OpenTelemetry writes it in JSON."""
    status = {"code": f"STATUS_CODE_{span.status.status_code.name}"}
    if span.status.description:
        status["message"] = span.status.description
    return {
        "traceId": format(span.context.trace_id, "032x") if span.context else "",
        "spanId": span_id(span),
        "parentSpanId": parent_id(span),
        "name": span.name,
        "kind": f"SPAN_KIND_{span.kind.name if span.kind.name in _KINDS else 'INTERNAL'}",
        "startTimeUnixNano": str(span.start_time or 0),
        "endTimeUnixNano": str(span.end_time or 0),
        "attributes": _otlp_attributes(span.attributes),
        "droppedAttributesCount": span.dropped_attributes,
        "events": [
            {"name": one.name, "timeUnixNano": str(one.timestamp), "attributes": _otlp_attributes(one.attributes)}
            for one in span.events
        ],
        "droppedEventsCount": span.dropped_events,
        "links": [
            {
                "traceId": format(one.context.trace_id, "032x"),
                "spanId": format(one.context.span_id, "016x"),
                "attributes": _otlp_attributes(one.attributes),
            }
            for one in span.links
        ],
        "droppedLinksCount": span.dropped_links,
        "status": status,
    }


def _otlp_attributes(found: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [{"key": key, "value": _otlp_value(value)} for key, value in (found or {}).items()]


def _otlp_value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return {"arrayValue": {"values": [_otlp_value(item) for item in value]}}
    return {"stringValue": str(value)}


def tree(spans: Sequence[ReadableSpan], run: WorkflowExecutionDescription) -> dict[str, Any]:
    """The spans under one for the workflow itself, from the run's start to its end."""
    known = {span_id(span) for span in spans}
    children: dict[str, list[ReadableSpan]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        parent = parent_id(span) or ""
        children[parent if parent in known else ""].append(span)
    root: dict[str, Any] = {
        "span_id": hashlib.sha256(run.run_id.encode()).hexdigest()[:16],
        "name": run.workflow_type,
        "start_time_unix_nano": min([shapes.nanoseconds(run.start_time), *(span.start_time or 0 for span in spans)]),
        "end_time_unix_nano": shapes.nanoseconds(run.close_time) if run.close_time else None,
        "attributes": {"workflow.execution_id": run.id},
        "events": [],
        "children": [],
    }
    # A loop, not recursion: each round of an agent that goes on as new lies under the one before.
    waiting = [(span, root["children"], 1) for span in reversed(children[""])]
    while waiting:
        span, siblings, depth = waiting.pop()
        node = _node(span)
        siblings.append(node)
        below = node["children"] if depth < DEEPEST else siblings
        waiting += [(child, below, min(depth + 1, DEEPEST)) for child in reversed(children[span_id(span)])]
    return root


def _node(span: ReadableSpan) -> dict[str, Any]:
    attributes = _plain(span.attributes)
    if not span.status.is_unset:
        attributes["status_code"] = span.status.status_code.name
    return {
        "span_id": span_id(span),
        "name": span.name,
        "start_time_unix_nano": span.start_time or 0,
        "end_time_unix_nano": span.end_time,
        "attributes": attributes,
        "events": [_event(span, place, one) for place, one in enumerate(span.events)],
        "children": [],
    }


def _event(span: ReadableSpan, place: int, one: Event) -> dict[str, Any]:
    return {
        "type": "EVENT",
        "name": one.name,
        "id": f"{span_id(span)}-{place}",
        "timestamp_unix_nano": one.timestamp,
        "attributes": _plain(one.attributes),
        "internal": False,
    }


def _plain(found: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        key: list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for key, value in (found or {}).items()
    }
