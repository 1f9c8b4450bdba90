from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from console.sandbox.http import spans

RUN = SimpleNamespace(
    id="inv-1",
    run_id="engine-run",
    workflow_type="invoice-pipeline",
    start_time=datetime(2026, 1, 1, tzinfo=UTC),
    close_time=None,
)


def span(number: int, parent: int | None = None, execution_id: str | None = None, **more: Any) -> ReadableSpan:
    def context(of: int) -> SpanContext:
        return SpanContext(1, of, is_remote=False, trace_flags=TraceFlags(1))

    attributes = {"temporalWorkflowID": execution_id} if execution_id else {}
    return ReadableSpan(
        name=f"span {number}",
        context=context(number),
        parent=context(parent) if parent else None,
        start_time=1_767_225_600_000_000_000 + number,
        end_time=1_767_225_600_000_000_000 + 2 * number,
        **{"attributes": attributes, **more},
    )


def names(node: dict[str, Any]) -> list[Any]:
    return [node["name"], *(names(child) for child in node["children"])]


def test_an_executions_spans_are_its_own_and_those_below() -> None:
    found = [span(1), span(2, 1, "parent"), span(3, 2, "child"), span(4, 3), span(5, 1), span(6, 5, "other")]
    assert [spans.span_id(one)[-1] for one in spans.of_execution(found, "parent")] == ["2", "3", "4"]
    assert [spans.span_id(one)[-1] for one in spans.of_execution(found, "child")] == ["3", "4"]
    assert spans.of_execution(found, "nobody") == []


def test_the_tree_stands_under_the_run() -> None:
    tree = spans.tree([span(3, 2), span(2, 9), span(4, 2), span(5, 3)], RUN)
    assert names(tree) == ["invoice-pipeline", ["span 2", ["span 3", ["span 5"]], ["span 4"]]]
    assert (tree["start_time_unix_nano"], tree["end_time_unix_nano"]) == (1_767_225_600_000_000_000, None)


def test_the_roots_id_is_the_same_in_each_process() -> None:
    assert spans.tree([span(1)], RUN)["span_id"] == "9eb8331b29970290"


def test_a_deep_tree_ends_flat_and_loses_nothing() -> None:
    depth = 1_500
    tree = spans.tree([span(number, number - 1 or None) for number in range(1, depth + 1)], RUN)
    levels, node = 0, tree
    while node["children"]:
        levels, node = levels + 1, node["children"][0]
    assert levels == spans.DEEPEST
    assert msgspec.json.encode(tree).count(b'"span_id"') == depth + 1


def test_a_span_in_otlp() -> None:
    provider = TracerProvider()
    with provider.get_tracer("test").start_as_current_span("work", kind=SpanKind.CONSUMER) as live:
        live.set_attributes({"text": "a", "number": 5, "share": 0.5, "flag": True, "list": ["a", "b"]})
        live.add_event("happened", {"at": 1})
        live.set_status(Status(StatusCode.ERROR, "it broke"))
    found = spans.otlp(live)
    assert {one["key"]: one["value"] for one in found["attributes"]} == {
        "text": {"stringValue": "a"},
        "number": {"intValue": "5"},
        "share": {"doubleValue": 0.5},
        "flag": {"boolValue": True},
        "list": {"arrayValue": {"values": [{"stringValue": "a"}, {"stringValue": "b"}]}},
    }
    assert found["status"] == {"code": "STATUS_CODE_ERROR", "message": "it broke"}
    # The API documents three kinds, and this is none of them.
    assert found["kind"] == "SPAN_KIND_INTERNAL"
    assert [(one["name"], one["attributes"]) for one in found["events"]] == [
        ("happened", [{"key": "at", "value": {"intValue": "1"}}])
    ]
    assert (found["links"], found["parentSpanId"]) == ([], None)


def test_a_failed_span_says_so_in_the_tree() -> None:
    tree = spans.tree([span(1, status=Status(StatusCode.ERROR)), span(2)], RUN)
    assert [child["attributes"].get("status_code") for child in tree["children"]] == ["ERROR", None]
