"""A span of OpenTelemetry's that is too large to decode at once: what is left of it, as itself and as a file."""

from typing import Any

import msgspec
from hypothesis import given
from msgspec import Raw

from executions.services import large, otlp, otlp_large
from tests.executions.services import hostile
from tests.executions.services.hostile import raw

MB = 1_000_000
SMALL = {"key": "gen_ai.request.model", "value": {"stringValue": "mistral-large-latest"}}
SPAN: dict[str, Any] = {
    "traceId": "1" * 32,
    "spanId": "a" * 16,
    "parentSpanId": "b" * 16,
    "name": "chat",
    "kind": "SPAN_KIND_CLIENT",
    "startTimeUnixNano": "1769868300000000000",
    "endTimeUnixNano": "1769868301000000000",
    "status": {"code": "STATUS_CODE_ERROR", "message": "429"},
}


def attribute(value: Any, key: str = "prompt") -> dict[str, Any]:
    return {"key": key, "value": value}


def span(**more: Any) -> dict[str, Any]:
    found = otlp_large.span(raw(SPAN | more))
    assert found
    return found


def test_a_small_one_is_decoded() -> None:
    assert span(attributes=[SMALL], more={"a": None}) == SPAN | {"attributes": [SMALL], "more": {"a": None}}
    assert [otlp_large.span(one) for one in (raw([]), raw(None), Raw(b"{"), raw(5))] == [None] * 4


def test_a_large_attribute_is_cut_and_the_others_stay() -> None:
    numbers = {"arrayValue": {"values": [{"intValue": str(number)} for number in range(10_000)]}}
    found = span(attributes=[attribute({"stringValue": "x" * 40 * MB}), SMALL, attribute(numbers, "many")])
    about = {name: value for name, value in found.items() if name not in {"attributes", "events", "links"}}
    assert about == SPAN
    prompt, small, many = found["attributes"]
    assert (prompt["key"], small, many["key"]) == ("prompt", SMALL, "many")
    assert prompt["value"]["stringValue"] == "x" * (large.START - 1) + "…"
    assert many["value"]["stringValue"].startswith('{"arrayValue":{"values":[{"intValue":"0"}')


def test_what_there_is_no_room_for_is_counted() -> None:
    every = [attribute({"stringValue": "x" * 50_000}, f"a{number}") for number in range(100)]
    found = span(attributes=every, droppedAttributesCount=7, events=[{"name": "e", "attributes": every}])
    kept = len(found["attributes"])
    assert (0 < kept < 100, found["droppedAttributesCount"]) == (True, 7 + 100 - kept)
    # Of a large event only that it was there.
    assert (found["events"], "droppedEventsCount" in found) == ([{}], False)
    found = span(attributes=[attribute({"intValue": "1"})] * 300_000)
    assert (found["attributes"], found["droppedAttributesCount"]) == ([], 1)


def test_in_the_waterfall_and_in_the_file() -> None:
    large_one = SPAN | {"attributes": [attribute({"stringValue": "x" * 40 * MB}), SMALL]}
    child = SPAN | {"spanId": "c" * 16, "parentSpanId": "a" * 16, "name": "child"}
    content = raw({"batches": [{"scopeSpans": [{"spans": [large_one, child]}]}]})
    nodes = otlp.nodes(content)
    assert [(node.name, node.depth, node.failed, node.note) for node in nodes] == [
        ("chat", 0, True, "mistral-large-latest"),
        ("child", 1, True, ""),
    ]
    assert max(len(node.payload) for node in nodes) < large.LIMIT
    file = otlp.standard(content)
    assert file
    assert len(file) < large.LIMIT
    (resource,) = msgspec.json.decode(file)["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    assert [(one["name"], len(one["attributes"])) for one in scope["spans"]] == [("chat", 2), ("child", 0)]


@given(hostile.objects([*SPAN, "attributes", "events", "links"]))
def test_no_large_span_is_too_odd(given_span: dict[str, Any]) -> None:
    content = raw({"batches": [{"scopeSpans": [{"spans": [given_span | {"padding": "x" * large.LIMIT}]}]}]})
    for node in otlp.nodes(content):
        assert len(node.payload) < 2 * large.LIMIT
    otlp.standard(content)
