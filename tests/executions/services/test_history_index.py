"""A history worked through once: its compact rows, its search, and that it holds up nobody."""

import json
import threading
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from executions.services import history_index, reads, runs
from executions.services.history_index import Index
from executions.services.steps import Step
from executions.upstream.types import Execution, History, HistoryEvents
from tests.executions import canned
from tests.executions.canned import event
from tests.executions.services.test_history import EVENTS
from tests.faulty import Faulty, reply


def index(events: list[Any]) -> Index:
    content = json.dumps({"events": events}).encode()
    return Index(History(raw=content, events=msgspec.json.decode(content, type=HistoryEvents).events))


def ids(rows: list[Any]) -> list[int]:
    return [row.id for row in rows]


def test_compact_has_each_thing_once_and_no_workflow_tasks() -> None:
    found = index(EVENTS)
    kinds = [(row.id, row.kind if isinstance(row, Step) else "event") for row in found.compact]
    assert kinds == [
        *((1, "event"), (5, "activity"), (8, "timer"), (10, "signal"), (11, "update"), (12, "child")),
        *((15, "event"), (16, "event")),
    ]
    assert [ids(step.events) for step in found.steps] == [[5, 6, 7], [8, 9], [10], [11], [12, 13]]
    assert (found.failed(compact=True), found.failed(compact=False), found.pending) == ([5, 16], [7, 16], [11])
    assert found.counts(compact=False) == {
        "workflow": 2,
        "task": 4,
        "activity": 3,
        "timer": 2,
        "signal": 1,
        "update": 1,
        "child": 2,
        "other": 1,
    }
    steps = {"workflow": 2, "activity": 1, "timer": 1, "signal": 1, "update": 1, "child": 1, "other": 1}
    assert found.counts(compact=True) == steps


@pytest.mark.parametrize(("event_id", "hidden"), [(1, False), (3, True), (6, False), (14, True), (99, False)])
def test_what_compact_leaves_out(event_id: int, hidden: bool) -> None:
    assert index(EVENTS).is_hidden(event_id) == hidden


@pytest.mark.parametrize("kinds", [("CANCEL_REQUESTED", "STARTED"), ("STARTED", "CANCEL_REQUESTED")])
def test_that_an_activity_was_asked_to_cancel_is_in_its_row(kinds: tuple[str, str]) -> None:
    middle = [event(number, f"ACTIVITY_TASK_{kind}", scheduledEventId="5") for number, kind in enumerate(kinds, 6)]
    end = event(9, "ACTIVITY_TASK_CANCELED", scheduledEventId="5")
    found = index([event(5, "ACTIVITY_TASK_SCHEDULED"), *middle, end])
    (step,) = found.compact
    assert isinstance(step, Step)
    assert (ids(step.events), step.outcome, step.is_pending) == ([5, 6, 7, 9], "canceled", False)


def test_a_workflow_task_that_failed_is_a_row_of_its_own() -> None:
    failed = event(3, "WORKFLOW_TASK_FAILED", scheduledEventId="2", failure={"message": "[TMPRL1100] Nondeterminism"})
    assert ids(index([*EVENTS[:2], failed]).compact) == [1, 3]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        # Later events of an activity have its name from its schedule.
        ("EXTRACT", {5, 6, 7}),
        ("rate LIMITED", {7}),
        ("at line 1", {7}),
        ("TimerFired", {9}),
        ("14", {14}),
        ("approve", {10}),
        ("nothing of it", set()),
    ],
)
def test_search(query: str, found: set[int]) -> None:
    timeless = [{**one, "eventTime": None} for one in EVENTS]
    assert index(timeless).find(query) == found


def test_a_search_is_kept_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_index, "SEARCHES_KEPT", 2)
    found = index(EVENTS)
    kept = found.find("extract")
    assert found.find("extract") is kept
    for other in ("a", "b"):
        found.find(other)
    assert [*found._searches] == ["a", "b"]


def test_what_is_remembered_is_bounded_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """By how many events were found as well: twenty searches that find all of 51,200 would take 60 MB."""
    monkeypatch.setattr(history_index, "FOUND_KEPT", len(EVENTS) + 3)
    found = index(EVENTS)
    all_of_them = found.find("EVENT_TYPE_")
    assert len(all_of_them) == len(EVENTS)
    found.find("extract")
    assert [*found._searches] == ["EVENT_TYPE_", "extract"]
    found.find("approve")
    assert [*found._searches] == ["extract", "approve"]
    # As many as may come, for its size is asked for once.
    entries = len(EVENTS) * history_index.EVENT_SIZE + (len(EVENTS) + 3) * history_index.FOUND_SIZE
    assert found.size == 2 * len(found.raw) + entries


def test_a_remembered_search_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for one whose text is still being read, either."""
    found = index(EVENTS)
    kept = found.find("extract")
    reading, gate, read = threading.Event(), threading.Event(), []

    def slowly(query: str) -> set[int]:
        reading.set()
        assert gate.wait(10)
        return {5}

    monkeypatch.setattr(found, "_find", slowly)
    thread = threading.Thread(target=lambda: read.append(found.find("slow")))
    thread.start()
    assert reading.wait(10)
    answer: list[set[int]] = []
    other = threading.Thread(target=lambda: answer.append(found.find("extract")))
    other.start()
    other.join(5)
    assert (answer, read) == ([kept], [])
    gate.set()
    thread.join()
    assert read == [{5}]


def test_the_text_is_read_once_for_all_who_search_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    class Counted(history_index.Haystack):
        def __init__(self, events: Any) -> None:
            made.append(self)
            super().__init__(events)

    monkeypatch.setattr(history_index, "Haystack", Counted)
    found, starting = index(EVENTS), threading.Barrier(4)

    def search(query: str) -> None:
        starting.wait()
        found.find(query)

    threads = [threading.Thread(target=search, args=(query,)) for query in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_of_another_shape_there_are_no_rows() -> None:
    found = Index(History(raw=b'{"items": []}'))
    assert (found.events, found.compact, found.failed(compact=True), found.size) == (None, [], [], 26)


def test_events_without_an_id_of_their_own_are_all_there_and_told_apart() -> None:
    events = [{**event(1, "TIMER_STARTED", timerId="t"), "eventId": one} for one in ("1", None, "1", "x")]
    found = index([*events, {"eventType": "EVENT_TYPE_MARKER_RECORDED"}])
    assert found.events
    assert ids(found.events) == [1, -2, -3, -4, -5]
    assert ids(found.compact) == [1, -2, -3, -4, -5]


OPENERS = {
    "ACTIVITY_TASK_SCHEDULED": (("ACTIVITY_TASK_STARTED",), ("ACTIVITY_TASK_COMPLETED", "ACTIVITY_TASK_FAILED")),
    "TIMER_STARTED": ((), ("TIMER_FIRED", "TIMER_CANCELED")),
    "START_CHILD_WORKFLOW_EXECUTION_INITIATED": (
        ("CHILD_WORKFLOW_EXECUTION_STARTED",),
        ("CHILD_WORKFLOW_EXECUTION_COMPLETED", "CHILD_WORKFLOW_EXECUTION_TERMINATED"),
    ),
    "WORKFLOW_EXECUTION_SIGNALED": ((), ()),
}
POINTER = {"ACTIVITY": "scheduledEventId", "TIMER": "startedEventId", "CHILD": "initiatedEventId"}


@given(data=st.data())
def test_steps_are_what_the_engine_s_references_say(data: st.DataObject) -> None:
    """Whatever goes on at the same time: each event is in the step that it points at, and each step is there once."""
    events: list[Any] = [event(1, "WORKFLOW_EXECUTION_STARTED", workflowType={"name": "w"})]
    under_way: list[tuple[int, list[str]]] = []
    expected: dict[int, list[int]] = {}
    for number in range(2, data.draw(st.integers(2, 30))):
        if under_way and data.draw(st.booleans()):
            place = data.draw(st.integers(0, len(under_way) - 1))
            opened, rest = under_way[place]
            kind = rest.pop(0)
            events.append(event(number, kind, **{POINTER[kind.split("_")[0]]: str(opened)}))
            expected[opened].append(number)
            if not rest:
                under_way.pop(place)
            continue
        kind = data.draw(st.sampled_from([*OPENERS]))
        events.append(event(number, kind))
        expected[number] = [number]
        starts, ends = OPENERS[kind]
        if ends:
            under_way.append((number, [*starts, data.draw(st.sampled_from(ends))]))
    found = index(events)
    assert {step.id: ids(step.events) for step in found.steps} == expected
    assert ids(found.compact) == [1, *expected]
    assert found.pending == [opened for opened, _ in sorted(under_way)]
    assert {number: step.id for number, step in found.step_of.items()} == {
        number: opened for opened, numbers in expected.items() for number in numbers
    }


def _run(status: str) -> runs.Run:
    return runs.run(Execution(execution_id=canned.ID, run_id=canned.RUN, status=status))


def test_of_a_run_that_is_over_it_is_fetched_once(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "AGE", 1e-9)
    first = history_index.of(_run("COMPLETED"))
    assert history_index.of(_run("COMPLETED")) is first
    assert history_index.of(_run("RUNNING")) is not history_index.of(_run("RUNNING"))
    assert len(upstream.requests) == 3


def test_many_who_open_it_at_once_share_one_fetch(upstream: Faulty) -> None:
    gate, found = upstream.gate(), []
    upstream.on([gate, *reply(canned.HISTORY)], path=f"{canned.RUNS}/{canned.RUN}/history")
    threads = [threading.Thread(target=lambda: found.append(history_index.of(_run("COMPLETED")))) for _ in range(5)]
    for thread in threads:
        thread.start()
    upstream.wait_for_requests(1)
    gate.set()
    for thread in threads:
        thread.join()
    assert ([one is found[0] for one in found], len(upstream.requests)) == ([True] * 5, 1)
