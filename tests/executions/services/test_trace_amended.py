"""A trace's lengths with what the history knows: what goes on, what was given up."""

from executions.services import trace_amended
from tests.executions.services.trace_shapes import SECOND, START, span, trace

MICRO = 1_000_000


def test_a_parent_is_not_at_work_itself_while_something_below_goes_on() -> None:
    found = trace(span("run", 0, None, span("start", 1, 1), span("book", 0, 1)), START + 10 * SECOND)
    assert [(node.own / SECOND, node.critical / SECOND) for node in found.nodes] == [(9, 9), (1, 1), (0, -1 / SECOND)]
    start = found.places["id-start"]
    assert trace_amended.changed(found, {start: found.last}) == {
        0: (10 * MICRO, 0, 0),
        start: (9 * MICRO, 9 * MICRO, 9 * MICRO),
    }
    # What the trace itself says stays as it is.
    assert found.nodes[start].until == found.nodes[start].begin


def test_for_an_attempt_that_was_given_up_nobody_waited_any_more() -> None:
    tries = [span("try", 1, 8), span("try", 4, 11) | {"span_id": "second"}]
    found = trace(span("run", 0, 6, span("start", 1, 1, *tries)), end_time="2026-01-31T14:05:06Z")
    start, first, second = 1, 2, 3
    ends = {start: START + 6 * SECOND, first: START + 3 * SECOND, second: START + 6 * SECOND}
    assert trace_amended.changed(found, ends) == {
        # Its bar ends with the activity; theirs with the worker's work.
        start: (5 * MICRO, 1 * MICRO, 1 * MICRO),
        first: (7 * MICRO, 7 * MICRO, 2 * MICRO),
    }


def test_without_anything_to_add_nothing_is_other() -> None:
    found = trace(span("run", 0, 1))
    assert trace_amended.changed(found, {}) == {}
    assert trace_amended.changed(found, {0: found.last}) == {}
