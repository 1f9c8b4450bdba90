"""Spans of what has not ended, as the history knows it."""

from typing import Any

import pytest

from executions.services import runs, under_way
from executions.services.attempts import Attempt
from executions.services.under_way import UnderWay
from executions.services.waits import Facts
from executions.upstream.types import Execution
from tests.executions import canned
from tests.executions.services.test_joined import index
from tests.executions.services.trace_shapes import failed, span, trace
from tests.executions.services.why_shapes import activity, attempt, child, facts

RETRYING = UnderWay("retrying, attempt 4", "retrying", failing=True)
RUNNING = UnderWay("still running", "running", failing=False)
UNKNOWN = UnderWay("not ended", "not ended", failing=False)


def its(**more: str) -> dict[str, Any]:
    return {"temporalWorkflowID": canned.ID, "temporalRunID": "r-1"} | more


def started(name: str, at: float, *attempts: dict[str, Any], kind: str = "Activity") -> dict[str, Any]:
    return span(f"Start{kind}:{name}", at, at, *attempts, attributes=its())


def tried(at: float, activity: str, **more: Any) -> dict[str, Any]:
    about = its(temporalActivityID=activity)
    return span("RunActivity:extract", at, at + 1, **failed("it broke", "ValueError", **about), **more)


def going(*below: dict[str, Any], events: list[dict[str, Any]], known: Facts, **more: Any) -> dict[str, UnderWay]:
    run = runs.run(Execution(execution_id=canned.ID, **{"status": "RUNNING", **more}))
    made = trace(span("root", 0, None, *below))
    return {made.nodes[place].id: one for place, one in under_way.of(run, made, index(*events), known).items()}


def of_activity(
    *below: dict[str, Any], known: Facts | None = None, events: list[dict[str, Any]] | None = None, **more: Any
) -> dict[str, UnderWay]:
    return going(*below, events=events or [activity(6)], known=known or facts(attempt(3)), **more)


def test_an_activity_that_is_tried_again_is_not_over() -> None:
    before = started("extract", 3.9, tried(4, "9")) | {"span_id": "before"}
    assert of_activity(before, started("extract", 5.5, tried(6, "1"), tried(8, "1"))) == {
        "id-StartActivity:extract": RETRYING
    }


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (facts(attempt()), RUNNING),
        (facts(complete=False), UNKNOWN),
        (facts(), UnderWay("no worker has picked it up", "waiting", failing=True)),
    ],
)
def test_one_without_any_span_of_an_attempt_goes_by_its_name_and_time(known: Facts, said: UnderWay) -> None:
    other = [started("print", 6), started("extract", 2) | {"span_id": "long ago"}]
    other.append(started("extract", 6, tried(6.2, "9")) | {"span_id": "another's"})
    assert of_activity(*other, started("extract", 5.8), known=known) == {"id-StartActivity:extract": said}


def test_each_span_is_of_one_activity() -> None:
    events = [activity(6), canned.event(7, "ACTIVITY_TASK_SCHEDULED", activityId="2", activityType={"name": "extract"})]
    known = facts(attempt(3), Attempt("extract", "r-1", None))
    found = of_activity(
        started("extract", 6), started("extract", 6) | {"span_id": "second"}, events=events, known=known
    )
    assert found == {"id-StartActivity:extract": RETRYING, "second": RUNNING}


def test_a_child_goes_on_with_its_run_and_so_does_the_run_itself() -> None:
    inside = span("RunWorkflow:child", 7, 7, attributes={"temporalWorkflowID": "inv-1-source-1"})
    below = started("source-reader", 6, inside, kind="ChildWorkflow")
    own = span("RunWorkflow:invoice", 0, 0, below, attributes=its())
    before = span("RunWorkflow:before", 0, 0, attributes=its(temporalRunID="r-0"))
    found = going(before, own, events=child(6, "source-reader"), known=facts())
    assert found == dict.fromkeys(
        ["id-RunWorkflow:invoice", "id-StartChildWorkflow:source-reader", "id-RunWorkflow:child"], RUNNING
    )


def test_of_what_a_child_started_only_its_own_history_knows() -> None:
    its_own = {"temporalWorkflowID": "inv-1-source-1"}

    def step(name: str, at: float, *below: dict[str, Any], kind: str = "Activity") -> dict[str, Any]:
        return span(f"Start{kind}:{name}", at, at, *below, attributes=its_own)

    done = span("RunActivity:lay_out", 7, 8, attributes=its_own | {"temporalActivityID": "1"})
    gone = span("RunActivity:book", 7, 8, **failed("it broke", "ValueError", **its_own, temporalActivityID="2"))
    grandchild = step("deep", 7, step("given up", 7.5), span("CompleteWorkflow:deep", 8, 8), kind="ChildWorkflow")
    inside = [step("lay_out", 7, done), step("book", 7, gone), grandchild, step("print", 8)]
    below = started("source-reader", 6, *inside, kind="ChildWorkflow")
    found = going(below, events=child(6, "source-reader"), known=facts())
    elsewhere = UnderWay("not known here: its own execution still runs", "unknown", failing=False, known=False)
    assert found == {
        "id-StartChildWorkflow:source-reader": RUNNING,
        "id-StartActivity:book": elsewhere,
        "id-StartActivity:print": elsewhere,
    }


def test_nothing_goes_on_in_a_run_that_is_over_or_when_it_has_ended() -> None:
    below = started("extract", 6, tried(6, "1"))
    assert of_activity(below, status="TERMINATED") == {}
    done = canned.event(9, "ACTIVITY_TASK_COMPLETED", scheduledEventId="6")
    assert of_activity(below, events=[activity(6), done]) == {}


def scheduled(*names: str) -> list[dict[str, Any]]:
    """Activities of these names, all in one moment, with ids from the last to the first."""
    return [
        canned.event(6, "ACTIVITY_TASK_SCHEDULED", activityId=str(len(names) - place), activityType={"name": name})
        | {"eventId": str(place + 1)}
        for place, name in enumerate(names)
    ]


def test_what_fails_is_looked_for_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_way, "MOST", 2)
    below = [started(name, 6) | {"span_id": f"{name}-{one}"} for one in range(3) for name in ("extract", "book")]
    known = facts(Attempt("book", "r-1", None, failures=1))
    found = going(*below, events=scheduled("extract", "extract", "extract", "book"), known=known)
    assert sorted(found) == ["book-0", "extract-0"]
    assert found["book-0"].is_retrying


def test_many_of_one_name_and_moment_are_not_looked_at_for_each_activity() -> None:
    class Counted(list[Any]):
        looks = 0

        def __getitem__(self, place: Any) -> Any:
            self.looks += 1
            return super().__getitem__(place)

    made = trace(span("root", 0, None, *(started("extract", 6) | {"span_id": f"{one}"} for one in range(2_000))))
    made.nodes = nodes = Counted(made.nodes)
    run = runs.run(Execution(execution_id=canned.ID, status="RUNNING"))
    found = under_way.of(run, made, index(*scheduled(*["extract"] * 100)), facts())
    assert len(found) == 100
    assert nodes.looks < 10 * len(nodes)
