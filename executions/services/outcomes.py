"""What came of an action: what an error says about it, and the row that keeps that."""

import logging
import uuid
from collections.abc import Callable
from typing import Any

from django.db import Error as AnyDatabaseError
from django.db import InterfaceError, OperationalError, connection

from executions.models import ActionOutcome
from executions.services.api import NotConfigured
from executions.upstream import errors

Result = ActionOutcome.Result
logger = logging.getLogger(__name__)


def result_of(error: Exception) -> Result:
    """What an error says about a write: whether it can have reached the workflow."""
    match error:
        case errors.Refused():
            return Result.REFUSED
        case errors.InvalidId() | NotConfigured() | errors.NoAnswer(sent=False):
            return Result.NOT_SENT
    return Result.UNKNOWN


def outcome(action_id: uuid.UUID, error: Exception) -> ActionOutcome:
    """The row that says what came of an action that ended with this error, not yet saved."""
    result = result_of(error)
    if isinstance(error, errors.UpstreamError):
        return ActionOutcome(action_id=action_id, result=result, code=(error.code or "")[:64], message=str(error))
    words = "Nothing was sent." if result == Result.NOT_SENT else "The console failed in the middle of it."
    return ActionOutcome(action_id=action_id, result=result, message=words)


def saved(save: Callable[[], Any]) -> None:
    """Save what came of a call, once more on a new connection: the old one may have been lost while it waited."""
    try:
        save()
    except (InterfaceError, OperationalError):
        connection.close()
        save()


def record(outcomes: list[ActionOutcome]) -> None:
    """Save what came of actions. If the database fails now, the log keeps it, and the audit shows it as unknown."""
    try:
        saved(lambda: ActionOutcome.objects.bulk_create(outcomes))
    except AnyDatabaseError:
        for one in outcomes:
            logger.exception("The outcome of action %s could not be saved: %s", one.action_id, one.result)
