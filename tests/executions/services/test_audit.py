"""The audit read back: each action with its outcome, and what nobody knows said as such."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from executions.models import ActionOutcome, ActionRepeated, ActionRequested
from executions.services import audit

pytestmark = pytest.mark.django_db


def requested(token: str = "t", operation: str = "cancel", age: float = 0, **fields: Any) -> ActionRequested:
    """An action that was asked for so many seconds ago."""
    row = ActionRequested(token=token, username="ana", operation=operation, execution_id="e", **fields)
    row.save()
    if age:
        moment = timezone.now() - timedelta(seconds=age)
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
