"""What operators did, read back: each action with its outcome."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.utils import timezone

from executions.models import ActionOutcome, ActionRepeated, ActionRequested
from executions.operations import BY_SLUG

PAGE_SIZE = 100
STARTED = timezone.now()
"""When this process started."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One action. `result` is an outcome's, `in progress`, or `unknown` for one whose outcome was never recorded."""

    action: ActionRequested
    outcome: ActionOutcome | None
    result: str
    repeats: int = 0
    """How often a query was asked again from the same form."""

    @property
    def unclear(self) -> bool:
        """Whether something may have changed, and nobody knows."""
        operation = BY_SLUG.get(self.action.operation)
        return self.result == ActionOutcome.Result.UNKNOWN and (operation is None or operation.kind == "write")

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
    # Every call ends within the limit; twice that, and its process is gone. A process that serves alone (without Redis)
    # knows that those before it are gone.
    limit = timedelta(seconds=2 * settings.UPSTREAM_TIMEOUT_SECONDS)
    gone = timezone.now() - action.at > limit or (action.at < STARTED and not settings.REDIS_URL)
    return ActionOutcome.Result.UNKNOWN.value if gone else "in progress"


def entries(actions: Iterable[ActionRequested]) -> list[Entry]:
    """The actions with their outcomes, in the order given; three queries however many."""
    found = list(actions)
    ids = [action.id for action in found]
    outcomes: dict[uuid.UUID, ActionOutcome] = {
        outcome.action_id: outcome for outcome in ActionOutcome.objects.filter(action_id__in=ids)
    }
    counted = ActionRepeated.objects.filter(action_id__in=ids).order_by().values_list("action_id")
    repeats = dict(counted.annotate(Count("id")))
    return [
        Entry(action, outcomes.get(action.id), _result(action, outcomes.get(action.id)), repeats.get(action.id, 0))
        for action in found
    ]


def page(actions: QuerySet[ActionRequested], number: str | None) -> Page[ActionRequested]:
    """A page of actions: the one of that number, or the nearest there is."""
    return Paginator(actions, PAGE_SIZE).get_page(number)


def count(execution_id: str) -> int:
    """How many actions there were on an execution."""
    return ActionRequested.objects.filter(execution_id=execution_id).count()


def of_execution(execution_id: str) -> QuerySet[ActionRequested]:
    """What was done to an execution, newest first."""
    return ActionRequested.objects.filter(execution_id=execution_id).order_by("-at")


def visible_to(user: Any) -> QuerySet[ActionRequested]:
    """What a user may read in the audit: admins everything, others their own actions. Newest first."""
    actions = ActionRequested.objects.order_by("-at")
    return actions if user.has_perm("executions.administer") else actions.filter(username=user.get_username())
