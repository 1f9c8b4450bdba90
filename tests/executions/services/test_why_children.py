"""One look into a child that a run waits for."""

import time
from typing import Any

import pytest

from executions.services import attempts, children, steps, why
from executions.services.sentences import Part, as_text, elsewhere, event, lowered, name, say
from executions.services.shared import Shared
from tests.executions import canned
from tests.executions.services.test_history import made
from tests.executions.services.why_shapes import DONE, START, child, facts, timer
from tests.faulty import RESET, Faulty, reply

CHILD = "inv-1-source-1"
HISTORY = f"{canned.RUNS}/{canned.OTHER_RUN}/history"


@pytest.fixture(autouse=True)
def a_child(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs, in a run of its own."""
    monkeypatch.setattr(children, "AGE", 0.0)
    monkeypatch.setattr(attempts, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(children, "_long", set())
    canned.healthy(upstream, CHILD, run_id=canned.OTHER_RUN)


def looked() -> str:
    return as_text(children.look(CHILD))


def announce(upstream: Faulty) -> None:
    about = {"task_id": "1", "activity_name": "extract_invoice", "failure": {"message": "429"}}
    failed = canned.EVENT | {"event_timestamp": 1_769_868_306_000_000_000, "attributes": about}
    failed |= {"event_type": "ACTIVITY_TASK_FAILED"}
    upstream.on(reply({"events": [failed, failed], "next_cursor": None}), path=canned.EVENTS)


def test_what_the_child_waits_for_itself(upstream: Faulty) -> None:
    announce(upstream)
    found = children.look(CHILD)
    assert as_text(found) == (
        " In the child: waiting for activity extract_invoice, which has failed 2 times since 14:05:06 (event 5). "
        "Last error: 429."
    )
    # Its events are those of its own history.
    assert [(one.event, one.execution) for one in found if one.event] == [(5, CHILD)]


@pytest.mark.parametrize("status", ["FAILED", "COMPLETED", "TIMED_OUT"])
def test_one_that_has_ended(upstream: Faulty, status: str) -> None:
    canned.healthy(upstream, CHILD, run_id=canned.OTHER_RUN, status=status)
    assert looked() == f" The child itself has ended: {status.replace('_', ' ').lower()}."
    assert HISTORY not in [one.target for one in upstream.requests]


def test_only_its_status_where_its_sentence_knows_nothing(upstream: Faulty) -> None:
    for answer in (reply({"events": []}), reply({"items": 1}), reply({"detail": "no"}, 500), [RESET]):
        upstream.on(answer, path=HISTORY)
        assert looked() == " The child is running."


def test_a_long_history_is_not_fetched_again(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "MOST_EVENTS", 4)
    upstream.requests.clear()
    assert [looked(), looked()] == [" The child is running."] * 2
    assert [one.target.partition("?")[0] for one in upstream.requests].count(HISTORY) == 1


def test_nothing_is_said_of_one_that_cannot_be_read(upstream: Faulty) -> None:
    upstream.on(reply({"detail": "Not found"}, 404), path=canned.path(CHILD))
    assert looked() == ""
    assert [children.look(odd) for odd in ("", "..", "a\0b", "é" * 600)] == [()] * 4


def test_nobody_waits_long_for_it(upstream: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "SECONDS", 0.1)
    canned.healthy(upstream, CHILD, run_id=canned.OTHER_RUN, slow=1.0)
    began = time.monotonic()
    assert looked() == ""
    assert time.monotonic() - began < 0.9


@pytest.mark.parametrize(("age", "words"), [(60.0, " The child is running."), (-1.0, "")])
def test_how_it_was_a_moment_ago_stands_in_and_no_older(
    upstream: Faulty, monkeypatch: pytest.MonkeyPatch, age: float, words: str
) -> None:
    monkeypatch.setattr(children, "_looks", Shared())
    upstream.on(reply({"events": []}), path=HISTORY)
    assert looked() == " The child is running."
    monkeypatch.setattr(children, "SECONDS", 0.1)
    monkeypatch.setattr(children, "MOMENT_SECONDS", age)
    gate = upstream.gate()
    upstream.on([gate, *reply({})], path=canned.path(CHILD))
    assert looked() == words
    gate.set()


def waiting(*found: Any) -> why.Why:
    events = made([START, DONE, *found])
    return why.running(events, steps.steps(events), facts(signals=None))


def test_which_child_is_looked_into() -> None:
    assert waiting(*child(5), timer(7)).child == CHILD
    assert waiting(timer(5)).child == ""
    # One that has not started yet cannot be looked into.
    assert waiting(child(5)[0]).child == ""


def test_what_it_told_stands_behind_the_sentence() -> None:
    found = why.with_child(waiting(*child(5)), say(" In the child: waiting."))
    assert found.text == f"Waiting for the child {CHILD} since 14:05:06 (event 5). In the child: waiting."
    assert why.with_child(found, ()) == found


def test_parts_of_another_execution() -> None:
    given = say("Waiting for ", name("a", execution="g-1"), event(5), Part("reset", action="reset"))
    found = elsewhere(lowered(given), "c-1")
    assert as_text(found) == "waiting for a (event 5)reset"
    assert [one.execution for one in found] == ["", "g-1", "", "c-1", "", "c-1"]
    assert lowered((name("Extract"),)) == (name("Extract"),)
