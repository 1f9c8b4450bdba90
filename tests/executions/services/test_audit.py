"""The audit read back: each action with its outcome, and what nobody knows said as such."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from executions.models import ActionOutcome, ActionRepeated, ActionRequested
from executions.services import audit, runs
from executions.upstream.types import Execution

pytestmark = pytest.mark.django_db


def requested(token: str = "t", operation: str = "cancel", age: float = 0, **fields: Any) -> ActionRequested:
    """An action that was asked for so many seconds ago."""
    known = {"username": "ana", "execution_id": "e"} | fields
    row = ActionRequested(token=token, operation=operation, **known)
    row.save()
    if age:
        moment = (timezone.now() - timedelta(seconds=age)).replace(tzinfo=None)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE executions_actionrequested SET at = %s WHERE token = %s", [moment, token])
    return ActionRequested.objects.get(token=token)


@pytest.mark.parametrize("result", ["done", "refused", "not sent", "unknown"])
@pytest.mark.parametrize(("operation", "writes"), [("cancel", True), ("query", False), ("gone", True)])
def test_an_outcome(result: str, operation: str, writes: bool) -> None:
    row = requested(operation=operation)
    ActionOutcome.objects.create(action_id=row.id, result=result, code="WF_1")
    (entry,) = audit.entries([row])
    assert (entry.action, entry.result, entry.repeats) == (row, result, 0)
    assert entry.outcome
    assert entry.outcome.code == "WF_1"
    # A question without an answer changed nothing.
    assert entry.unclear == (writes and result == "unknown")
    assert entry.label == {"cancel": "Cancel", "query": "Query"}.get(operation, operation)


@pytest.mark.parametrize(
    ("age", "restarted", "redis", "result"),
    [
        (1, False, "", "in progress"),
        (59, False, "", "in progress"),
        (61, False, "", "unknown"),
        (61, False, "redis://r", "unknown"),
        (1, True, "", "unknown"),
        # Another process may still be at it.
        (1, True, "redis://r", "in progress"),
    ],
)
def test_without_an_outcome(
    age: float, restarted: bool, redis: str, result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.conf.settings.REDIS_URL", redis)
    monkeypatch.setattr("django.conf.settings.UPSTREAM_TIMEOUT_SECONDS", 30)
    started = timezone.now() if restarted else timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(audit, "STARTED", started)
    (entry,) = audit.entries([requested(age=age)])
    assert (entry.result, entry.outcome, entry.unclear) == (result, None, result == "unknown")


@pytest.mark.parametrize("redis", ["", "redis://r"])
@pytest.mark.parametrize("restarted", [False, True])
def test_the_outcome_in_the_database_is_the_one_that_is_shown(
    redis: str, restarted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The filter is a query, each row's outcome is worked out in Python: both say the same of every row."""
    monkeypatch.setattr("django.conf.settings.REDIS_URL", redis)
    monkeypatch.setattr("django.conf.settings.UPSTREAM_TIMEOUT_SECONDS", 30)
    monkeypatch.setattr(audit, "STARTED", timezone.now() - timedelta(seconds=5 if restarted else 3600))
    for age in (0, 10, 50, 70, 4000):
        requested(f"{age}", age=age)
        for result in ActionOutcome.Result.values:
            row = requested(f"{age} {result}", age=age)
            ActionOutcome.objects.create(action_id=row.id, result=result)
    known = {entry.action.token: entry.result for entry in audit.entries(ActionRequested.objects.all())}
    found = {
        result: set(audit.matching(ActionRequested.objects.all(), outcome=result).values_list("token", flat=True))
        for result in audit.RESULTS
    }
    assert found == {result: {token for token, one in known.items() if one == result} for result in audit.RESULTS}
    assert sum(map(len, found.values())) == len(known) == 25
    assert found["in progress"]


@pytest.mark.parametrize(
    ("filters", "tokens"),
    [
        ({}, "abcd"),
        ({"user": "ana"}, "abc"),
        ({"user": "AN"}, "abc"),
        ({"user": "%"}, ""),
        ({"batch": uuid.UUID(int=7)}, "d"),
        ({"batch": uuid.UUID(int=8)}, ""),
        ({"operation": "signal"}, "b"),
        ({"execution": "e"}, "abd"),
        ({"execution": "GH"}, "c"),
        ({"execution": "f"}, "c"),
        ({"outcome": "done"}, "a"),
        ({"user": "ana", "outcome": "refused"}, "c"),
        ({"user": "ben", "outcome": "refused"}, ""),
        ({"after": 250}, "ab"),
        ({"before": 250}, "cd"),
        ({"after": 350, "before": 250}, "c"),
        ({"user": "", "operation": "", "outcome": "", "after": None}, "abcd"),
    ],
)
def test_filters(filters: dict[str, Any], tokens: str) -> None:
    rows = [
        requested("a", age=100),
        requested("b", "signal", age=200),
        requested("c", age=300, execution_id="fgh"),
        requested("d", age=400, username="ben", batch_id=uuid.UUID(int=7)),
    ]
    for row, result in zip(rows, ("done", "unknown", "refused", "not sent"), strict=True):
        ActionOutcome.objects.create(action_id=row.id, result=result)
    # Times in seconds ago.
    moments = {name: timezone.now() - timedelta(seconds=age) for name, age in filters.items() if isinstance(age, int)}
    found = audit.matching(ActionRequested.objects.order_by("-at"), **filters | moments)
    assert "".join(row.token for row in found) == tokens


def test_a_page_that_holds_an_action_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "PAGE_SIZE", 2)
    rows = [requested(str(number), age=100 - number) for number in range(5)]
    found = audit.of_execution("e")
    assert [audit.page_of(found, row.id) for row in reversed(rows)] == ["1", "1", "2", "2", "3"]
    assert [audit.page_of(found, one) for one in (None, uuid.uuid4())] == ["1", "1"]


def _run(run_id: str, started: float, ended: float | None) -> runs.Run:
    """A run that began, and ended, so many seconds ago."""
    now = timezone.now()
    return runs.run(
        Execution(
            execution_id="e",
            run_id=run_id,
            status="RUNNING" if ended is None else "TERMINATED",
            start_time=(now - timedelta(seconds=started)).isoformat(),
            end_time=None if ended is None else (now - timedelta(seconds=ended)).isoformat(),
        )
    )


@pytest.mark.parametrize(
    ("run_id", "started", "ended", "tokens"),
    [
        ("run-1", 100, None, "bd"),
        ("run-1", 100, 80, "d"),
        ("run-1", 40, None, "d"),
        ("run-2", 300, 100, "ac"),
        # An API that names no runs: by time alone.
        ("", 100, None, "bcd"),
        ("", 300, 100, "a"),
    ],
)
def test_what_was_done_to_a_run(run_id: str, started: float, ended: float | None, tokens: str) -> None:
    requested("a", age=200)
    requested("b", age=50)
    requested("c", age=60, run_id="run-2")
    requested("d", age=70, run_id="run-1")
    requested("another", age=50, execution_id="f")
    found = audit.of_run(_run(run_id, started, ended))
    assert "".join(sorted(row.token for row in found)) == tokens


def test_repeats_are_counted() -> None:
    first, second = requested("1", "query"), requested("2", "query")
    for _ in range(3):
        ActionRepeated.objects.create(action_id=first.id)
    assert [entry.repeats for entry in audit.entries([first, second])] == [3, 0]


def test_three_queries_however_many() -> None:
    rows = [requested(str(number)) for number in range(20)]
    with CaptureQueriesContext(connection) as queries:
        assert len(audit.entries(audit.of_execution("e"))) == len(rows)
    assert len(queries) == 3


def test_the_newest_come_first_and_pages_are_bounded() -> None:
    for number in range(audit.PAGE_SIZE + 1):
        requested(str(number), age=1000 - number)
    newest = str(audit.PAGE_SIZE)
    for number, tokens in (("1", newest), (None, newest), ("x", newest), ("2", "0"), ("99", "0"), ("-1", "0")):
        assert audit.page(audit.of_execution("e"), number).object_list[0].token == tokens
    assert audit.count("e") == audit.PAGE_SIZE + 1
    assert audit.count("another") == 0
