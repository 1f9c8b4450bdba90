"""What the console says a reset will do, against what the engine then does: every workflow, at each of its points."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from executions.services import history, rehearsal, reset_points, steps
from executions.services.history import EventRow
from executions.services.rehearsal import Rehearsal
from executions.services.steps import Step
from executions.upstream.types import History
from tests.executions.services import hostile
from tests.sandbox.api import WAIT_SECONDS, Api

pytestmark = pytest.mark.slow
POINTS = 6
"""As many as a history here has at most; for each, an execution of its own, since a reset changes the latest run."""


@dataclass
class Scenario:
    workflow: str
    given: dict[str, Any]
    act: Callable[[Api, str], None] = lambda api, execution_id: None
    """What a person does to it, after which it ends by itself."""
    switches: dict[str, bool] = field(default_factory=dict)
    goes_on: bool = False
    """Whether the new run may have no end: it misses what ended the first."""
    started: list[str] = field(default_factory=list)


def _decide(api: Api, execution_id: str) -> None:
    """An update while it screens, so that a point lies in an activity; then another, and the decision."""
    api.wait_for_event(execution_id, "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED")
    update = {"name": "set_priority", "input": {"priority": "high"}}
    assert api.post(execution_id, "/updates", update).status_code == 200
    api.wait_for_event(execution_id, "EVENT_TYPE_TIMER_STARTED")
    assert api.post(execution_id, "/updates", update | {"input": {"priority": "low"}}).status_code == 200
    approval = {"name": "approve", "input": {"reviewer": "user-7"}}
    assert api.post(execution_id, "/signals", approval).status_code == 202


def _cancel(api: Api, execution_id: str) -> None:
    api.wait_for_event(execution_id, "EVENT_TYPE_ACTIVITY_TASK_COMPLETED")
    assert api.post(execution_id, "/cancel").status_code == 204


INVOICE = {"document": "scan-1.pdf", "amount": 10}
SCENARIOS = {
    "invoice": Scenario("invoice-pipeline", INVOICE),
    "ledger away": Scenario("invoice-pipeline", INVOICE | {"flaw": "ledger"}),
    "totals wrong": Scenario("invoice-pipeline", INVOICE | {"flaw": "total"}),
    "review": Scenario("kyc-review", {"case": "case-1"}, _decide),
    "review without signals": Scenario(
        "kyc-review", {"case": "case-1"}, _decide, {"exclude_signals": True}, goes_on=True
    ),
    "review without updates": Scenario("kyc-review", {"case": "case-1"}, _decide, {"exclude_updates": True}),
    "research": Scenario("research-agent", {"question": "Why?", "sources": 3, "rounds": 2}),
    "export": Scenario("table-export", {"table": "orders", "chunks": 3}),
    "export canceled": Scenario(
        "table-export", {"table": "orders", "chunks": 4, "clean_up_seconds": 1}, _cancel, goes_on=True
    ),
}


def rows(events: Iterable[Any]) -> list[EventRow]:
    found = history.rows(History(raw=b"", events=[hostile.raw(one) for one in events]))
    assert found
    return found


def wait_for_end(api: Api, execution_id: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while api.get(execution_id)["status"] in {"RUNNING", "CONTINUED_AS_NEW"}:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture(scope="module", autouse=True)
def scenarios(api: Api) -> dict[str, Scenario]:
    """All of them at once, so that nobody waits for each in turn."""

    def begin(one: Scenario) -> str:
        execution_id = api.start(one.workflow, one.given)
        one.act(api, execution_id)
        return execution_id

    with ThreadPoolExecutor(8) as pool:
        started = {name: [pool.submit(begin, one) for _ in range(POINTS)] for name, one in SCENARIOS.items()}
    for name, found in started.items():
        SCENARIOS[name].started = [one.result() for one in found]
    return SCENARIOS


def of(found: Iterable[Step], *kinds: str) -> list[tuple[str, str, str]]:
    # The workflow tells `book` whether it was reset.
    return [(one.kind, one.name, one.input if one.name != "book" else "") for one in found if one.kind in kinds]


def check(before: list[EventRow], after: list[EventRow], said: Rehearsal, *, differs: bool) -> None:
    """`differs`: the new run misses something, and may do more or less from there on."""
    point = said.point.event_id
    assert [one.body for one in after[: said.kept]] == [one.body for one in before[: said.kept]]
    assert after[said.kept].kind == "WorkflowTaskFailed"
    assert said.kept + said.thrown_away == len(before)
    done = steps.steps(after)
    new = [one for one in done if one.id > point]
    worked = Counter(of((one for one in done if one.id > point or one.is_open_at(point)), "activity"))
    expected = Counter(of(said.runs_again, "activity"))
    if differs:
        assert worked & expected == expected
    else:
        assert worked == expected
        assert of(new, "child") == of(said.orphans, "child")
        assert said.perhaps == ()
    # In the order in which they came. An answer from before the point comes again by itself.
    assert of(new, "signal", "update") == of(said.applied, "signal", "update")
    assert of((one for one in done if one.is_open_at(point)), "child", "timer") == of(
        [*said.children, *said.timers], "child", "timer"
    )
    assert {one.target for one in said.children} <= {one.target for one in done if one.kind == "child" and one.closed}


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_it_says_is_what_happens(api: Api, scenarios: dict[str, Scenario], name: str) -> None:
    one = scenarios[name]
    seen: list[tuple[str, list[EventRow], Rehearsal]] = []
    for place, execution_id in enumerate(one.started):
        wait_for_end(api, execution_id)
        before = rows(api.history(execution_id))
        points = reset_points.points(before)[::-1]
        if place >= len(points):
            continue
        said = rehearsal.rehearse(before, points[place], **one.switches)
        body = {"event_id": said.point.event_id, "reason": "to see", **one.switches}
        assert api.post(execution_id, "/reset", body).status_code == 204
        seen.append((execution_id, before, said))
    assert len(seen) >= 3
    for execution_id, before, said in seen:
        differs = bool(said.left_out) or said.lost_cancel is not None
        if one.goes_on and differs:
            _wait_for(api, execution_id, said)
        else:
            wait_for_end(api, execution_id)
        check(before, rows(api.history(execution_id)), said, differs=differs)
        if api.get(execution_id)["status"] == "RUNNING":
            api.post(execution_id, "/terminate")
    _everything_was_met(name, [said for _, _, said in seen])


def _wait_for(api: Api, execution_id: str, said: Rehearsal) -> None:
    """Until what was said has happened; a run that misses its end goes on or waits."""
    deadline = time.monotonic() + WAIT_SECONDS
    expected = Counter(of(said.runs_again, "activity"))
    while True:
        done = steps.steps(rows(api.history(execution_id)))
        point = said.point.event_id
        ended = [one for one in done if one.closed and one.closed.id > point]
        updates = [one for one in done if one.kind == "update" and one.id > point]
        if Counter(of(ended, "activity")) & expected == expected and len(updates) >= len(of(said.applied, "update")):
            return
        assert time.monotonic() < deadline, (expected, done)
        time.sleep(0.1)


def _everything_was_met(name: str, said: list[Rehearsal]) -> None:
    """The cases are worth nothing if what they are for did not come up."""
    match name:
        case "review":
            assert any(one.pending for one in said)
            assert any(one.timers for one in said)
            assert {kind for one in said for kind, *_ in of(one.applied, "signal", "update")} == {"signal", "update"}
        case "review without signals":
            assert {kind for one in said for kind, *_ in of(one.left_out, "signal", "update")} == {"signal"}
        case "review without updates":
            assert {kind for one in said for kind, *_ in of(one.left_out, "signal", "update")} == {"update"}
        case "research":
            assert any(one.orphans for one in said)
            assert any(one.children for one in said)
        case "export canceled":
            assert any(one.perhaps and one.lost_cancel for one in said)
            assert any(one.kept_cancel for one in said)


def test_a_run_that_was_reset_can_be_reset_again(api: Api) -> None:
    """An update that was applied again is admitted in one event and accepted in another."""
    execution_id = api.start("kyc-review", {"case": "case-1"})
    _decide(api, execution_id)
    for applied in (3, 0):
        wait_for_end(api, execution_id)
        before = rows(api.history(execution_id))
        said = rehearsal.rehearse(before, reset_points.points(before)[-1])
        # The second time they stand before the point, and are kept.
        assert len(said.applied) == applied
        assert api.post(execution_id, "/reset", {"event_id": said.point.event_id}).status_code == 204
        wait_for_end(api, execution_id)
        after = rows(api.history(execution_id))
        check(before, after, said, differs=False)
        updates = [one for one in steps.steps(after) if one.kind == "update"]
        assert [(one.name, one.input, one.outcome) for one in updates] == [
            ("set_priority", '{"priority":"high"}', "answered"),
            ("set_priority", '{"priority":"low"}', "answered"),
        ]


def test_a_run_that_goes_on_is_terminated_with_the_reason(api: Api) -> None:
    execution_id = api.start("table-export", {"table": "orders", "chunks": 100})
    api.wait_for_event(execution_id, "EVENT_TYPE_ACTIVITY_TASK_COMPLETED")
    before = api.get(execution_id)
    assert api.post(execution_id, "/reset", {"event_id": 4, "reason": "the table was wrong"}).status_code == 204
    old = api.http.get(f"/runs/{before['run_id']}").json()
    events = api.http.get(f"/runs/{before['run_id']}/history").json()["events"]
    assert old["status"] == "TERMINATED"
    assert events[-1]["workflowExecutionTerminatedEventAttributes"]["reason"] == "the table was wrong"
    assert api.get(execution_id)["status"] == "RUNNING"
    api.post(execution_id, "/terminate")
