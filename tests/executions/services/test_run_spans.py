"""The spans of one run, out of a trace that has those of several."""

import gc
import weakref
from typing import Any

import pytest

from executions.services import history_index, run_spans, runs, spans
from executions.services.history_index import Index
from executions.services.runs import Run
from executions.services.traces import Trace
from executions.upstream import errors
from executions.upstream.types import Execution
from tests.executions import canned
from tests.executions.services.test_joined import index
from tests.executions.services.trace_shapes import SECOND, START, span, trace


def run(started: int, ended: int | None, run_id: str = canned.RUN) -> Run:
    times = [None if one is None else f"2026-01-31T14:05:{one:02}Z" for one in (started, ended)]
    status = "RUNNING" if ended is None else "COMPLETED"
    found = Execution(execution_id=canned.ID, run_id=run_id, status=status, start_time=times[0], end_time=times[1])
    return runs.run(found)


def of(run_id: str, workflow: str = canned.ID) -> dict[str, Any]:
    return {"attributes": {"temporalWorkflowID": workflow, "temporalRunID": run_id}}


def chain() -> Trace:
    """Two runs, the second below what went on as it; a child has a run of its own, a model's call none."""
    second = span("second", 20.1, 20.1, span("its", 21, 25, span("late", 21, 22), **of("r-2")), **of("r-2"))
    child = span("child", 3, 8, span("call", 4, 5), **of("c-1", "a-child"))
    first = span("first", 0.1, 0.1, child, second, **of("r-1"))
    return trace(span("root", 0, None, first))


def shown(found: Trace | None) -> list[tuple[str, int, float, float]]:
    assert found
    return [
        (one.name, one.depth, *(round((at - found.first) / 1e9, 1) for at in (one.begin, one.until)))
        for one in found.nodes
    ]


@pytest.fixture(autouse=True)
def history(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The engine's ids that histories tell, one for each that is asked for; without any they cannot be read."""
    told: list[str] = []

    def read(_: Run) -> Index:
        if not told:
            raise errors.NotFound("gone", status=404)
        return index(canned.event(1, "WORKFLOW_EXECUTION_STARTED", originalExecutionRunId=told[0]))

    monkeypatch.setattr(history_index, "of", read)
    return told


def test_a_run_has_its_own_spans_with_all_that_stands_below_them() -> None:
    found = run_spans.of(run(0, 20), made := chain())
    assert shown(found.trace) == [("root", 0, 0, 20), ("first", 1, 0.1, 8), ("child", 2, 3, 8), ("call", 3, 4, 5)]
    assert found.others == 3
    found = run_spans.of(run(20, None), made)
    assert shown(found.trace) == [("root", 0, 0, 5), ("second", 1, 0.1, 5), ("its", 2, 1, 5), ("late", 3, 1, 2)]
    assert found.others == 3
    # The whole one stays as it was.
    assert [node.name for node in made.nodes] == ["root", "first", "child", "call", "second", "its", "late"]
    assert made.nodes[1].end == made.nodes[5].end


def test_the_only_run_has_all_of_it() -> None:
    made = trace(span("root", 0, 10, span("first", 1, 2, **of("r-1")), span("before", -9, -8)))
    assert run_spans.of(run(0, 10), made) == run_spans.RunSpans(made)


def test_the_api_s_id_of_a_run_counts_more_than_its_time() -> None:
    made = trace(span("root", 0, 50, span("a", 40, 41, **of(canned.RUN)), span("b", 1, 2, **of("r-2"))))
    assert [node.name for node in (run_spans.of(run(0, 10), made).trace or made).nodes] == ["root", "a"]


@pytest.mark.parametrize(("told", "name"), [(["r-2"], "b"), ([], "a")])
def test_runs_that_follow_each_other_at_once_are_told_apart(history: list[str], told: list[str], name: str) -> None:
    history += told
    made = trace(span("root", 0, 9, span("a", 1, 2, **of("r-1")), span("b", 2, 3, **of("r-2"))))
    assert [node.name for node in (run_spans.of(run(1, 2), made).trace or made).nodes] == ["root", name]


@pytest.mark.parametrize(("told", "found"), [(["r-9"], (None, 1)), ([], (2, 0))])
def test_a_run_without_spans_is_told_from_one_whose_clock_differs(
    history: list[str], told: list[str], found: tuple[int | None, int]
) -> None:
    history += told
    whole = trace(span("root", 0, None, span("a", 1, 2, **of("r-1"))), now=START + 40 * SECOND)
    made = run_spans.of(run(30, None), whole)
    assert (made.trace and made.trace.total, made.others) == found


def test_without_a_run_s_id_its_time_counts() -> None:
    made = trace(span("root", 0, 50, span("a", 1, 2), span("b", 30, 31)))
    found = run_spans.of(run(25, 50), made)
    assert shown(found.trace) == [("root", 0, 0, 25), ("b", 1, 5, 6)]
    assert (found.others, found.by_time) == (1, True)


@pytest.mark.parametrize(
    ("told", "when", "names"),
    [
        # The only run that is named began before this one: the run before it, or clocks that differ.
        ("r-9", 0.5, None),
        ("r-1", 0.5, ["root", "a"]),
        ("r-9", 1.0, ["root", "a"]),
    ],
)
def test_in_doubt_the_history_tells_whose_a_span_is(
    history: list[str], told: str, when: float, names: list[str] | None
) -> None:
    history.append(told)
    found = run_spans.of(run(1, None), trace(span("root", 0, None, span("a", when, 2, **of("r-1"))))).trace
    assert (found and [node.name for node in found.nodes]) == names


def test_of_several_runs_the_history_counts_more_than_time(history: list[str]) -> None:
    """A worker's clock that is 3 s late puts the next run's spans into this one's time."""
    history.append("r-1")
    made = trace(span("root", 0, None, span("first", -3, 6, **of("r-1")), span("second", 7, 8, **of("r-2"))))
    found = run_spans.of(run(0, 10), made).trace
    assert found
    assert [node.name for node in found.nodes] == ["root", "first"]


def test_a_trace_that_nobody_keeps_goes() -> None:
    made = trace(span("root", 0, 10, span("first", 1, 2, **of("r-1"))))
    assert run_spans.of(run(0, 10), made).trace is made
    kept = weakref.ref(made)
    del made
    gc.collect()
    assert kept() is None


def test_parts_are_kept_for_some_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_spans, "MOST_RUNS", 2)
    made = chain()
    first = run_spans.of(run(0, 20), made)
    assert run_spans.of(run(0, 20), made) is first
    for run_id in ("other", "third"):
        run_spans.of(run(20, None, run_id), made)
    assert run_spans.of(run(0, 20), made) is not first


def test_of_a_trace_that_is_cut_a_part_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "MAX_SPANS", 4)
    made = chain()
    assert made.total == 4
    assert (run_spans.whole(made).cut_at, run_spans.of(run(0, 20), made).cut_at) == (4, 4)
    monkeypatch.setattr(spans, "MAX_SPANS", 5)
    assert run_spans.whole(made).cut_at == 0
