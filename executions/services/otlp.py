"""OpenTelemetry's JSON: what the API gives as `otel_trace_data`, as spans and as a file that other tools take.

The API gives Tempo's own form: `batches`, enumerations by name, ids perhaps in base64, fields that are null. Jaeger's
and Tempo's importers take OTLP: `resourceSpans`, numbers for enumerations, ids in hex, and no nulls.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw, Struct

from executions.services import large, otlp_large, spans, text
from executions.services import otlp_values as values
from executions.services.slices import in_slices
from executions.upstream.types import EMPTY

_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_STATUSES = ("UNSET", "OK", "ERROR")
_COUNTS = ("droppedAttributesCount", "droppedEventsCount", "droppedLinksCount", "flags")


class _Scope(Struct, rename="camel"):
    spans: list[Raw] | None = None
    scope: Raw = EMPTY


class _Batch(Struct, rename="camel"):
    resource: Raw = EMPTY
    scope_spans: list[_Scope] | None = None
    instrumentation_library_spans: list[_Scope] | None = None


class _Trace(Struct, rename="camel"):
    batches: list[_Batch] | None = None
    resource_spans: list[_Batch] | None = None


def _batches(raw: Raw | bytes) -> list[_Batch]:
    """Scanned only: each span is decoded on its own, so that no other thread waits long."""
    try:
        if bytes(raw).lstrip()[:1] == b"[":
            return msgspec.json.decode(raw, type=list[_Batch])
        found = msgspec.json.decode(raw, type=_Trace | None) or _Trace()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return found.resource_spans or found.batches or []


def _scopes(raw: Raw | bytes) -> Iterator[tuple[_Batch, _Scope]]:
    for batch in _batches(raw):
        for scope in batch.scope_spans or batch.instrumentation_library_spans or ():
            yield batch, scope


def is_known(raw: Raw | bytes) -> bool:
    """Whether there are spans in a form that is known."""
    return any(scope.spans for _, scope in _scopes(raw))


def nodes(raw: Raw | bytes) -> list[spans.Node]:
    """The batches' spans in the order of a waterfall; none where it is not in a form that is known."""
    every = (one for _, scope in _scopes(raw) for one in scope.spans or ())
    known = (_node(span) for one in every if (span := otlp_large.span(one)) is not None)
    return spans.of_list(list(in_slices(itertools.islice(known, spans.MAX_SPANS + 1))))


def _node(span: dict[str, Any]) -> tuple[str, spans.Node]:
    attributes = values.plain_attributes(span.get("attributes"))
    status = values.dict_of(span.get("status"))
    code = values.enumerated(status.get("code"), _STATUSES)
    if code:
        attributes.setdefault("status_code", _STATUSES[code] if code < len(_STATUSES) else str(code))
    if status.get("message"):
        attributes.setdefault("otel.status_description", text.one_line(status["message"], 2_000))
    events: list[spans.Event] = [
        (
            text.label(one.get("name"), 200) or "—",
            values.nano(one.get("timeUnixNano")),
            values.plain_attributes(one.get("attributes")),
        )
        for one in values.dicts(span.get("events"))
    ]
    made = spans.node(
        values.hex_id(span.get("spanId"), 8) or text.label(span.get("spanId"), 64),
        text.label(span.get("name"), 200),
        (values.nano(span.get("startTimeUnixNano")), values.nano(span.get("endTimeUnixNano"))),
        attributes,
        events,
    )
    return values.hex_id(span.get("parentSpanId"), 8) or text.label(span.get("parentSpanId"), 64), made


def standard(raw: Raw | bytes) -> bytes | None:
    """The same as OTLP; None where it is not in a form that is known. Of spans above a megabyte, not all."""
    resources: dict[int, dict[str, Any]] = {}
    for batch, scope in _scopes(raw):
        known = (span for one in in_slices(scope.spans or ()) if (span := otlp_large.span(one)) is not None)
        # Each is written on its own, for the same reason as it is read so.
        made = [Raw(msgspec.json.encode(found)) for span in known if (found := _span(span))]
        if not made:
            continue
        resource = resources.setdefault(id(batch), {"resource": _named(batch.resource), "scopeSpans": []})
        resource["scopeSpans"].append({"scope": _named(scope.scope), "spans": made})
    if not resources:
        return None
    return msgspec.json.encode({"resourceSpans": list(resources.values())})


def _span(span: dict[str, Any]) -> dict[str, Any] | None:
    trace, own = values.hex_id(span.get("traceId"), 16), values.hex_id(span.get("spanId"), 8)
    if not (trace and own):
        return None
    made: dict[str, Any] = {"traceId": trace, "spanId": own}
    if parent := values.hex_id(span.get("parentSpanId"), 8):
        made["parentSpanId"] = parent
    if state := text.label(span.get("traceState"), 512):
        made["traceState"] = state
    made |= {
        "name": str(span.get("name") or ""),
        "kind": values.enumerated(span.get("kind"), _KINDS),
        "startTimeUnixNano": str(values.nano(span.get("startTimeUnixNano")) or 0),
        "endTimeUnixNano": str(values.nano(span.get("endTimeUnixNano")) or 0),
        "attributes": values.attributes(span.get("attributes")),
        "events": [
            {
                "name": str(one.get("name") or ""),
                "timeUnixNano": str(values.nano(one.get("timeUnixNano")) or 0),
                "attributes": values.attributes(one.get("attributes")),
            }
            for one in values.dicts(span.get("events"))
        ],
        "links": [
            {
                "traceId": values.hex_id(one.get("traceId"), 16),
                "spanId": values.hex_id(one.get("spanId"), 8),
                "attributes": values.attributes(one.get("attributes")),
            }
            for one in values.dicts(span.get("links"))
            if values.hex_id(one.get("traceId"), 16) and values.hex_id(one.get("spanId"), 8)
        ],
        "status": _status(values.dict_of(span.get("status"))),
    }
    counts = {name: span.get(name) for name in _COUNTS}
    return made | {name: count for name, count in counts.items() if isinstance(count, int) and 0 < count < 2**32}


def _status(status: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"code": code} if (code := values.enumerated(status.get("code"), _STATUSES)) else {}
    return found | ({"message": message} if isinstance(message := status.get("message"), str) and message else {})


def _named(raw: Raw) -> dict[str, Any]:
    """A resource or a scope."""
    found = values.dict_of(text.decode(raw)) if large.size(raw) <= large.LIMIT else {}
    made: dict[str, Any] = {key: found[key] for key in ("name", "version") if isinstance(found.get(key), str)}
    return made | {"attributes": values.attributes(found.get("attributes"))} if found.get("attributes") else made
