"""OpenTelemetry's batches: as spans of a waterfall, and as a file in OTLP's own words."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from executions.services import otlp, traces
from executions.upstream.types import TraceOtel
from tests.executions.services import hostile
from tests.executions.services.trace_shapes import SECOND, START

PAIR = {"key": "k", "value": {"intValue": "1"}}
TRACE = "0af7651916cd43dd8448eb211c80319c"
A, B, C = "b7ad6b7169203331", "b7ad6b7169203332", "b7ad6b7169203333"


def span(own: str, parent: str | None = None, **more: Any) -> dict[str, Any]:
    found = {"traceId": TRACE, "spanId": own, "parentSpanId": parent, "name": own[-1], "kind": "SPAN_KIND_CLIENT"}
    times = {"startTimeUnixNano": str(START), "endTimeUnixNano": str(START + SECOND)}
    return found | times | {"attributes": [], "events": []} | more


def batches(*spans: Any, **more: Any) -> dict[str, Any]:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "worker", "intValue": None}}]}
    scope = {"scope": {"name": "temporal", "version": None}, "spans": list(spans)}
    return {"batches": [{"resource": resource, "scopeSpans": [scope]}], **more}


def raw(value: Any) -> bytes:
    return json.dumps(value).encode()


def standard(value: Any) -> Any:
    found = otlp.standard(raw(value))
    return json.loads(found) if found else None


def in_base64(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def test_it_speaks_otlp() -> None:
    given = span(
        A,
        None,
        attributes=[
            {"key": "text", "value": {"stringValue": "a", "intValue": None, "boolValue": None}},
            {"key": "number", "value": {"intValue": 5}},
            {"key": "no", "value": {"boolValue": False}},
            {"key": "share", "value": {"doubleValue": 0.5}},
            {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "b", "intValue": None}]}}},
            {"key": "map", "value": {"kvlistValue": {"values": [PAIR]}}},
            {"key": "nothing", "value": None},
        ],
        events=[{"name": "exception", "timeUnixNano": str(START), "attributes": None}],
        links=[{"traceId": TRACE, "spanId": B, "attributes": []}, {"traceId": "x", "spanId": B}],
        status={"code": "STATUS_CODE_ERROR", "message": "it broke"},
        droppedEventsCount=2,
        droppedLinksCount=0,
    )
    assert standard(batches(given)) == {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "worker"}}]},
                "scopeSpans": [
                    {
                        "scope": {"name": "temporal"},
                        "spans": [
                            {
                                "traceId": TRACE,
                                "spanId": A,
                                "name": "1",
                                "kind": 3,
                                "startTimeUnixNano": str(START),
                                "endTimeUnixNano": str(START + SECOND),
                                "attributes": [
                                    {"key": "text", "value": {"stringValue": "a"}},
                                    {"key": "number", "value": {"intValue": "5"}},
                                    {"key": "no", "value": {"boolValue": False}},
                                    {"key": "share", "value": {"doubleValue": 0.5}},
                                    {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "b"}]}}},
                                    {
                                        "key": "map",
                                        "value": {
                                            "kvlistValue": {"values": [{"key": "k", "value": {"intValue": "1"}}]}
                                        },
                                    },
                                    {"key": "nothing", "value": {}},
                                ],
                                "events": [{"name": "exception", "timeUnixNano": str(START), "attributes": []}],
                                "links": [{"traceId": TRACE, "spanId": B, "attributes": []}],
                                "status": {"code": 2, "message": "it broke"},
                                "droppedEventsCount": 2,
                            }
                        ],
                    }
                ],
            }
        ]
    }


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ((TRACE, A), (TRACE, A)),
        ((TRACE.upper(), A.upper()), (TRACE, A)),
        ((in_base64(TRACE), in_base64(A)), (TRACE, A)),
        # Tempo leaves leading zeros away.
        ((TRACE[2:], A[1:]), ("00" + TRACE[2:], "0" + A[1:])),
    ],
)
def test_ids_are_hex_of_their_full_length(given: tuple[str, str], found: tuple[str, str]) -> None:
    trace, own = given
    made = standard(batches(span(A) | {"traceId": trace, "spanId": own, "parentSpanId": own}))
    (one,) = made["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert (one["traceId"], one["spanId"], one["parentSpanId"]) == (*found, found[1])


@pytest.mark.parametrize("wrong", ["", None, "0" * 16, "xyz", 5, A * 2, in_base64(A + A)])
def test_a_span_that_nobody_would_take_is_left_out(wrong: Any) -> None:
    assert standard(batches(span(A) | {"spanId": wrong})) is None
    made = standard(batches(span(B), span(A) | {"spanId": wrong}))
    assert [one["spanId"] for one in made["resourceSpans"][0]["scopeSpans"][0]["spans"]] == [B]


@pytest.mark.parametrize(("kind", "number"), [("SPAN_KIND_SERVER", 2), ("CONSUMER", 5), (4, 4), (9, 0), (None, 0)])
def test_kinds_are_numbers(kind: Any, number: int) -> None:
    made = standard(batches(span(A, kind=kind)))
    assert made["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["kind"] == number


def test_what_is_otlp_already_stays_it() -> None:
    first = otlp.standard(raw(batches(span(A), span(B, A))))
    assert first
    assert otlp.standard(first) == first
    assert otlp.standard(json.dumps(json.loads(first)["resourceSpans"]).encode()) == first


@pytest.mark.parametrize("value", [None, {}, [], {"batches": []}, {"batches": [1]}, "text", 5, {"data": [span(A)]}])
def test_another_form_is_not_taken_for_it(value: Any) -> None:
    assert (standard(value), otlp.nodes(raw(value)), otlp.is_known(raw(value))) == (None, [], False)


def otel(*spans: Any, **more: Any) -> traces.Trace | None:
    return traces.of_otel(TraceOtel(execution_id="e", otel_trace_data=Raw(raw(batches(*spans))), **more))


def test_as_a_waterfall() -> None:
    error = {"code": 2, "message": "it broke"}
    found = otel(span(C, A, status=error), span(B, "ffffffffffffffff", name="orphan"), span(A, endTimeUnixNano="0"))
    assert found
    assert [(node.id, node.depth, node.end is None) for node in found.nodes] == [
        (B, 0, False),
        (A, 0, True),
        (C, 1, False),
    ]
    assert (found.nodes[2].failed, found.nodes[2].error, found.source) == (True, "it broke", "otel")
    assert otel() is None


def test_a_ring_of_spans_is_shown_once() -> None:
    found = otel(span(A, B), span(B, A), span(C, C))
    assert found
    assert sorted(node.id for node in found.nodes) == [A, B, C]


values = st.recursive(
    hostile.TEXTS | st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["stringValue", "intValue", "arrayValue", "kvlistValue", "values", "key", "value"]), inner
        )
    ),
    max_leaves=8,
)
FIELDS = ["traceId", "spanId", "kind", "startTimeUnixNano", "attributes", "events", "links", "status", "name"]


@given(st.dictionaries(st.sampled_from(FIELDS), values), values)
def test_nothing_is_too_odd(fields: dict[str, Any], attribute: Any) -> None:
    odd = batches(span(A) | fields, span(B, attributes=[{"key": "a", "value": attribute}]), fields)
    assert otlp.standard(raw(odd))
    assert len(otlp.nodes(raw(odd))) == 3
