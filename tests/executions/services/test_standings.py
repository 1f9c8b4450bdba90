"""How activities are doing that have not ended, for their rows."""

from typing import Any

import pytest

from executions.services import standings, steps
from executions.services.attempts import Attempt
from executions.services.history_index import Index
from executions.services.standings import Standing
from executions.services.waits import Facts
from tests.executions.canned import event
from tests.executions.services.test_history import made
from tests.executions.services.test_history_index import index
from tests.executions.services.why_shapes import activity, at, attempt, facts, timer


def told(found: list[Any], known: Facts) -> list[Standing]:
    return standings.standings(steps.steps(made(found)), known)


def test_one_that_is_tried_again() -> None:
    assert told([activity(5)], facts(attempt(5, "503"))) == [Standing(5, "retrying", at(7), 5, "503")]
    limited = activity(5, retryPolicy={"maximumAttempts": 9})
    assert told([limited], facts(attempt(1))) == [Standing(5, "retrying", at(7), 1, "", 9)]


def test_one_that_runs() -> None:
    assert told([activity(5)], facts(attempt())) == [Standing(5, "running", at(6))]
    started = event(6, "ACTIVITY_TASK_STARTED", scheduledEventId="5")
    assert told([activity(5), started], facts(announced=None)) == [Standing(5, "running", at(6))]


def test_one_that_nobody_takes_up() -> None:
    assert told([activity(5)], facts()) == [Standing(5, "not picked up", at(5))]


def test_nothing_is_said_that_is_not_known() -> None:
    for known in (facts(complete=False), facts(seen=0), facts(announced=None), facts(now=at(6))):
        assert told([activity(5)], known) == []


def test_only_activities_that_have_not_ended() -> None:
    ended = event(6, "ACTIVITY_TASK_COMPLETED", scheduledEventId="5")
    assert told([activity(5), ended, timer(7)], facts(attempt(3))) == []


def test_of_very_many_those_that_fail_come_first() -> None:
    many = [activity(number, "other") for number in range(1, standings.MOST + 1)]
    odd = Attempt("extract", "r-1", at(6), 2, at(7), "503")
    last = standings.MOST + 1
    found = told([*many, activity(last)], facts(odd))
    assert (len(found), found[0].step_id, found[0].failures) == (standings.MOST, last, 2)


def test_by_step_all_of_them_or_those_that_are_tried_again() -> None:
    opened = index([activity(5), activity(6, "other")])
    odd = Attempt("extract", "r-1", at(6), 2, at(7), "503")
    known = facts(odd)
    assert [*standings.by_step(opened, known, failing=True)] == [5]
    assert standings.by_step(opened, known, failing=True)[5].words == "retrying 503"
    assert set(standings.by_step(opened, known, failing=False)) >= {5}
    assert standings.by_step(opened, facts(announced=None), failing=True) == {}


def numbered(count: int) -> Index:
    """So many activities that have not ended; each third has been started."""
    events = []
    for place in range(1, count + 1):
        about = {"activityId": str(place), "activityType": {"name": "extract"}, "retryPolicy": {"maximumAttempts": 9}}
        events.append(event(place * 2, "ACTIVITY_TASK_SCHEDULED", **about))
        if place % 3 == 0:
            events.append(event(place * 2 + 1, "ACTIVITY_TASK_STARTED", scheduledEventId=str(place * 2)))
    return index(events)


def test_by_step_says_of_each_what_is_known_of_it() -> None:
    opened = numbered(12)
    failing = Attempt("extract", "r-1", at(6), 2, at(7), "503")
    for known in (facts(failing, Attempt("extract", "r-1", at(6)), failing), facts(), facts(announced=None)):
        every = {one.step_id: one for step in opened.open_activities if (one := standings.of(step, known))}
        assert standings.by_step(opened, known, failing=False) == every
        retrying = {step_id: one for step_id, one in every.items() if one.is_failing}
        assert [*standings.by_step(opened, known, failing=True).items()] == [*retrying.items()]


def test_by_step_decodes_only_what_something_is_announced_of(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, known = numbered(12), facts(Attempt("extract", "r-1", at(6), 2, at(7), "503"))
    decoded: list[int] = []
    attempt_of = standings.attempt_of
    monkeypatch.setattr(standings, "attempt_of", lambda step, *args: decoded.append(step.id) or attempt_of(step, *args))
    assert len(standings.by_step(opened, known, failing=False)) == 12
    assert [*standings.by_step(opened, known, failing=True)] == decoded[:1]
    assert decoded == [2, 2]
