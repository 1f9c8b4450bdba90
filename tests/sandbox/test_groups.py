"""A history's compact rows against the engine's own references, on what the engine writes of every workflow.

Nothing here asks the console which events belong together: that an event names another one in an attribute is the
engine's word, and so is how a thing ended.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import pytest

from console.sandbox.promises import Status
from console.sandbox.workflows import DECLARATIONS
from executions.services.history_index import Index
from executions.services.steps import Step
from executions.upstream.types import History, HistoryEvents
from tests.sandbox import running
from tests.sandbox.api import Api

pytestmark = pytest.mark.slow
SECONDS = 90
"""Three times what it takes, for busy machines."""
ELSEWHERE = {
    # Of every command: the workflow task that gave it.
    "workflowTaskCompletedEventId",
    # In the history of another execution, or of the run before a reset.
    "parentInitiatedEventId",
    "baseRunLowestEventId",
    "baseRunLowestVersion",
}
"""References that group nothing."""
OPENS = {
    "ACTIVITY_TASK_SCHEDULED": "activity",
    "TIMER_STARTED": "timer",
    "START_CHILD_WORKFLOW_EXECUTION_INITIATED": "child",
    "WORKFLOW_EXECUTION_SIGNALED": "signal",
    "WORKFLOW_EXECUTION_UPDATE_ADMITTED": "update",
    "WORKFLOW_EXECUTION_UPDATE_ACCEPTED": "update",
    "WORKFLOW_EXECUTION_CANCEL_REQUESTED": "cancel",
}
COMES = {"WORKFLOW_EXECUTION_SIGNALED", "WORKFLOW_EXECUTION_CANCEL_REQUESTED"}
"""What only comes to a run, and takes no time."""
OUTCOMES = {
    **{f"ACTIVITY_TASK_{end}": end for end in ("COMPLETED", "FAILED", "CANCELED")},
    "ACTIVITY_TASK_TIMED_OUT": "TIMED OUT",
    **{f"CHILD_WORKFLOW_EXECUTION_{end}": end for end in ("COMPLETED", "FAILED", "CANCELED", "TERMINATED")},
    "CHILD_WORKFLOW_EXECUTION_TIMED_OUT": "TIMED OUT",
    "TIMER_FIRED": "FIRED",
    "TIMER_CANCELED": "CANCELED",
    "WORKFLOW_EXECUTION_UPDATE_COMPLETED": "ANSWERED",
}
"""What each event that closes something says of it."""
STARTS = {
    "ACTIVITY_TASK_STARTED",
    "CHILD_WORKFLOW_EXECUTION_STARTED",
    "WORKFLOW_EXECUTION_UPDATE_ACCEPTED",
}
FAILS = {"FAILED", "TIMED OUT"}


@dataclass
class Recorded:
    """A run, what the engine recorded of it, and what the console makes of that."""

    run: dict[str, Any]
    events: dict[int, dict[str, Any]]
    index: Index

    @property
    def name(self) -> str:
        return f"{self.run['workflow_name']} {self.run['status']} {self.run['run_id']}"

    def kind(self, event_id: int) -> str:
        return str(self.events[event_id]["eventType"]).removeprefix("EVENT_TYPE_")

    def attributes(self, event_id: int) -> dict[str, Any]:
        event = self.events[event_id]
        return next((dict(event[key]) for key in event if key.endswith("EventAttributes")), {})

    def is_task(self, event_id: int) -> bool:
        return self.kind(event_id).startswith("WORKFLOW_TASK_")

    def is_trouble(self, event_id: int) -> bool:
        """A task that fails without a failure was of no use any more: its run had been ended from outside."""
        return "failure" in self.attributes(event_id) or self.kind(event_id).endswith("TIMED_OUT")

    def references(self, event_id: int) -> set[int]:
        """The events that this one names and that are no workflow tasks."""
        named = {
            int(value)
            for key, value in self.attributes(event_id).items()
            if key.endswith("EventId") and key not in ELSEWHERE and str(value).isdigit()
        }
        return {one for one in named if one in self.events and not self.is_task(one)}

    def groups(self) -> dict[int, set[int]]:
        """The events that name each other, by the first of each that begins something."""
        group = {one: one for one in self.events}
        for event_id in self.events:
            for other in self.references(event_id):
                group[event_id] = group[other]
        found = defaultdict(set)
        for event_id, first in group.items():
            found[first].add(event_id)
        return {first: ids for first, ids in found.items() if self.kind(first) in OPENS}

    def moment(self, event_id: int) -> datetime:
        return datetime.fromisoformat(self.events[event_id]["eventTime"])


@pytest.fixture(scope="module")
def seeded() -> Iterator[Api]:
    with running.running() as sandbox:
        yield Api(sandbox.url)


def listed(api: Api) -> list[dict[str, Any]]:
    return list(api.http.get("/runs", params={"page_size": 1000}).json()["executions"])


def wait(api: Api, done: Any) -> list[dict[str, Any]]:
    deadline = time.monotonic() + SECONDS
    while not done(found := listed(api)):
        assert time.monotonic() < deadline, sorted((one["workflow_name"], one["status"]) for one in found)
        time.sleep(0.2)
    return found


def states(found: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(one["workflow_name"], one["status"]) for one in found}


WANTED = {
    ("invoice-pipeline", "COMPLETED"),
    ("invoice-pipeline", "FAILED"),
    ("kyc-review", "RUNNING"),
    ("kyc-review", "COMPLETED"),
    ("kyc-review", "CANCELED"),
    ("kyc-review", "TERMINATED"),
    ("kyc-review", "TIMED_OUT"),
    ("research-agent", "COMPLETED"),
    ("source-reader", "COMPLETED"),
    ("table-export", "RUNNING"),
    ("table-export", "COMPLETED"),
    ("table-export", "CANCELED"),
    ("table-export", "TERMINATED"),
    ("partner-webhook", "RUNNING"),
    ("partner-webhook", "COMPLETED"),
    ("nightly-reconciliation", "CONTINUED_AS_NEW"),
    ("nightly-reconciliation", "COMPLETED"),
    ("bank-settlement", "FAILED"),
    ("bank-settlement", "COMPLETED"),
    ("subscription-renewal", "RUNNING"),
    ("subscription-renewal", "COMPLETED"),
    ("monthly-statements", "RUNNING"),
    ("monthly-statements", "TERMINATED"),
    ("statement-print", "RUNNING"),
    ("statement-archive", "RUNNING"),
}


def act(api: Api) -> list[str]:
    """What the seed does not do. Returns the executions that were reset."""
    api.start("partner-webhook", {"order": "o-1", "url": "https://x.example", "outage_seconds": 2.5})
    api.start("bank-settlement", {"transfer": "T-1", "bank_seconds": 0})
    api.start("subscription-renewal", {"subscription": "sub-1"})
    month = api.start("monthly-statements", {"month": "last", "accounts": ["DE-1"]})
    api.wait_for_event(month, "EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED")
    api.post(month, "/terminate")
    ledger = api.start("invoice-pipeline", {"document": "scan.pdf", "amount": 10, "flaw": "ledger"})
    review = api.start_review()
    for priority, answered in (("high", 200), ("high", 422), ("low", 200)):
        body = {"name": "set_priority", "input": {"priority": priority}}
        assert api.post(review, "/updates", body).status_code == answered
    body = {"name": "approve", "input": {"reviewer": "user-7"}}
    assert api.post(review, "/signals", body).is_success
    api.wait_for(review, "COMPLETED")
    api.wait_for(ledger, "FAILED")
    for execution_id, activity in ((ledger, "book"), (review, "screen")):
        point = api.point_before(execution_id, activity)
        assert api.post(execution_id, "/reset", {"event_id": point, "reason": "to see"}).status_code == 204
        api.wait_for(execution_id, "COMPLETED")
    return [ledger, review]


@pytest.fixture(scope="module")
def reset(seeded: Api) -> list[str]:
    return act(seeded)


@pytest.fixture(scope="module")
def every(seeded: Api, reset: list[str]) -> list[Recorded]:
    """All runs of the sandbox, earlier ones of an execution too; each as it was at one moment."""
    listed_runs = wait(seeded, lambda found: states(found) >= WANTED)
    for one in listed_runs:
        if one["workflow_name"] == "subscription-renewal" and one["status"] == "RUNNING":
            seeded.wait_for_event(one["execution_id"], "EVENT_TYPE_WORKFLOW_TASK_FAILED")
    return [recorded(seeded, one) for one in listed_runs]


def recorded(api: Api, run: dict[str, Any]) -> Recorded:
    address = f"/runs/{run['run_id']}"
    content = api.http.get(f"{address}/history", params={"decode_payloads": "false"}).content
    now = api.http.get(address).json()
    # One that has ended between the two is looked at once more.
    if now["status"] != run["status"]:
        return recorded(api, now)
    events = {int(one["eventId"]): one for one in msgspec.json.decode(content)["events"]}
    index = Index(History(raw=content, events=msgspec.json.decode(content, type=HistoryEvents).events))
    return Recorded(now, events, index)


def test_every_workflow_and_every_status_is_there(every: list[Recorded]) -> None:
    assert {one.run["workflow_name"] for one in every} == set(DECLARATIONS)
    assert {one.run["status"] for one in every} == set(Status.__args__) - {"RETRYING_AFTER_ERROR"}
    met = {one.kind(event_id) for one in every for event_id in one.events}
    assert {*OPENS, *STARTS, "ACTIVITY_TASK_CANCEL_REQUESTED", "WORKFLOW_TASK_FAILED"} <= met


def test_each_event_is_in_one_row(every: list[Recorded]) -> None:
    for one in every:
        assert one.index.events
        assert [event.id for event in one.index.events] == [*one.events]
        places: dict[int, list[int]] = defaultdict(list)
        for row in one.index.compact:
            for event in row.events if isinstance(row, Step) else [row]:
                places[event.id].append(row.id)
        assert {event_id: rows for event_id, rows in places.items() if len(rows) > 1} == {}, one.name
        # Left out are workflow tasks that nothing was wrong with, and nothing else.
        left_out = {event_id for event_id in one.events if event_id not in places}
        quiet = {event_id for event_id in one.events if one.is_task(event_id) and not one.is_trouble(event_id)}
        assert left_out == quiet, one.name
        assert [row.id for row in one.index.compact] == sorted(row.id for row in one.index.compact)


def test_a_row_s_events_are_those_that_name_its_first_and_no_others(every: list[Recorded]) -> None:
    for one in every:
        found = {step.id: {event.id for event in step.events} for step in one.index.steps}
        assert found == one.groups(), one.name
        for first, ids in found.items():
            for event_id in ids:
                assert one.references(event_id) <= ids, f"{one.name} {event_id}"
                assert (event_id == first) == (not one.references(event_id)), f"{one.name} {event_id}"


def test_what_came_of_each_is_what_the_engine_wrote(every: list[Recorded]) -> None:
    seen = set()
    for one in every:
        for step in one.index.steps:
            ids = one.groups()[step.id]
            assert step.kind == OPENS[one.kind(step.id)], one.name
            ends = [event_id for event_id in ids if one.kind(event_id) in OUTCOMES]
            assert len(ends) <= 1
            if step.kind in {"signal", "cancel"}:
                assert (step.outcome, step.is_pending, ids) == ("received", False, {step.id})
                continue
            assert step.is_pending == (not ends), f"{one.name} {step.id}"
            if not ends:
                begun = any(
                    one.kind(event_id).endswith(("_STARTED", "UPDATE_ACCEPTED")) for event_id in ids - {step.id}
                )
                assert step.outcome == ("under way" if begun else "not completed"), f"{one.name} {step.id}"
                continue
            (end,) = ends
            word = OUTCOMES[one.kind(end)]
            if step.kind == "update" and "failure" in one.attributes(end)["outcome"]:
                word = "FAILED"
            seen.add((step.kind, word))
            assert (step.outcome, step.failed) == (word.lower(), word in FAILS), f"{one.name} {step.id}"
            took = (one.moment(end) - one.moment(step.id)).total_seconds()
            assert step.seconds == pytest.approx(took, abs=2e-6)
    # An activity that is to be canceled may have ended before.
    assert seen | {("activity", "CANCELED")} == {
        *(("activity", word) for word in ("COMPLETED", "FAILED", "TIMED OUT", "CANCELED")),
        *(("timer", word) for word in ("FIRED", "CANCELED")),
        ("child", "COMPLETED"),
        ("update", "ANSWERED"),
    }


def test_retries_are_counted_as_the_engine_counts(every: list[Recorded]) -> None:
    counted = set()
    for one in every:
        for step in one.index.steps:
            starts = [
                one.attributes(event_id)
                for event_id in one.groups()[step.id]
                if one.kind(event_id) == "ACTIVITY_TASK_STARTED"
            ]
            assert len(starts) <= 1
            attempt = int(starts[0]["attempt"]) if starts else 0
            assert step.attempt == attempt, f"{one.name} {step.id}"
            counted.add((one.run["workflow_name"], attempt))
    assert counted >= {("invoice-pipeline", 1), ("invoice-pipeline", 3), ("bank-settlement", 2), ("partner-webhook", 3)}


def test_a_run_s_status_is_that_of_its_last_event(every: list[Recorded]) -> None:
    for one in every:
        closing = [
            kind.removeprefix("WORKFLOW_EXECUTION_")
            for event_id in one.events
            if (kind := one.kind(event_id)).startswith("WORKFLOW_EXECUTION_")
            and kind.removeprefix("WORKFLOW_EXECUTION_") in Status.__args__
        ]
        assert closing == ([] if one.run["status"] == "RUNNING" else [one.run["status"]]), one.name
        failed = one.run["status"] in {"FAILED", "TIMED_OUT"}
        assert (one.index.failed(compact=True)[-1:] == [max(one.events)]) == failed, one.name


def test_what_waits_for_an_answer_is_pending(every: list[Recorded]) -> None:
    for one in every:
        open_groups = [
            first
            for first, ids in one.groups().items()
            if one.kind(first) not in COMES and not {one.kind(event_id) for event_id in ids} & set(OUTCOMES)
        ]
        assert one.index.pending == open_groups, one.name


def test_a_run_that_was_reset_has_what_was_kept_and_what_came_after(every: list[Recorded], reset: list[str]) -> None:
    """Its updates are applied again: admitted in one event, accepted in another, and one row for both."""
    ledger, review = ([one for one in every if one.run["execution_id"] == execution_id] for execution_id in reset)
    assert sorted(one.run["status"] for one in ledger) == ["COMPLETED", "FAILED"]
    assert sorted(one.run["status"] for one in review) == ["COMPLETED", "COMPLETED"]
    for runs in (ledger, review):
        (new,) = (one for one in runs if "RESET_WORKFLOW" in str(one.events))
        (old,) = (one for one in runs if one is not new)
        same = [event_id for event_id, event in new.events.items() if old.events.get(event_id) == event]
        kept = [row.id for row in new.index.compact if row.id in same]
        assert kept, new.name
    updates = [[step for step in one.index.steps if step.kind == "update"] for one in review]
    assert [[(step.name, step.outcome) for step in one] for one in updates] == [[("set_priority", "answered")] * 2] * 2
    assert sorted(len(one[0].events) for one in updates) == [2, 3]


def test_runs_that_go_on_as_new_are_apart(every: list[Recorded]) -> None:
    nights = [one for one in every if one.run["workflow_name"] == "nightly-reconciliation"]
    assert sorted(one.run["status"] for one in nights) == ["COMPLETED", "CONTINUED_AS_NEW", "CONTINUED_AS_NEW"]
    # By the engine's own ids, which are not the API's.
    new = [one.attributes(max(one.events)).get("newExecutionRunId") for one in nights]
    following = [one.attributes(1) for one in nights if one.attributes(1).get("continuedExecutionRunId")]
    assert {one["originalExecutionRunId"] for one in following} == set(filter(None, new))
    for one in nights:
        assert [step.outcome for step in one.index.steps] == ["completed"] * 6
