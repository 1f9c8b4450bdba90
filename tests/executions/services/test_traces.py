"""Traces arranged: in order, with bars that end right, own time, the critical path, attempts; nothing is too odd."""

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import large as sizes
from executions.services import spans, trace_tree, traces, waterfall
from executions.upstream.types import Span, TraceSummary
from tests.executions.services import hostile
from tests.executions.services.trace_shapes import SECOND, START, failed, large, span, summary, trace


def seconds(found: traces.Trace, *names: str) -> list[tuple[Any, ...]]:
    """Each span's name with these of its times in seconds; those that say a moment count from the trace's start."""
    moments = {"begin", "until"}
    return [
        (node.name, *((getattr(node, name) - (found.first if name in moments else 0)) / SECOND for name in names))
        for node in found.nodes
    ]


def test_the_tree_in_order_of_start() -> None:
    found = trace(span("root", 0, 10, span("late", 6, 10), span("early", 1, 5, span("inner", 2, 3))))
    assert [(node.name, node.depth, node.parent, node.last) for node in found.nodes] == [
        ("root", 0, -1, 3),
        ("early", 1, 0, 2),
        ("inner", 2, 1, 2),
        ("late", 1, 0, 3),
    ]
    assert seconds(found, "begin", "until") == [("root", 0, 10), ("early", 1, 5), ("inner", 2, 3), ("late", 6, 10)]
    assert (found.total, found.levels, found.milliseconds, found.places["id-late"]) == (4, 3, 10_000, 3)


def test_a_workflow_s_span_of_no_length_goes_to_its_last_descendant() -> None:
    found = trace(
        span("run", 0, 0, span("a", 1, 2), span("child", 2, 2, span("deep", 3, 8)), span("b", 4, 5)), end_time=None
    )
    assert seconds(found, "begin", "until") == [
        ("run", 0, 8),
        ("a", 1, 2),
        ("child", 2, 8),
        ("deep", 3, 8),
        ("b", 4, 5),
    ]


def test_a_running_span_is_drawn_to_the_end_and_has_none() -> None:
    found = trace(span("run", 0, None, span("a", 5, None), span("b", 0, 10)))
    assert [(node.name, node.end is None) for node in found.nodes] == [("run", True), ("b", False), ("a", True)]
    assert seconds(found, "begin", "until") == [("run", 0, 10), ("b", 0, 10), ("a", 5, 10)]


def test_what_runs_has_come_as_far_as_now() -> None:
    tree, now = span("run", 0, None, span("a", 0, 1)), START + 60 * SECOND
    assert trace(tree, now).milliseconds == 60_000
    # The version is that of what the spans say: time goes by without another.
    assert trace(tree, now).version == trace(tree, now + SECOND).version
    assert trace(span("run", 0, 1), now).milliseconds == 1_000
    assert trace(tree, now, end_time="2026-01-31T14:05:10Z").milliseconds == 10_000


def test_the_execution_s_end_counts() -> None:
    assert trace(span("run", 0, 1), end_time="2026-01-31T14:05:10Z").milliseconds == 10_000


def test_without_spans_there_is_no_trace() -> None:
    assert traces.of_summary(summary(None)) is None


@pytest.mark.parametrize(
    ("children", "own"),
    [
        ([], 10),
        ([span("a", 2, 4), span("b", 3, 5)], 7),
        ([span("a", 0, 10)], 0),
        ([span("a", 8, 20)], 8),
        # What runs below a child counts, also where the child ended before it.
        ([span("a", 1, 2, span("b", 2, 6))], 5),
        ([span("a", 1, 2, span("b", 4, 6))], 7),
    ],
)
def test_own_time_is_what_nothing_below_took(children: list[dict[str, Any]], own: float) -> None:
    assert seconds(trace(span("run", 0, 10, *children)), "own")[0] == ("run", own)


class TestCriticalPath:
    @staticmethod
    def path(tree: dict[str, Any]) -> dict[str, float]:
        return {node.name: node.critical / SECOND for node in trace(tree).nodes if node.critical >= 0}

    def test_it_is_what_the_end_waited_for(self) -> None:
        # While `slow` ran `quick` did not matter; `first` had to be over before `slow` began.
        tree = span("run", 0, 10, span("first", 0, 3), span("slow", 3, 9, span("inner", 4, 8)), span("quick", 3, 5))
        assert self.path(tree) == {"run": 1, "first": 3, "slow": 2, "inner": 4}

    def test_of_two_at_the_same_time_it_is_the_longer(self) -> None:
        assert self.path(span("run", 0, 5, span("a", 0, 5), span("b", 0, 4))) == {"run": 0, "a": 5}

    def test_it_follows_what_goes_on_after_its_parent(self) -> None:
        tree = span("run", 0, 10, span("start", 0, 1, span("work", 2, 10)))
        assert self.path(tree) == {"run": 0, "start": 1, "work": 8}

    def test_it_ends_with_the_run(self) -> None:
        late = trace(span("run", 0, 5, span("given up", 1, 10)), end_time="2026-01-31T14:05:05Z")
        assert [node.critical / SECOND for node in late.nodes] == [1, 4]
        assert late.tail == START + 5 * SECOND
        assert msgspec.json.decode(late.columns)["ended"] == 5_000_000
        assert trace(span("run", 0, 5), end_time="2026-01-31T14:05:05Z").tail is None

    def test_its_parts_are_the_whole(self) -> None:
        nodes = trace(large(500, 20)).nodes
        assert sum(max(node.critical, 0) for node in nodes) == nodes[0].until - nodes[0].begin


@pytest.mark.parametrize(
    ("status", "kind", "message", "canceled"),
    [
        ("CANCELED", "temporalio.exceptions.ActivityError", "Activity cancelled", True),
        ("CANCELED", "asyncio.exceptions.CancelledError", "", True),
        ("CANCELED", "temporalio.exceptions.CancelledError", "Cancelled", True),
        ("CANCELED", "ValueError", "the order was cancelled", False),
        ("FAILED", "temporalio.exceptions.ActivityError", "Activity cancelled", False),
    ],
)
def test_of_a_canceled_run_a_cancellation_is_no_failure(status: str, kind: str, message: str, canceled: bool) -> None:
    found = trace(span("run", 0, 1, **failed(message, kind)), status=status)
    (node,) = found.nodes
    assert (node.canceled, found.failed) == (canceled, [] if canceled else [0])
    assert traces.said(node).startswith("canceled: " if canceled else "failed: ")


class TestAttempts:
    @staticmethod
    def said(*children: dict[str, Any]) -> list[str]:
        return [traces.said(node) for node in trace(span("run", 0, 20, *children)).nodes[1:]]

    def test_one_after_the_other_each_after_a_failure(self) -> None:
        found = self.said(*(span("book", at, at + 1, **failed()) for at in (0, 3, 6)), span("book", 9, 10))
        assert found == [
            "attempt 1 · failed: ValueError: it broke",
            "attempt 2 · failed: ValueError: it broke",
            "attempt 3 · failed: ValueError: it broke",
            "attempt 4",
        ]

    def test_what_is_called_twice_is_not_tried_again(self) -> None:
        assert self.said(span("book", 0, 1), span("book", 2, 3)) == ["", ""]
        assert self.said(span("book", 0, 5, **failed()), span("book", 2, 3)) == ["failed: ValueError: it broke", ""]
        other = {"attributes": {"temporalActivityID": "2"}}
        one = failed(temporalActivityID="1")
        assert self.said(span("book", 0, 1, **one), span("book", 2, 3, **other)) == ["failed: ValueError: it broke", ""]

    def test_what_the_span_says_itself_counts(self) -> None:
        assert self.said(span("book", 0, 1, attributes={"temporal.attempt": 3})) == ["attempt 3"]


@pytest.mark.parametrize(
    ("more", "fails", "error"),
    [
        ({"attributes": {"status_code": "STATUS_CODE_ERROR"}}, True, ""),
        ({"attributes": {"otel.status_code": "error", "otel.status_description": "no"}}, True, "no"),
        ({"attributes": {"status.code": "OK", "error.message": "no"}}, False, ""),
        ({"attributes": {"status_code": ["ERROR"]}}, False, ""),
        ({"events": [{"name": "exception"}]}, True, ""),
        ({"events": [{"name": None}]}, False, ""),
        ({"attributes": None, "events": None}, False, ""),
        (failed("ValueError: no"), True, "ValueError: no"),
    ],
)
def test_failed_spans(more: dict[str, Any], fails: bool, error: str) -> None:
    (node,) = trace(span("run", 0, 1, **more)).nodes
    assert (node.failed, node.error) == (fails, error)


@pytest.mark.parametrize(
    ("query", "names"),
    [("", "run ab"), ("AB", "ab"), ("id-a", "ab"), ("TOKENS", "run"), ('a "b"', "run"), ("it broke", "ab"), ("z", "")],
)
def test_a_text_is_found_in_names_ids_attributes_and_events(query: str, names: str) -> None:
    found = trace(span("run", 0, 1, span("ab", 0, 1, **failed()), attributes={"tokens": 'a "B"'}))
    assert [found.nodes[place].name for place in found.found(query)] == names.split()


def test_the_columns_say_what_the_nodes_do() -> None:
    found = trace(span("run", 0, None, span("a", 1, 1.5, **failed()), span("a", 2, 3)))
    assert msgspec.json.decode(found.columns) == {
        "version": found.version,
        "first": START / 1e6,
        "length": 3_000_000,
        "ended": None,
        "names": ["run", "a"],
        "name": [0, 1, 1],
        "id": ["id-run", "id-a", "id-a"],
        "parent": [-1, 0, 0],
        "begin": [0, 1_000_000, 2_000_000],
        "took": [3_000_000, 500_000, 1_000_000],
        "own": [1_500_000, 500_000, 1_000_000],
        "flags": [traces.CRITICAL | traces.RUNNING, traces.FAILED | traces.CRITICAL, traces.CRITICAL],
        "said": {"1": "attempt 1 · failed: ValueError: it broke", "2": "attempt 2"},
    }


def test_another_trace_has_another_version() -> None:
    trees = [span("run", 0, 1), span("run", 0, 2), span("run", 0, 1, attributes={"a": 1}), span("ran", 0, 1)]
    trees.append(span("run", 0, 1, span("a", 0, 1)))
    assert len({trace(tree).version for tree in trees}) == len(trees)


def test_a_trace_deeper_than_the_stack() -> None:
    tree = Span(span_id="leaf", start_time_unix_nano=START, end_time_unix_nano=START + SECOND)
    for number in range(3_000):
        tree = Span(span_id=str(number), start_time_unix_nano=START, end_time_unix_nano=START, children=[tree])
    found = traces.of_summary(TraceSummary(execution_id="e", span_tree=tree))
    assert found
    assert (found.total, found.levels) == (3_001, 3_001)
    assert {node.until - node.begin for node in found.nodes} == {SECOND}


def test_the_rest_of_a_trace_beyond_all_measure_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "MAX_SPANS", 100)
    found = trace(large(101, 5))
    assert (found.total, found.is_cut) == (100, True)


def test_the_largest_that_a_page_has_to_bear() -> None:
    found = trace(large())
    assert (found.total, found.levels, found.is_cut) == (10_000, 200, False)
    assert len(found.columns) < 1_000_000
    assert len(waterfall.rows(found, waterfall.shown_range(found, None, None), "")) == waterfall.ROWS


@pytest.mark.parametrize("value", [0, -1, 2**63, 10**400, None])
def test_what_is_no_time_is_not_taken_for_one(value: int | None) -> None:
    odd = span("odd", 0, 1) | {"start_time_unix_nano": value, "end_time_unix_nano": value}
    found = trace(span("run", 0, 10, odd))
    assert seconds(found, "begin", "until") == [("run", 0, 10), ("odd", 0, 10)]
    assert found.nodes[1].end is None
    assert (trace(odd).nodes[0].start, trace(odd).milliseconds) == (None, 0)


def test_a_span_with_hardly_anything_is_there() -> None:
    (node,) = trace({"span_id": "1"}).nodes
    assert (node.name, node.start, node.end, node.payload, node.note) == ("—", None, None, b"[{},[]]", "")


numbers = st.none() | st.integers(-(10**30), 10**30)
trees = st.recursive(
    st.fixed_dictionaries(
        {"span_id": hostile.TEXTS},
        optional={"name": hostile.TEXTS, "start_time_unix_nano": numbers, "end_time_unix_nano": numbers},
    ),
    lambda inner: st.fixed_dictionaries(
        {"span_id": hostile.TEXTS, "children": st.lists(inner, max_size=3)},
        optional={
            "start_time_unix_nano": numbers,
            "end_time_unix_nano": numbers,
            "attributes": hostile.values(["status_code", "gen_ai.request.model", "gen_ai.prompt"]),
        },
    ),
    max_leaves=10,
)


@given(trees, hostile.TEXTS)
def test_no_trace_is_too_odd(tree: dict[str, Any], end: str) -> None:
    found = trace(tree, end_time=end)
    msgspec.json.decode(found.columns)
    for node in found.nodes:
        assert found.first <= node.begin <= node.until <= max(found.last, node.begin)
        assert 0 <= node.own <= node.until - node.begin
        assert -1 <= node.critical <= found.last - found.first
    shown = waterfall.shown_range(found, None, None)
    for row in waterfall.rows(found, shown, ""):
        assert 0 <= row.x <= row.x + row.width <= waterfall.WIDTH + 0.2


def _nodes(shape: list[tuple[int, int, int]]) -> list[spans.Node]:
    """Spans by how deep below the one before them each stands, when it begins, and how long it takes."""
    found: list[spans.Node] = []
    above: list[int] = []
    for up, start, length in shape:
        del above[max(len(above) - up, 0) :]
        one = spans.node(str(len(found)), "s", (1_000 + start, 1_000 + start + length), {}, [])
        one.parent, one.depth = (above[-1] if above else -1), len(above)
        above.append(len(found))
        found.append(one)
    return found


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(1, 12)), min_size=1, max_size=40))
def test_own_times_are_those_of_each_moment(shape: list[tuple[int, int, int]]) -> None:
    found = _nodes(shape)
    trace_tree.arrange(found)
    for place, one in enumerate(found):
        below = {moment for other in found[place + 1 : one.last + 1] for moment in range(other.begin, other.until)}
        assert one.own == len(set(range(one.begin, one.until)) - below)


@pytest.mark.parametrize("step", [10, -10])
def test_a_staircase_of_spans_costs_no_more_than_others(step: int) -> None:
    """Each a child of the one before, and none at the same time as another: 2.8 s where each looks at all below."""
    found = _nodes([(0, 500_000 + number * step, 5) for number in range(spans.MAX_SPANS)])
    began = time.thread_time()
    trace_tree.arrange(found)
    assert time.thread_time() - began < 1
    assert {one.own for one in found} == {5}


def test_a_large_attribute_is_kept_in_part() -> None:
    """A decoder holds up all threads for its whole call, and a browser has no use for 40 MB."""
    events = [{"name": "e", "attributes": {"text": "y" * 400_000}} for _ in range(9)]
    attributes = {"prompt": "x" * 40_000_000, "gen_ai.request.model": "m"}
    found = trace(span("run", 0, 1, span("other", 0, 1), attributes=attributes, events=events))
    assert [(node.name, node.note) for node in found.nodes] == [("run", "m"), ("other", "")]
    kept, happened = msgspec.json.decode(found.nodes[0].payload)
    assert ([*kept], len(kept["prompt"]) <= sizes.START, 0 < len(happened) < 9) == ([*attributes], True, True)
    assert len(found.nodes[0].payload) < 3 * sizes.LIMIT
