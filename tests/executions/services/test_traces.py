"""Traces as rows: a waterfall in order, bars that fit, and nothing that a strange span could break."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executions.services import traces
from executions.upstream.types import Span, TraceEvents, TraceSummary
from tests.executions.services import hostile

START = 1_769_868_300_000_000_000
SECOND = 1_000_000_000


def span(name: str, start: float | None, end: float | None, *children: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A span from and to so many seconds after the start."""
    return {
        "span_id": f"id-{name}",
        "name": name,
        "start_time_unix_nano": None if start is None else START + int(start * SECOND),
        "end_time_unix_nano": None if end is None else START + int(end * SECOND),
        "children": list(children),
        **more,
    }


def summary(tree: dict[str, Any] | None, **more: Any) -> TraceSummary:
    return msgspec.convert({"execution_id": "e", "span_tree": tree, **more}, TraceSummary)


def waterfall(tree: dict[str, Any] | None, query: str = "", **more: Any) -> traces.Waterfall:
    found = traces.waterfall(summary(tree, **more), query)
    assert found
    return found


def test_the_tree_in_order_of_start_with_bars_that_fit() -> None:
    found = waterfall(span("root", 0, 10, span("late", 6, 10), span("early", 1, 5, span("inner", 2, 3))))
    assert [(row.name, row.depth, row.x, row.width, row.milliseconds) for row in found.rows] == [
        ("root", 0, 0, 1000, 10_000),
        ("early", 1, 100, 400, 4_000),
        ("inner", 2, 200, 100, 1_000),
        ("late", 1, 600, 400, 4_000),
    ]
    assert (found.total, found.milliseconds) == (4, 10_000)


def test_a_workflow_s_span_of_no_length_goes_to_its_last_descendant() -> None:
    found = waterfall(
        span("run", 0, 0, span("a", 1, 2), span("child", 2, 2, span("deep", 3, 8)), span("b", 4, 5)), end_time=None
    )
    assert {row.name: (row.x, row.width) for row in found.rows} == {
        "run": (0, 1000),
        "a": (125, 125),
        "child": (250, 750),
        "deep": (375, 625),
        "b": (500, 125),
    }


def test_a_running_span_has_no_length_yet_and_is_drawn_to_the_end() -> None:
    found = waterfall(span("run", 0, None, span("a", 5, None), span("b", 0, 10)))
    assert [(row.name, row.milliseconds, row.x, row.width) for row in found.rows] == [
        ("run", None, 0, 1000),
        ("b", 10_000, 0, 1000),
        ("a", None, 500, 500),
    ]


def test_the_execution_s_end_counts() -> None:
    assert waterfall(span("run", 0, 1), end_time="2026-01-31T14:05:10Z").milliseconds == 10_000


def test_without_spans_there_is_no_waterfall() -> None:
    assert traces.waterfall(summary(None)) is None


@pytest.mark.parametrize(
    ("more", "failed"),
    [
        ({"attributes": {"status_code": "STATUS_CODE_ERROR"}}, True),
        ({"attributes": {"otel.status_code": "error"}}, True),
        ({"attributes": {"status.code": "OK"}}, False),
        ({"attributes": {"status_code": ["ERROR"]}}, False),
        ({"events": [{"name": "exception"}]}, True),
        ({"events": [{"name": None}]}, False),
        ({"attributes": None, "events": None}, False),
    ],
)
def test_failed_spans(more: dict[str, Any], failed: bool) -> None:
    assert waterfall(span("run", 0, 1, **more)).rows[0].failed == failed


@pytest.mark.parametrize(
    ("query", "names"), [("", "run ab"), ("AB", "ab"), ("id-a", "ab"), ("tokens", "run"), ("z", "")]
)
def test_the_search_counts_what_it_found(query: str, names: str) -> None:
    found = waterfall(span("run", 0, 1, span("ab", 0, 1), attributes={"tokens": 3}), query)
    assert ([row.name for row in found.rows], found.total) == (names.split(), len(names.split()))


def test_only_so_many_rows_are_drawn_of_a_deep_trace() -> None:
    """Deeper than Python's stack, which a walk by recursion would not survive."""
    tree = Span(span_id="leaf", start_time_unix_nano=START, end_time_unix_nano=START + SECOND)
    for number in range(3_000):
        tree = Span(span_id=str(number), start_time_unix_nano=START, end_time_unix_nano=START, children=[tree])
    found = traces.waterfall(TraceSummary(execution_id="e", span_tree=tree))
    assert found
    assert (len(found.rows), found.total) == (traces.MAX_ROWS, 3_001)
    assert {row.milliseconds for row in found.rows} == {1_000}
    assert [row.indent for row in found.rows[:10]] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 8]


@pytest.mark.parametrize("value", [0, -1, 2**63, 10**400, None])
def test_what_is_no_time_is_not_drawn_as_one(value: int | None) -> None:
    odd = span("odd", 0, 1) | {"start_time_unix_nano": value, "end_time_unix_nano": value}
    found = waterfall(span("run", 0, 10, odd))
    (row,) = [row for row in found.rows if row.name == "odd"]
    assert (row.x, row.width, row.milliseconds, found.milliseconds) == (0, 1000, None, 10_000)
    assert waterfall(odd).rows[0].start is None


def test_a_span_with_hardly_anything_shows() -> None:
    (row,) = waterfall({"span_id": "1"}).rows
    assert (row.name, row.start, row.milliseconds, row.json, row.events) == ("—", None, None, "{}", [])


numbers = st.none() | st.integers(-(10**30), 10**30)
spans = st.recursive(
    st.fixed_dictionaries(
        {"span_id": hostile.TEXTS},
        optional={"name": hostile.TEXTS, "start_time_unix_nano": numbers, "end_time_unix_nano": numbers},
    ),
    lambda inner: st.fixed_dictionaries(
        {"span_id": hostile.TEXTS, "children": st.lists(inner, max_size=3)},
        optional={
            "start_time_unix_nano": numbers,
            "end_time_unix_nano": numbers,
            "attributes": hostile.values(["status_code"]),
        },
    ),
    max_leaves=10,
)


@settings(max_examples=60)
@given(spans, hostile.TEXTS)
def test_no_trace_is_too_odd(tree: dict[str, Any], end: str) -> None:
    found = traces.waterfall(msgspec.convert({"execution_id": "e", "span_tree": tree, "end_time": end}, TraceSummary))
    assert found
    for row in found.rows:
        assert row.width >= 3
        assert isinstance(row.json, str)


def test_trace_events_as_rows() -> None:
    given = [
        {
            "id": "1",
            "name": "extract",
            "timestamp_unix_nano": START,
            "status": "FAILED",
            "error": "429",
            "internal": True,
        },
        {"id": None, "attributes": {"a": "b"}, "timestamp_unix_nano": -(10**40)},
    ]
    rows = traces.event_rows(msgspec.convert({"execution_id": "e", "events": given}, TraceEvents))
    assert [(r.id, r.name, r.status, r.error, r.internal, r.json) for r in rows] == [
        ("1", "extract", "FAILED", "429", True, "{}"),
        ("", "—", "", "", False, '{\n  "a": "b"\n}'),
    ]
    assert rows[0].time is not None
    assert rows[1].time is None
    assert [
        row.id for row in traces.event_rows(msgspec.convert({"execution_id": "e", "events": given}, TraceEvents), "EXT")
    ] == ["1"]
    assert traces.event_rows(TraceEvents(execution_id="e")) == []
