"""Actions as the audit has them, of any age."""

import uuid
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from executions.models import ActionOutcome, ActionRequested
from tests.executions import canned


def row(result: str | None = "done", age: float = 0, answer: str = "", **fields: Any) -> ActionRequested:
    """An action in the audit, so many seconds old."""
    known = {"username": "ana", "operation": "signal", "execution_id": canned.ID, "run_id": canned.RUN, "reason": "r"}
    made: ActionRequested = ActionRequested.objects.create(token=uuid.uuid4().hex, **(known | fields))
    if result:
        ActionOutcome.objects.create(action_id=made.id, result=result, answer=answer)
    if age:
        moment = (timezone.now() - timedelta(seconds=age)).replace(tzinfo=None)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE executions_actionrequested SET at = %s WHERE token = %s", [moment, made.token])
    return ActionRequested.objects.get(token=made.token)
