"""What operators did, read back: each action with its outcome."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from executions.models import ActionOutcome, ActionRequested
from executions.operations import BY_SLUG

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One action. `result` is an outcome's, `in progress`, or `unknown` for one whose outcome was never recorded."""

    action: ActionRequested
    outcome: ActionOutcome | None
    result: str

    @property
    def label(self) -> str:
        operation = BY_SLUG.get(self.action.operation)
        return operation.label if operation else self.action.operation

    @property
    def tone(self) -> str:
        return {"done": "completed", "in progress": "running", "refused": "failed"}.get(self.result, "unknown")


def _result(action: ActionRequested, outcome: ActionOutcome | None) -> str:
    if outcome:
        return outcome.result
    # Every call ends within the limit; twice that, and its process is gone.
    limit = timedelta(seconds=2 * settings.UPSTREAM_TIMEOUT_SECONDS)
    return "in progress" if timezone.now() - action.at < limit else ActionOutcome.Result.UNKNOWN.value


def entries(actions: Iterable[ActionRequested]) -> list[Entry]:
    """The actions with their outcomes, in the order given; two queries however many."""
    found = list(actions)
    ids = [action.id for action in found]
    outcomes: dict[Any, ActionOutcome] = {
        outcome.action_id: outcome for outcome in ActionOutcome.objects.filter(action_id__in=ids)
    }
    return [Entry(action, outcomes.get(action.id), _result(action, outcomes.get(action.id))) for action in found]


def of_execution(execution_id: str) -> QuerySet[ActionRequested]:
    """What was done to an execution, newest first."""
    return ActionRequested.objects.filter(execution_id=execution_id).order_by("-at")


def visible_to(user: Any) -> QuerySet[ActionRequested]:
    """What a user may read in the audit: admins everything, others their own actions. Newest first."""
    actions = ActionRequested.objects.order_by("-at")
    return actions if user.has_perm("executions.administer") else actions.filter(username=user.get_username())
