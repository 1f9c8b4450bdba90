"""Batches: a frozen set of executions, and one call that acts on all of them inside the write envelope."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from executions import ids
from executions.models import ActionOutcome, ActionRequested, Batch, BatchItem
from executions.permissions import check_allowed
from executions.services import actions, audit, text
from executions.upstream import errors
from executions.upstream.types import BatchAnswer

__all__ = ["Batch", "Item", "find", "freeze", "items", "size", "start"]
LIMIT = 100
"""Executions in a batch: what one call to the API takes."""
OPERATIONS = {"cancel": "batch-cancel", "terminate": "batch-terminate"}
Result = actions.Result


@dataclass(frozen=True, slots=True)
class Item:
    """One execution of a batch; `entry` is its place in the audit, None until the batch is started."""

    execution_id: str
    entry: audit.Entry | None


def freeze(user: Any, chosen: str, execution_ids: list[str]) -> Batch:
    """Fix the set for `chosen`, cancel or terminate; what is listed later changes nothing.

    ValueError says what is wrong; raises NotAllowed.
    """
    operation = OPERATIONS.get(chosen)
    if operation is None:
        raise ValueError("Choose what to do with the selected executions: cancel or terminate.")
    check_allowed(user, operation)
    # Browsers write a line feed in a form's value as two characters.
    wanted = list(dict.fromkeys(ids.check(one.replace("\r\n", "\n")) for one in execution_ids))
    if not wanted:
        raise ValueError("Nothing is selected.")
    if len(wanted) > LIMIT:
        raise ValueError(f"{len(wanted)} executions are selected; a batch takes at most {LIMIT}.")
    with transaction.atomic():
        batch: Batch = Batch.objects.create(operation=operation, username=user.get_username())
        BatchItem.objects.bulk_create(
            BatchItem(batch=batch, position=place, execution_id=one) for place, one in enumerate(wanted)
        )
    return batch


def find(user: Any, batch_id: uuid.UUID) -> Batch | None:
    """The batch; None if there is none. NotAllowed unless the user may do what it does."""
    batch: Batch | None = Batch.objects.filter(id=batch_id).first()
    if batch is not None:
        check_allowed(user, batch.operation)
    return batch


def items(batch: Batch) -> list[Item]:
    """The batch's executions in their order, each with what came of it."""
    rows = audit.entries(ActionRequested.objects.filter(batch_id=batch.id))
    known = {entry.action.execution_id: entry for entry in rows}
    return [Item(one, known.get(one)) for one in _execution_ids(batch)]


def size(batch: Batch) -> int:
    return BatchItem.objects.filter(batch=batch).count()


def _execution_ids(batch: Batch) -> list[str]:
    return list(BatchItem.objects.filter(batch=batch).values_list("execution_id", flat=True))


def start(
    user: Any, batch: Batch, token: str, reason: str, call: Callable[[list[str]], BatchAnswer]
) -> errors.UpstreamError | None:
    """Act on all of them, once; the error if the call failed as a whole. A batch that was started does nothing.

    Raises NotAllowed and StaleForm, before anything is recorded or sent.
    """
    check_allowed(user, batch.operation)
    found = actions.read_token(token, user, batch.operation, str(batch.id))
    wanted = _execution_ids(batch)
    rows = _claim(user, batch, found.number, reason, wanted)
    if not rows:
        return None
    try:
        answer = call(wanted)
    except Exception as error:
        actions.record([actions.outcome(row.id, error) for row in rows])
        if not isinstance(error, errors.UpstreamError):
            raise
        return error
    actions.record([_outcome(row, answer) for row in rows])
    return None


def _claim(user: Any, batch: Batch, number: str, reason: str, wanted: list[str]) -> list[ActionRequested]:
    """Mark the batch as started and record each of its actions, both or neither; nothing if it was started before."""
    body = {"execution_ids": wanted}
    rows = [
        actions.requested(
            user, actions.Intent(batch.operation, one, reason, body=body, batch_id=batch.id), f"{number}-{place}"
        )
        for place, one in enumerate(wanted)
    ]
    with transaction.atomic(durable=True):
        if not Batch.objects.filter(id=batch.id, started_at=None).update(started_at=timezone.now()):
            return []
        return ActionRequested.objects.bulk_create(rows)


def _outcome(row: ActionRequested, answer: BatchAnswer) -> ActionOutcome:
    result = answer.results.get(row.execution_id)
    if result is None:
        words = "The API did not say what came of this one."
        return ActionOutcome(action_id=row.id, result=Result.UNKNOWN, message=words)
    if result.status == "success":
        return ActionOutcome(action_id=row.id, result=Result.DONE)
    words = text.clean(result.error or result.status or "", 2_000)
    return ActionOutcome(
        action_id=row.id, result=Result.REFUSED if result.status == "failure" else Result.UNKNOWN, message=words
    )
