"""What came of an action, recorded: also where it went wrong, or where the database does."""

import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, OperationalError

from executions.models import ActionOutcome, ActionRequested
from executions.services.api import NotConfigured
from executions.upstream import errors
from tests.executions.services.test_actions import INTENT, fresh, perform, raising


@pytest.fixture
def operator(users: dict[str, User]) -> User:
    return users["operator"]


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (errors.NoAnswer("n", sent=True), "unknown"),
        (errors.NoAnswer("n", sent=False), "not sent"),
        (errors.Timeout("t"), "unknown"),
        (errors.Timeout("t", sent=False), "not sent"),
        (errors.Refused("r", status=400), "refused"),
        (errors.NotFound("r", status=404), "refused"),
        (errors.NotRunning("r", status=409), "refused"),
        (errors.Invalid("r", status=422), "refused"),
        (errors.Unauthorised("r", status=401), "refused"),
        (errors.RateLimited("r", status=429), "refused"),
        (errors.ServerFault("f", status=500), "unknown"),
        (errors.BrokenAnswer("b", status=200), "unknown"),
    ],
)
def test_what_an_error_says_about_a_write(operator: User, error: errors.UpstreamError, result: str) -> None:
    done = perform(operator, fresh(operator), INTENT, raising(error))
    assert (done.error, done.result) == (error, result)
    outcome = ActionOutcome.objects.get()
    assert (outcome.action_id, outcome.result, outcome.message) == (done.action_id, result, str(error))


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (errors.InvalidId("An id."), "not sent"),
        (NotConfigured("No key."), "not sent"),
        (ZeroDivisionError("a secret"), "unknown"),
        (DatabaseError("a secret"), "unknown"),
    ],
)
def test_an_error_of_ours_is_recorded_and_raised(operator: User, error: Exception, result: str) -> None:
    with pytest.raises(type(error)):
        perform(operator, fresh(operator), INTENT, raising(error))
    outcome = ActionOutcome.objects.get()
    assert (outcome.action_id, outcome.result) == (ActionRequested.objects.get().id, result)
    assert "secret" not in outcome.message


def test_an_outcome_that_cannot_be_saved_is_logged(
    operator: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(ActionOutcome.objects, "bulk_create", broken)
    with caplog.at_level(logging.ERROR):
        done = perform(operator, fresh(operator), INTENT, lambda: None)
    assert (done.result, done.error) == ("done", None)
    assert ActionOutcome.objects.count() == 0
    assert f"The outcome of action {done.action_id} could not be saved: done" in caplog.text


def test_an_outcome_outlives_the_loss_of_its_connection(operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database may drop a connection that waits for the API."""
    save, lost = ActionOutcome.objects.bulk_create, [OperationalError("server closed the connection")]

    def dropped(outcomes: list[ActionOutcome]) -> Any:
        if lost:
            raise lost.pop()
        return save(outcomes)

    monkeypatch.setattr(ActionOutcome.objects, "bulk_create", dropped)
    done = perform(operator, fresh(operator), INTENT, lambda: None)
    assert ActionOutcome.objects.get().action_id == done.action_id
