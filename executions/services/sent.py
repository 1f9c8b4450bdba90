"""What was sent before, for the forms that would send it again."""

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from executions.models import ActionOutcome, ActionRequested
from executions.services.audit import IN_PROGRESS, NEWEST_FIRST, Entry, entries

INPUTS_OFFERED = 5
INPUTS_LOOKED_AT = 50
JUST_NOW = timedelta(minutes=10)
"""For so long a form says that its user did the same a moment ago."""
JUST_NOW_LOOKED_AT = 20
_CAME_TO_NOTHING = (ActionOutcome.Result.REFUSED, ActionOutcome.Result.NOT_SENT)


def just_sent(user: Any, execution_id: str, operation: str) -> Entry | None:
    """The user's latest action of this kind on the execution within the last minutes that has, or may have, arrived."""
    own = ActionRequested.objects.filter(username=user.get_username(), execution_id=execution_id, operation=operation)
    latest = own.filter(at__gte=timezone.now() - JUST_NOW).order_by(*NEWEST_FIRST)[:JUST_NOW_LOOKED_AT]
    found = entries(latest, answers=False)
    return next((one for one in found if one.may_have_happened or one.result == IN_PROGRESS), None)


def recent_inputs(user: Any, execution_id: str, operation: str, name: str) -> list[ActionRequested]:
    """The latest different inputs of a signal, query or update: the user's own and those on this execution.

    Without those that the API refused: they are no example.
    """
    if not name:
        return []
    near = Q(username=user.get_username()) | Q(execution_id=execution_id)
    refused = ActionOutcome.objects.filter(action_id=OuterRef("id"), result__in=_CAME_TO_NOTHING).order_by()
    sent = ActionRequested.objects.filter(near, ~Exists(refused), operation=operation, name=name).exclude(input="")
    latest: dict[str, ActionRequested] = {}
    for action in sent.order_by(*NEWEST_FIRST)[:INPUTS_LOOKED_AT]:
        latest.setdefault(action.input, action)
    return list(latest.values())[:INPUTS_OFFERED]
